"""The frames of RFC 6455 as a server reads and writes them: bytes in, messages out, no I/O."""

from __future__ import annotations

import enum
import struct
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
_MASK_BYTES = 4
_CODE_BYTES = 2
# The codes that may be sent (RFC 6455, 7.4, and IANA's registry): the others are kept for what has no frame.
_SENDABLE_CODES = frozenset({1000, 1001, 1002, 1003, *range(1007, 1015), *range(3000, 5000)})


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
    """A control frame, or a whole message. A CONTINUATION stands for a part of a message that goes on."""

    opcode: Opcode
    payload: bytes

    @property
    def text(self) -> str:
        """The payload as text; raise Violation if it is not UTF-8."""
        return _text(self.payload)


class FrameReader:
    """Puts messages together from what a client sends, which must be masked."""

    __slots__ = ("_buffer", "_kind", "_message", "most_bytes")

    def __init__(self, *, most_bytes: int) -> None:
        self.most_bytes = most_bytes
        self._buffer = bytearray()
        self._kind: Opcode | None = None
        self._message: bytearray | None = None

    def feed(self, data: bytes | memoryview) -> None:
        """Take what came; `next` reads it."""
        self._buffer += data

    def next(self) -> Frame | None:
        """Return the next frame, or None until more has come; raise Violation, after which nothing can be read."""
        buffer = self._buffer
        if len(buffer) < 2:  # noqa: PLR2004  (the least head)
            return None
        is_final, opcode = self._checked_head(buffer[0], buffer[1])
        size = self._checked_length(opcode)
        if size is None:
            return None
        start, length = size
        end = start + _MASK_BYTES + length
        if len(buffer) < end:
            return None
        payload = _unmasked(buffer[start + _MASK_BYTES : end], bytes(buffer[start : start + _MASK_BYTES]))
        del buffer[:end]
        if opcode >= Opcode.CLOSE:
            return _checked_control(opcode, payload)
        return self._joined(opcode, payload, is_final=is_final)

    def _checked_length(self, opcode: Opcode) -> tuple[int, int] | None:
        """Return where the mask begins and how long the payload is, or None if its length is not here yet."""
        buffer = self._buffer
        length, start, least = buffer[1] & _LENGTH, 2, 0
        if length == _LENGTH_IN_2_BYTES:
            start, least = 4, _LENGTH_IN_2_BYTES
        elif length == _LENGTH_IN_8_BYTES:
            start, least = 10, _LONGEST_IN_2_BYTES + 1
        if len(buffer) < start:
            return None
        if least:
            length = int.from_bytes(buffer[2:start])
        if length < least:
            raise Violation(CloseCode.PROTOCOL_ERROR, "a length must be as short as it can be")
        if opcode < Opcode.CLOSE and length + len(self._message or b"") > self.most_bytes:
            raise Violation(CloseCode.TOO_BIG, f"a message must have at most {self.most_bytes} bytes")
        return start, length

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

    def _joined(self, opcode: Opcode, payload: bytes, *, is_final: bool) -> Frame:
        """Return the message that a frame completes; one that goes on takes no memory but its bytes."""
        kind, message = self._kind or opcode, self._message
        if is_final:
            self._kind = self._message = None
            return Frame(kind, payload if message is None else bytes(message + payload))
        self._kind = kind
        if message is None:
            self._message = bytearray(payload)
        else:
            message += payload
        return Frame(Opcode.CONTINUATION, b"")


def _checked_control(opcode: Opcode, payload: bytes) -> Frame:
    """Return a control frame; one that closes has nothing, or a code and perhaps a reason (RFC 6455, 5.5.1)."""
    if opcode is Opcode.CLOSE and payload:
        code = int.from_bytes(payload[:_CODE_BYTES])
        if len(payload) < _CODE_BYTES or code not in _SENDABLE_CODES:
            raise Violation(CloseCode.PROTOCOL_ERROR, "a close frame must say a code that may be sent")
        _text(payload[_CODE_BYTES:])
    return Frame(opcode, payload)


def _text(payload: bytes) -> str:
    try:
        return payload.decode()
    except UnicodeDecodeError as error:
        raise Violation(CloseCode.INVALID_DATA, "text must be utf-8") from error


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
