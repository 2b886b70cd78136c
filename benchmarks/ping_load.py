"""`python -m benchmarks.ping_load PORT PINGS CONNECTIONS`: pings over HTTP, tokens on stdin; prints the seconds.

Each connection is kept, and sends its next ping when the last is answered. Any other answer than OK ends it.
"""

from __future__ import annotations

import asyncio
import itertools
import sys
import time
from collections.abc import Iterator
from typing import cast

from benchmarks.harness import pin_to_last_core
from core.event_loop import run_fast

_OK = b"HTTP/1.1 200 "
_BODY_END = b'{"message":"OK"}'
_LONGEST_SECONDS = 60


class _Pinger(asyncio.Protocol):
    """One connection."""

    def __init__(self, requests: Iterator[bytes], done: asyncio.Future[None]) -> None:
        self._requests = requests
        self._done = done
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is none by descent
        self._send()

    def data_received(self, data: bytes) -> None:
        self._received += data
        if not self._received.endswith(_BODY_END):
            if not self._received.startswith(_OK):
                self._fail(RuntimeError(self._received.decode()))
            return
        self._received = b""
        self._send()

    def connection_lost(self, exc: Exception | None) -> None:
        self._fail(exc or ConnectionError("the server hung up"))

    def _send(self) -> None:
        request = next(self._requests, None)
        if request is not None:
            self._transport.write(request)
        elif not self._done.done():
            self._done.set_result(None)

    def _fail(self, error: Exception) -> None:
        if not self._done.done():
            self._done.set_exception(error)


async def _load(port: int, pings: int, connections: int, tokens: list[str]) -> None:
    requests = [
        f"GET /api/v1/heartbeat/{token} HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n".encode() for token in tokens
    ]
    turns = itertools.islice(itertools.cycle(requests), pings)
    loop = asyncio.get_running_loop()
    done: list[asyncio.Future[None]] = [loop.create_future() for _ in range(connections)]
    began = time.perf_counter()
    async with asyncio.timeout(_LONGEST_SECONDS):
        opened = [
            await loop.create_connection(lambda end=end: _Pinger(turns, end), "127.0.0.1", port)
            for end in done
        ]
        await asyncio.gather(*done)
    print(time.perf_counter() - began)
    for transport, _ in opened:
        transport.close()


if __name__ == "__main__":
    pin_to_last_core()
    run_fast(_load(*map(int, sys.argv[1:4]), sys.stdin.read().split()))
