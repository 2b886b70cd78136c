"""`python -m benchmarks.hostile_targets CERTIFICATE`: every hostile peer there is, in a process and on a core of its own.

It says the configurations that lead to them, on one line, and ends when its stdin does.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import ssl
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from benchmarks.harness import pin_to_last_core
from plugins.conformance.hostile import CONNECTION_PEERS, HANDSHAKE_PEERS, HOST, WEB_PEERS, HostilePeer

_STOP_SECONDS = 20


@contextlib.contextmanager
def running_hostile_targets(certificate: str) -> Iterator[Sequence[Mapping[str, Any]]]:
    """Start the peers, give a configuration for each, and stop them. `certificate` is a chain with its key."""
    command = (sys.executable, "-m", "benchmarks.hostile_targets", certificate)
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as targets:
        assert targets.stdin is not None
        assert targets.stdout is not None
        try:
            yield json.loads(targets.stdout.readline())
        finally:
            targets.stdin.close()
            targets.wait(_STOP_SECONDS)


def _served(certificate: str) -> Iterator[tuple[HostilePeer, ssl.SSLContext | None, Mapping[str, Any]]]:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate)
    for peer in (*CONNECTION_PEERS, *WEB_PEERS):
        yield peer, None, {"url": f"http://{HOST}:%d/"}
    for peer in (*CONNECTION_PEERS, *HANDSHAKE_PEERS):
        yield peer, None, {"url": f"https://{HOST}:%d/"}
    for peer in WEB_PEERS:
        yield peer, tls, {"url": f"https://{HOST}:%d/", "verifyTls": False}
    # And once where the certificate is looked at: nobody trusts it.
    yield WEB_PEERS[0], tls, {"url": f"https://{HOST}:%d/"}


async def _serve(certificate: str) -> None:
    async with contextlib.AsyncExitStack() as stack:
        configs = []
        for peer, tls, config in _served(certificate):
            port = await stack.enter_async_context(peer.served(tls=tls))
            configs.append({**config, "url": config["url"] % port})
        print(json.dumps(configs), flush=True)
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    pin_to_last_core()
    asyncio.run(_serve(sys.argv[1]))
