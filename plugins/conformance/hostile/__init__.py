"""Hostile peers on real sockets, for every kind that connects to somebody.

    from tocsin.hostile import HOST, hostile_checks

    @pytest.mark.parametrize("check", hostile_checks(MY_PROBE, lambda port: {"host": HOST, "port": port}), ids=str)
    async def test_my_probe_survives(check: ConformanceCheck) -> None:
        await check.run()

`CONNECTION_PEERS` misbehave to whatever connects, `HANDSHAKE_PEERS` to whatever wants TLS from them, and
`WEB_PEERS` to whatever sends them an HTTP request, plain or, given a TLS context of a server, by TLS.
"""

from plugins.conformance.hostile.connections import CONNECTION_PEERS, HANDSHAKE_PEERS
from plugins.conformance.hostile.peer import HOST, HostilePeer
from plugins.conformance.hostile.survival import hostile_checks
from plugins.conformance.hostile.web import WEB_PEERS

__all__ = ["CONNECTION_PEERS", "HANDSHAKE_PEERS", "HOST", "WEB_PEERS", "HostilePeer", "hostile_checks"]
