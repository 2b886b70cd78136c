"""One WebSocket connection. It calls its listener, so that an idle one costs no task."""

from __future__ import annotations

import asyncio
from typing import Protocol, cast

from core.websocket.frames import (
    CloseCode,
    Frame,
    FrameReader,
    Opcode,
    Violation,
    encode_close,
    encode_frame,
)

_CLOSE_SECONDS = 3.0
_MOST_UNSENT_BYTES = 64 * 1024


class Listener(Protocol):
    """What is told of a connection; its methods must not wait."""

    def hear(self, text: str) -> None:
        """Take a message."""
        ...

    def end(self) -> None:
        """Take note that the connection is gone."""
        ...


class WebSocketConnection(asyncio.Protocol):
    """Sends and closes; what it hears goes to the listener. Pings are answered; binary messages are refused."""

    __slots__ = ("_closing", "_is_alive", "_listener", "_reader", "_room", "_transport")

    def __init__(self, *, most_bytes: int) -> None:
        self._reader = FrameReader(most_bytes=most_bytes)
        self._listener: Listener | None = None
        self._transport: asyncio.Transport | None = None
        self._closing: asyncio.TimerHandle | None = None
        self._room: asyncio.Future[None] | None = None
        self._is_alive = True

    def attach(self, listener: Listener) -> None:
        """Tell the listener from now on."""
        self._listener = listener

    def take_messages_of(self, most_bytes: int) -> None:
        """Let messages be as long as that from now on."""
        self._reader.most_bytes = most_bytes

    def send(self, text: bytes) -> None:
        """Send a text message, which is UTF-8; nothing is sent on a connection that is being closed."""
        if self._transport is not None and self._closing is None:
            self._transport.write(encode_frame(Opcode.TEXT, text))

    async def drain(self) -> None:
        """Return when the peer has taken enough of what was sent that more may follow."""
        while self._room is not None:
            await asyncio.shield(self._room)

    def close(self, code: int = CloseCode.NORMAL, reason: str = "") -> None:
        """Say why, and close; a peer that does not answer in time is cut off."""
        if self._transport is None or self._closing is not None:
            return
        self._transport.write(encode_close(code, reason))
        self._closing = asyncio.get_running_loop().call_later(_CLOSE_SECONDS, self._transport.abort)

    def beat(self) -> None:
        """Ask the peer for a sign of life; cut it off if it gave none since it was asked last."""
        if self._transport is None:
            return
        if not self._is_alive:
            self._transport.abort()
            return
        self._is_alive = False
        self._transport.write(encode_frame(Opcode.PING, b""))

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the transport."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is none by its class
        self._transport.set_write_buffer_limits(high=_MOST_UNSENT_BYTES)

    def data_received(self, data: bytes) -> None:
        """Read frames; once closing, all but the peer's close frame is passed over."""
        try:
            for frame in self._reader.feed(data):
                self._take(frame)
        except Violation as violation:
            self.close(violation.code, violation.reason)

    def _take(self, frame: Frame) -> None:
        self._is_alive = True
        if frame.opcode is Opcode.CLOSE:
            self._answer_close(frame)
        elif self._closing is not None or self._transport is None:
            return
        elif frame.opcode is Opcode.PING:
            self._transport.write(encode_frame(Opcode.PONG, frame.payload))
        elif frame.opcode is Opcode.BINARY:
            raise Violation(CloseCode.UNSUPPORTED_DATA, "messages must be text")
        elif frame.opcode is Opcode.TEXT and self._listener is not None:
            self._listener.hear(frame.text)

    def _answer_close(self, frame: Frame) -> None:
        if self._transport is None:
            return
        if self._closing is None:
            self._transport.write(encode_frame(Opcode.CLOSE, frame.payload[:2]))
        self._transport.close()

    def pause_writing(self) -> None:
        """Make senders wait."""
        self._room = asyncio.get_running_loop().create_future()

    def resume_writing(self) -> None:
        """Let senders go on."""
        room, self._room = self._room, None
        if room is not None and not room.done():
            room.set_result(None)

    def connection_lost(self, _error: Exception | None) -> None:
        """Let go of everything."""
        self._transport = None
        if self._closing is not None:
            self._closing.cancel()
        self.resume_writing()
        if self._listener is not None:
            self._listener.end()
            self._listener = None
