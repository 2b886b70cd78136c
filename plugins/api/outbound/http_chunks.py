"""Bodies in chunks (RFC 9112, 7.1), undone so that many small chunks cost little more than few large ones."""

from __future__ import annotations

import enum
import re

from plugins.api.outbound.errors import ProtocolFailed

# RFC 9112 asks recipients to mind sizes that overflow; sixteen digits are more than any disk holds.
_SIZE = re.compile(rb"([0-9A-Fa-f]{1,16})[ \t]*(?:;[^\r]*)?\r?\n")
_ENDS_OF_LINE = (b"\r\n", b"\n")
_LONGEST_LINE = 4096
_MOST_TRAILER_BYTES = 4096


class _Expected(enum.Enum):
    SIZE = enum.auto()
    END_OF_CHUNK = enum.auto()
    TRAILER = enum.auto()


class ChunkedBody:
    """What came of a body in chunks; feed it as it comes in.

    `data` is the body so far, `is_whole` says whether its end came, `has_room` whether there may be more chunks.
    """

    __slots__ = ("_expected", "_line", "_missing", "_room", "_trailer_bytes", "data", "is_whole")

    def __init__(self, *, most_chunks: int) -> None:
        self.data = bytearray()
        self.is_whole = False
        self._room = most_chunks
        self._expected = _Expected.SIZE
        self._line = b""
        self._missing = 0
        self._trailer_bytes = 0

    @property
    def has_room(self) -> bool:
        return self._room > 0

    def feed(self, received: bytes) -> None:
        """Take what came in; what follows the end of the body is ignored. Raises ProtocolFailed."""
        buffer, position = self._line + received, 0
        self._line = b""
        while not self.is_whole and self._room > 0:
            if self._missing:
                part = buffer[position : position + self._missing]
                self.data += part
                position += len(part)
                self._missing -= len(part)
            end = buffer.find(b"\n", position) if not self._missing else -1
            if end < 0:
                self._keep(buffer[position:])
                return
            self._take_line(buffer[position : end + 1])
            position = end + 1

    def _keep(self, rest: bytes) -> None:
        if len(rest) > _LONGEST_LINE:
            raise _malformed()
        self._line = rest

    def _take_line(self, line: bytes) -> None:
        if self._expected is _Expected.END_OF_CHUNK:
            if line not in _ENDS_OF_LINE:
                raise _malformed()
            self._expected = _Expected.SIZE
            self._room -= 1
        elif self._expected is _Expected.SIZE:
            self._missing = _size(line)
            self._expected = _Expected.END_OF_CHUNK if self._missing else _Expected.TRAILER
        else:
            self._trailer_bytes += len(line)
            if self._trailer_bytes > _MOST_TRAILER_BYTES:
                raise ProtocolFailed(f"trailer of the answer is larger than {_MOST_TRAILER_BYTES} bytes")
            self.is_whole = line in _ENDS_OF_LINE


def _size(line: bytes) -> int:
    size = _SIZE.fullmatch(line)
    if size is None:
        raise _malformed()
    return int(size[1], 16)


def _malformed() -> ProtocolFailed:
    return ProtocolFailed("not a valid HTTP answer: malformed chunk")
