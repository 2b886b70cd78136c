"""A web server that does nothing but answer, in a process and on a core of its own."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import importlib.util
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

from benchmarks.harness import pin_to_last_core

_BODY = b"x" * 512
_ANSWER = (
    b"HTTP/1.1 200 OK\r\nServer: target\r\nDate: Mon, 16 Feb 2026 11:23:00 GMT\r\n"
    b"Content-Type: text/html; charset=utf-8\r\nContent-Length: 512\r\nConnection: close\r\n\r\n" + _BODY
)


@contextlib.contextmanager
def running_web_server() -> Iterator[int]:
    """Start the server on a free port of loopback; yield the port; stop it."""
    server = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.web_server"], stdout=subprocess.PIPE, text=True
    )
    try:
        if server.stdout is None:
            raise RuntimeError("the server has no output")
        yield int(server.stdout.readline())
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


async def _serve() -> None:
    server = await asyncio.get_running_loop().create_server(_Answering, "127.0.0.1", 0, backlog=4096)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


def _main() -> None:
    pin_to_last_core()
    has_uvloop = importlib.util.find_spec("uvloop") is not None
    factory = importlib.import_module("uvloop").new_event_loop if has_uvloop else asyncio.new_event_loop
    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(_serve())


if __name__ == "__main__":
    _main()
