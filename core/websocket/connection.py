"""One WebSocket connection. It calls its listener, so that an idle one costs no task.

A peer is bounded in what it can make us do and keep. It may send so many frames at once, in one turn of the loop, and
so many a second: what is beyond waits, mostly in the kernel, as nothing more is read. Nothing is read either while
it does not take what it was sent. Who breaks the protocol is heard no more.
"""

from __future__ import annotations

import asyncio
from typing import Protocol, cast

from core.websocket.allowance import PeerAllowance, PeerLimits
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
# What one read brings; it is emptied before anything else is read, so all connections share it.
_incoming = memoryview(bytearray(16 * 1024))


class Listener(Protocol):
    """What is told of a connection; its methods must not wait."""

    def hear(self, text: str) -> None:
        """Take a message."""
        ...

    def end(self) -> None:
        """Take note that the connection is gone."""
        ...


class WebSocketConnection(asyncio.BufferedProtocol):
    """Sends and closes; what it hears goes to the listener. Pings are answered; binary messages are refused."""

    __slots__ = (
        "_allowance",
        "_closing",
        "_is_alive",
        "_listener",
        "_reader",
        "_room",
        "_transport",
        "_until_more",
    )

    def __init__(self, limits: PeerLimits) -> None:
        self._reader: FrameReader | None = FrameReader(most_bytes=limits.message_bytes)
        self._allowance = PeerAllowance(limits, asyncio.get_running_loop().time())
        self._listener: Listener | None = None
        self._transport: asyncio.Transport | None = None
        self._closing: asyncio.TimerHandle | None = None
        self._until_more: asyncio.TimerHandle | None = None
        self._room: asyncio.Future[None] | None = None
        self._is_alive = True

    def attach(self, listener: Listener) -> None:
        """Tell the listener from now on."""
        self._listener = listener

    def allow(self, limits: PeerLimits) -> None:
        """Set other limits from now on."""
        self._allowance.limits = limits
        if self._reader is not None:
            self._reader.most_bytes = limits.message_bytes

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
        self._begin_closing(encode_close(code, reason))

    def beat(self) -> None:
        """Ask the peer for a sign of life; cut it off if it gave none since it was asked last."""
        if self._transport is None or self._closing is not None:
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

    def get_buffer(self, _size_hint: int) -> memoryview:
        """Return where to read to."""
        return _incoming

    def buffer_updated(self, size: int) -> None:
        """Take what was read; what follows a breach of the protocol is passed over."""
        self._allowance.spend_bytes(size)
        if self._reader is not None:
            self._reader.feed(_incoming[:size])
        self._read_on()

    def _read_on(self) -> None:
        """Take the frames that are here, as many as may be taken now, and see to it that the others' turn comes."""
        if self._until_more is not None:
            return
        loop = asyncio.get_running_loop()
        self._allowance.refill(loop.time())
        while self._room is None:
            if not self._allowance.spend_frame():
                self._until_more = loop.call_later(self._allowance.seconds_until_full, self._go_on)
                break
            if not self._take_next():
                break
        self._keep_pace()

    def _keep_pace(self) -> None:
        """Stop reading while something waits to be taken."""
        if self._transport is None or self._transport.is_closing():
            return
        if self._room is None and self._until_more is None:
            self._transport.resume_reading()
        else:
            self._transport.pause_reading()

    def _go_on(self) -> None:
        self._until_more = None
        self._read_on()

    def _take_next(self) -> bool:
        """Take one frame; return False if none is here."""
        if self._reader is None:
            return False
        try:
            frame = self._reader.next()
            if frame is not None:
                self._take(frame)
        except Violation as violation:
            self._fail(violation)
            return False
        return frame is not None

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
        self._begin_closing(encode_frame(Opcode.CLOSE, frame.payload[:2]))
        self._reader = None
        if self._transport is not None:
            self._transport.close()

    def _fail(self, violation: Violation) -> None:
        """Close without waiting for the peer's answer, which could not be told from what else comes."""
        self.close(violation.code, violation.reason)
        self._reader = None
        if self._transport is not None:
            self._transport.write_eof()

    def _begin_closing(self, frame: bytes) -> None:
        """Send the last frame, and give the peer some time to take it and to leave."""
        if self._transport is None or self._closing is not None:
            return
        self._transport.write(frame)
        self._closing = asyncio.get_running_loop().call_later(_CLOSE_SECONDS, self._transport.abort)

    def pause_writing(self) -> None:
        """Make senders wait, and the peer too: what it sends next may ask for answers."""
        self._room = asyncio.get_running_loop().create_future()

    def resume_writing(self) -> None:
        """Let senders go on, and the peer."""
        self._make_room()
        self._read_on()

    def _make_room(self) -> None:
        room, self._room = self._room, None
        if room is not None and not room.done():
            room.set_result(None)

    def connection_lost(self, _error: Exception | None) -> None:
        """Let go of everything."""
        self._transport = self._reader = None
        for timer in (self._closing, self._until_more):
            if timer is not None:
                timer.cancel()
        self._make_room()
        if self._listener is not None:
            self._listener.end()
            self._listener = None
