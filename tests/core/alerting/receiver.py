"""A real HTTP server on loopback that keeps what it is sent, and answers as it is told."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import msgspec


@dataclass(frozen=True, kw_only=True)
class Received:
    """One request."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return msgspec.json.decode(self.body)


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What to answer; None closes the connection without a word."""

    status: int | None = 200
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Receiver:
    """`answers` are used up in order, then `otherwise`. While `may_answer` is not set, senders wait."""

    url: str = ""
    requests: list[Received] = field(default_factory=list)
    answers: deque[Answer] = field(default_factory=deque)
    otherwise: Answer = field(default_factory=Answer)
    may_answer: asyncio.Event = field(default_factory=asyncio.Event)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)

    def events(self, path: str | None = None) -> list[str]:
        """Return the events received, in order."""
        return [each.json["event"] for each in self.requests if path in (None, each.path)]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            received = await _read_request(reader)
            self.requests.append(received)
            self.arrived.set()
            await self.may_answer.wait()
            answer = self.answers.popleft() if self.answers else self.otherwise
            if answer.status is not None:
                lines = [f"HTTP/1.1 {answer.status} Said", "Content-Length: 0", "Connection: close"]
                lines += [f"{name}: {value}" for name, value in answer.headers.items()]
                writer.write("\r\n".join([*lines, "", ""]).encode())
                await writer.drain()
        writer.close()


async def _read_request(reader: asyncio.StreamReader) -> Received:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head.strip().split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Received(path=first.split()[1], headers=headers, body=body)


@contextlib.asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    """A receiver that listens."""
    receiver = Receiver()
    receiver.may_answer.set()
    server = await asyncio.start_server(receiver.serve, "127.0.0.1", 0)
    receiver.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield receiver
    finally:
        receiver.may_answer.set()
        server.close()
        await server.wait_closed()
