"""A load of requests over connections that are kept: each sends its next when the last is answered."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from typing import cast

_LONGEST_SECONDS = 60

# Whether what came in is a whole answer; raises for one that is wrong.
IsWhole = Callable[[bytes], bool]


class _Asker(asyncio.Protocol):
    """One connection."""

    def __init__(self, requests: Iterator[bytes], is_whole: IsWhole, done: asyncio.Future[None]) -> None:
        self._requests = requests
        self._is_whole = is_whole
        self._done = done
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is none by descent
        self._send()

    def data_received(self, data: bytes) -> None:
        self._received += data
        try:
            is_whole = self._is_whole(self._received)
        except ValueError as error:
            self._fail(error)
            return
        if is_whole:
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


async def send_all(port: int, requests: Iterator[bytes], connections: int, is_whole: IsWhole) -> float:
    """Send the requests to a port of this machine; return the seconds until the last answer.

    Raises what `is_whole` raises, a ValueError, for an answer that is not good.
    """
    loop = asyncio.get_running_loop()
    done: list[asyncio.Future[None]] = [loop.create_future() for _ in range(connections)]
    began = time.perf_counter()
    async with asyncio.timeout(_LONGEST_SECONDS):
        opened = [
            await loop.create_connection(lambda end=end: _Asker(requests, is_whole, end), "127.0.0.1", port)
            for end in done
        ]
        await asyncio.gather(*done)
    seconds = time.perf_counter() - began
    for transport, _ in opened:
        transport.close()
    return seconds
