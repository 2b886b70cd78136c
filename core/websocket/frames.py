"""The frames of RFC 6455 as a server reads and writes them: bytes in, messages out, no I/O."""

from __future__ import annotations

import enum
import struct
from collections.abc import Iterator
from dataclasses import dataclass

_FINAL = 0x80
_RESERVED = 0x70
_OPCODE = 0x0F
_MASKED = 0x80
_LENGTH = 0x7F
_LENGTH_IN_2_BYTES = 126
_LENGTH_IN_8_BYTES = 127
_LONGEST_CONTROL = 125
_LONGEST_IN_2_BYTES = 0xFFFF
_CODE_BYTES = 2


class Opcode(enum.IntEnum):
    """What a frame holds (RFC 6455, 5.2)."""

    CONTINUATION = 0
    TEXT = 1
    BINARY = 2
    CLOSE = 8
    PING = 9
    PONG = 10


class CloseCode(enum.IntEnum):
    """Why a connection ends (RFC 6455, 7.4.1)."""

    NORMAL = 1000
    GOING_AWAY = 1001
    PROTOCOL_ERROR = 1002
    UNSUPPORTED_DATA = 1003
    NO_STATUS = 1005
    INVALID_DATA = 1007
    TOO_BIG = 1009
    TRY_AGAIN_LATER = 1013


class Violation(Exception):
    """The peer breaks the protocol, or a limit: the connection must be closed with this code."""

    def __init__(self, code: CloseCode, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Frame:
    """A whole message, or a control frame."""

    opcode: Opcode
    payload: bytes

    @property
    def text(self) -> str:
        """The payload as text; raise Violation if it is not UTF-8."""
        try:
            return self.payload.decode()
        except UnicodeDecodeError as error:
            raise Violation(CloseCode.INVALID_DATA, "a text message must be utf-8") from error


class FrameReader:
    """Puts messages together from what a client sends, which must be masked."""

    __slots__ = ("_buffer", "_kind", "_parts", "_size", "most_bytes")

    def __init__(self, *, most_bytes: int) -> None:
        self.most_bytes = most_bytes
        self._buffer = bytearray()
        self._kind: Opcode | None = None
        self._parts: list[bytes] = []
        self._size = 0

    def feed(self, data: bytes) -> Iterator[Frame]:
        """Yield the messages and control frames that are complete by now; raise Violation."""
        self._buffer += data
        while (frame := self._next_frame()) is not None:
            is_final, opcode, payload = frame
            if opcode >= Opcode.CLOSE:
                yield Frame(opcode, payload)
            elif (message := self._joined(opcode, payload, is_final=is_final)) is not None:
                yield message

    def _next_frame(self) -> tuple[bool, Opcode, bytes] | None:
        buffer = self._buffer
        if len(buffer) < 2:  # noqa: PLR2004  (the least head)
            return None
        is_final, opcode = self._checked_head(buffer[0], buffer[1])
        length, start = buffer[1] & _LENGTH, 2
        if length == _LENGTH_IN_2_BYTES:
            start = 4
            length = int.from_bytes(buffer[2:4]) if len(buffer) >= start else 0
        elif length == _LENGTH_IN_8_BYTES:
            start = 10
            length = int.from_bytes(buffer[2:10]) if len(buffer) >= start else 0
        if length + self._size > self.most_bytes:
            raise Violation(CloseCode.TOO_BIG, f"a message must have at most {self.most_bytes} bytes")
        end = start + 4 + length
        if len(buffer) < end:
            return None
        payload = _unmasked(buffer[start + 4 : end], bytes(buffer[start : start + 4]))
        del buffer[:end]
        return is_final, opcode, payload

    def _checked_head(self, first: int, second: int) -> tuple[bool, Opcode]:
        is_final = bool(first & _FINAL)
        try:
            opcode = Opcode(first & _OPCODE)
        except ValueError as error:
            raise Violation(CloseCode.PROTOCOL_ERROR, "unknown opcode") from error
        if first & _RESERVED:
            raise Violation(CloseCode.PROTOCOL_ERROR, "no extension was agreed on")
        if not second & _MASKED:
            raise Violation(CloseCode.PROTOCOL_ERROR, "a client must mask its frames")
        if opcode >= Opcode.CLOSE and not (is_final and second & _LENGTH <= _LONGEST_CONTROL):
            raise Violation(CloseCode.PROTOCOL_ERROR, "a control frame must be short and whole")
        if opcode < Opcode.CLOSE and (opcode is Opcode.CONTINUATION) != (self._kind is not None):
            raise Violation(CloseCode.PROTOCOL_ERROR, "fragments out of order")
        return is_final, opcode

    def _joined(self, opcode: Opcode, payload: bytes, *, is_final: bool) -> Frame | None:
        """Return the message that a frame completes; a message in one frame is complete by itself."""
        kind = self._kind or opcode
        if is_final:
            whole = b"".join((*self._parts, payload)) if self._parts else payload
            self._kind, self._parts, self._size = None, [], 0
            return Frame(kind, whole)
        self._kind = kind
        self._parts.append(payload)
        self._size += len(payload)
        return None


def _unmasked(payload: bytearray, mask: bytes) -> bytes:
    """Return the payload XORed with the repeated mask, as one large number: a loop would cost a hundred times more."""
    size = len(payload)
    repeated = (mask * (size // 4 + 1))[:size]
    return (int.from_bytes(payload) ^ int.from_bytes(repeated)).to_bytes(size)


def encode_frame(opcode: Opcode, payload: bytes) -> bytes:
    """Return a whole message or control frame as a server sends it: unmasked."""
    size = len(payload)
    if size <= _LONGEST_CONTROL:
        head = struct.pack("!BB", _FINAL | opcode, size)
    elif size <= _LONGEST_IN_2_BYTES:
        head = struct.pack("!BBH", _FINAL | opcode, _LENGTH_IN_2_BYTES, size)
    else:
        head = struct.pack("!BBQ", _FINAL | opcode, _LENGTH_IN_8_BYTES, size)
    return head + payload


def encode_close(code: int, reason: str) -> bytes:
    """Return a close frame; a reason that is too long for one is cut."""
    told = reason.encode()[: _LONGEST_CONTROL - _CODE_BYTES].decode(errors="ignore").encode()
    return encode_frame(Opcode.CLOSE, code.to_bytes(_CODE_BYTES) + told)
