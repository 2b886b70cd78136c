"""A web server that does nothing but answer, in a process and on a core of its own, plain or by TLS."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.harness import pin_to_last_core
from core.event_loop import run_fast

_BODY = b"x" * 512
_ANSWER = (
    b"HTTP/1.1 200 OK\r\nServer: target\r\nDate: Mon, 16 Feb 2026 11:23:00 GMT\r\n"
    b"Content-Type: text/html; charset=utf-8\r\nContent-Length: 512\r\nConnection: close\r\n\r\n" + _BODY
)


@contextlib.contextmanager
def running_web_server(certificate: Path | None = None) -> Iterator[str]:
    """Start the server on a free port of loopback; yield its URL; stop it.

    `certificate` is a chain with its key (PEM), for TLS with a new handshake for each connection.
    """
    words = [] if certificate is None else [str(certificate)]
    server = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.web_server", *words], stdout=subprocess.PIPE, text=True
    )
    try:
        if server.stdout is None:
            raise RuntimeError("the server has no output")
        yield f"{'http' if certificate is None else 'https'}://127.0.0.1:{int(server.stdout.readline())}/"
    finally:
        server.kill()
        server.communicate()


class _Answering(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: Any = transport

    def data_received(self, data: bytes) -> None:
        if data.endswith(b"\r\n\r\n"):
            self._transport.write(_ANSWER)
            self._transport.close()


def _tls(certificate: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    context.options |= ssl.OP_NO_TICKET  # nobody may resume
    context.num_tickets = 0
    return context


async def _serve(certificate: str | None) -> None:
    tls = None if certificate is None else _tls(certificate)
    server = await asyncio.get_running_loop().create_server(_Answering, "127.0.0.1", 0, backlog=4096, ssl=tls)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    pin_to_last_core()
    run_fast(_serve(sys.argv[1] if len(sys.argv) > 1 else None))
