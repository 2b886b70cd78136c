"""Hostile peers for the tests of a plugin: `from tocsin.hostile import hostile_checks`. No logic lives here."""

from plugins.conformance.hostile import (
    CONNECTION_PEERS,
    HANDSHAKE_PEERS,
    HOST,
    WEB_PEERS,
    HostilePeer,
    hostile_checks,
)

__all__ = ["CONNECTION_PEERS", "HANDSHAKE_PEERS", "HOST", "WEB_PEERS", "HostilePeer", "hostile_checks"]
