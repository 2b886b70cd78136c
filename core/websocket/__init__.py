"""WebSockets (RFC 6455) on connections that the HTTP server has let go of after their handshake; see ADR 0013."""
