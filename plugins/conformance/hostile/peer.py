"""A hostile peer, and how it is served on loopback."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

from plugins.conformance.hostile.behaviour import Behaviour, Reader, Writer

HOST = "127.0.0.1"
_BACKLOG = 4096
_EXPECTED = (ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ssl.SSLError)


@dataclass(frozen=True, kw_only=True, slots=True)
class HostilePeer:
    """A peer that nobody wishes for; `name` completes the sentence "a peer that …".

    `behave` is what it does with each connection; without it, it never accepts one. `keeps_waiting`: it
    ends nothing by itself, so that looking at it takes all the time there is.
    """

    name: str
    behave: Behaviour | None
    keeps_waiting: bool = False

    def __str__(self) -> str:
        """Name the peer, as a test's id."""
        return self.name

    @contextlib.asynccontextmanager
    async def served(self, *, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
        """Serve it on a free port of 127.0.0.1, and yield the port; `tls` makes it a TLS server."""
        if self.behave is None:
            with _full_queue() as port:
                yield port
            return
        async with _serving(self.behave, tls) as port:
            yield port


@contextlib.asynccontextmanager
async def _serving(behave: Behaviour, tls: ssl.SSLContext | None) -> AsyncIterator[int]:
    handling: set[asyncio.Task[None]] = set()

    async def handle(reader: Reader, writer: Writer) -> None:
        task = asyncio.current_task()
        if task is not None:
            handling.add(task)
            task.add_done_callback(handling.discard)
        with contextlib.suppress(*_EXPECTED, asyncio.CancelledError):
            await behave(reader, writer)
            writer.close()
            await writer.wait_closed()
        writer.transport.abort()

    server = await asyncio.start_server(handle, HOST, 0, ssl=tls, backlog=_BACKLOG)
    try:
        yield int(server.sockets[0].getsockname()[1])
    finally:
        server.close()
        for task in handling:
            task.cancel()
        await asyncio.gather(*handling, return_exceptions=True)
        await server.wait_closed()


@contextlib.contextmanager
def _full_queue() -> Iterator[int]:
    """Listen with a queue that is full, so that connections neither stand nor fail."""
    with socket.socket() as listener, socket.socket() as first, socket.socket() as second:
        listener.bind((HOST, 0))
        listener.listen(0)
        for filler in (first, second):
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        yield int(listener.getsockname()[1])
