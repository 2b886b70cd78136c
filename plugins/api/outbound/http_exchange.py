"""One HTTP/1.1 request and its response over one stream."""

from __future__ import annotations

import enum
import functools
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from time import perf_counter

import h11
import httpx

from plugins.api.outbound.addresses import IPAddress
from plugins.api.outbound.errors import ConnectionLost, OutboundError, Phase, ProtocolFailed
from plugins.api.outbound.http_chunks import ChunkedBody
from plugins.api.outbound.stream import Stream
from plugins.api.outbound.turns import Turns

_MOST_HEADER_BYTES = 65536
# Reading a thousand headers takes milliseconds, in which nobody else is looked at.
_MOST_HEADERS = 500
_END_OF_HEAD = re.compile(rb"\n\r?\n")
_BEGINNING = b"HTTP/"
_LONGEST_BEGINNING = len(_BEGINNING)
# What chunks may add to a body: some servers send a line in each, none a letter.
_MOST_BYTES_A_BODY_BYTE = 2
_FEWEST_BYTES_A_CHUNK = 64
_SMALL_PART = 4096
_MOST_INTERIM_RESPONSES = 8
_LONGEST_REMEMBERED_TARGET = 512
_QUOTATION = re.compile(r":? (bytearray\()?b['\"].*", re.DOTALL)
_STATUSES_WITHOUT_BODY = frozenset({204, 304})


@dataclass(slots=True)
class Progress:
    """How far an exchange has come, and the moments (of perf_counter) of its phases.

    `addresses` are those that are connected to, once they are known.
    """

    phase: Phase = Phase.RESOLVING
    addresses: Sequence[IPAddress] = ()
    started: float = field(default_factory=perf_counter)
    resolved: float | None = None
    connected: float = 0.0
    secured: float | None = None
    first_byte: float = 0.0


@dataclass(slots=True)
class Answer:
    """A response as it came in; `cut`: the body went on beyond the bound."""

    head: h11.Response | h11.InformationalResponse
    body: bytes
    cut: bool


class _Framing(enum.Enum):
    """How the end of a body is marked that does not say its length."""

    CHUNKED = enum.auto()
    UNTIL_THE_END = enum.auto()


def _request_event(method: str, target: bytes, headers: tuple[tuple[bytes, bytes], ...]) -> h11.Request:
    return h11.Request(method=method, target=target, headers=list(headers))


# The same monitors send the same heads again and again, and checking one costs more than sending it.
_known_request_event = functools.lru_cache(maxsize=4096)(_request_event)


def _request_bytes(connection: h11.Connection, request: httpx.Request, body: bytes) -> bytes:
    target = request.url.raw_path
    # A redirect may lead to a long target, and to another one each time.
    make_event = _known_request_event if len(target) <= _LONGEST_REMEMBERED_TARGET else _request_event
    try:
        event = make_event(request.method, target, tuple(request.headers.raw))
        head = connection.send(event) or b""
        return head + (connection.send(h11.Data(data=body)) or b"") if body else head
    except h11.LocalProtocolError as error:
        raise ProtocolFailed(f"request cannot be sent: {_in_lower_case(error)}") from error


async def exchange(
    stream: Stream,
    request: httpx.Request,
    body: bytes,
    *,
    max_body_bytes: int,
    progress: Progress,
    turns: Turns,
) -> Answer:
    """Send the request, and read its response up to the bound. Marks `progress` on the way.

    What takes long of that takes `turns` with others.

    Raises ConnectionLost, ProtocolFailed.
    """
    connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=_MOST_HEADER_BYTES)
    data = _request_bytes(connection, request, body)
    progress.phase = Phase.WAITING
    await stream.send(data)
    try:
        return await _answer(
            connection, stream, max_body_bytes, progress, turns, is_head=request.method == "HEAD"
        )
    except h11.RemoteProtocolError as error:
        raise _answer_error(error) from error


async def _answer(
    connection: h11.Connection,
    stream: Stream,
    max_body_bytes: int,
    progress: Progress,
    turns: Turns,
    *,
    is_head: bool,
) -> Answer:
    head = await _final_head(connection, stream, progress)
    if isinstance(head, h11.InformationalResponse):
        return Answer(head, b"", cut=False)
    progress.phase = Phase.READING
    # Passing a body through h11 costs more than all the rest of it, and in small chunks a thousand times more.
    begun, _ = connection.trailing_data
    match _framing(head, is_head=is_head):
        case _Framing.CHUNKED:
            return await _chunked_body(begun, stream, head, max_body_bytes, turns)
        case _Framing.UNTIL_THE_END:
            return await _endless_body(begun, stream, head, max_body_bytes)
        case int() as length:
            return await _plain_body(begun, stream, head, min(length, max_body_bytes + 1), max_body_bytes)


def _framing(head: h11.Response, *, is_head: bool) -> int | _Framing:
    """Return the length of the body, or how its end is marked; h11 has checked that the two do not conflict."""
    if is_head or head.status_code in _STATUSES_WITHOUT_BODY:
        return 0
    length: int | _Framing = _Framing.UNTIL_THE_END
    for name, value in head.headers:
        if name == b"transfer-encoding":
            return _Framing.CHUNKED
        if name == b"content-length":
            length = int(value)
    return length


async def _plain_body(
    begun: bytes, stream: Stream, head: h11.Response, wanted: int, max_body_bytes: int
) -> Answer:
    chunks, missing = [begun], wanted - len(begun)
    while missing > 0:
        chunk = await stream.receive()
        if not chunk:
            raise _ended_early()
        chunks.append(chunk)
        missing -= len(chunk)
    body = b"".join(chunks)[:wanted]
    return Answer(head, body[:max_body_bytes], cut=len(body) > max_body_bytes)


async def _endless_body(begun: bytes, stream: Stream, head: h11.Response, max_body_bytes: int) -> Answer:
    body = bytearray(begun)
    while len(body) <= max_body_bytes:
        chunk = await stream.receive()
        if not chunk:
            return Answer(head, bytes(body), cut=False)
        body += chunk
    return Answer(head, bytes(body[:max_body_bytes]), cut=True)


async def _chunked_body(
    begun: bytes, stream: Stream, head: h11.Response, max_body_bytes: int, turns: Turns
) -> Answer:
    body = ChunkedBody(most_chunks=max_body_bytes // _FEWEST_BYTES_A_CHUNK + 1)
    room = max_body_bytes * _MOST_BYTES_A_BODY_BYTE + _MOST_HEADER_BYTES
    chunk = begun
    while True:
        if len(chunk) > _SMALL_PART:
            await turns.take()
        body.feed(chunk)
        room -= len(chunk)
        cut = len(body.data) > max_body_bytes
        if cut or body.is_whole or room < 0 or not body.has_room:
            return Answer(head, bytes(body.data[:max_body_bytes]), cut=cut or not body.is_whole)
        chunk = await stream.receive()
        if not chunk:
            raise _ended_early()


async def _final_head(
    connection: h11.Connection, stream: Stream, progress: Progress
) -> h11.Response | h11.InformationalResponse:
    data = await _received(stream)
    progress.first_byte = perf_counter()
    beginning, lines, interim = data[:_LONGEST_BEGINNING], 0, 0
    while True:
        if not beginning.startswith(_BEGINNING[: len(beginning)]):
            raise ProtocolFailed("the server does not speak HTTP at this port")
        lines += _header_lines(data, room=_MOST_HEADERS - lines)
        if lines > _MOST_HEADERS:
            raise ProtocolFailed(f"answer has more than {_MOST_HEADERS} headers")
        connection.receive_data(data)
        event = connection.next_event()
        while isinstance(event, h11.InformationalResponse):
            interim += 1
            if event.status_code == httpx.codes.SWITCHING_PROTOCOLS:
                return event
            if interim > _MOST_INTERIM_RESPONSES:
                raise ProtocolFailed("too many interim responses")
            event = connection.next_event()
        if isinstance(event, h11.Response):
            return event
        data = await _received(stream)
        beginning = (beginning + data)[:_LONGEST_BEGINNING]


def _header_lines(data: bytes, *, room: int) -> int:
    """Count the lines, and leave out those behind the end of the head where that makes a difference."""
    count = data.count(b"\n")
    if count > room and (end := _END_OF_HEAD.search(data)):
        return data.count(b"\n", 0, end.end())
    return count


async def _received(stream: Stream) -> bytes:
    data = await stream.receive()
    if not data:
        raise ConnectionLost("the server closed the connection without an answer")
    return data


def _ended_early() -> ConnectionLost:
    return ConnectionLost("the server closed the connection in the middle of the answer")


# What h11 says of these speaks of itself.
_PLAIN_REASONS = {
    "InformationalResponse status_code": "illegal status line",
    "Received server _SWITCH": "protocols are switched without being asked to",
    "Only Transfer-Encoding: chunked": "unknown transfer coding",
}


def _answer_error(error: h11.RemoteProtocolError) -> OutboundError:
    for beginning, reason in _PLAIN_REASONS.items():
        if str(error).startswith(beginning):
            return ProtocolFailed(f"not a valid HTTP answer: {reason}")
    if error.error_status_hint == httpx.codes.REQUEST_HEADER_FIELDS_TOO_LARGE:
        return ProtocolFailed(f"headers of the answer are larger than {_MOST_HEADER_BYTES} bytes")
    return ProtocolFailed(f"not a valid HTTP answer: {_in_lower_case(error)}")


def _in_lower_case(error: Exception) -> str:
    # What h11 quotes behind its reason may be a secret of ours, or the other side's raw words.
    reason = _QUOTATION.sub("", str(error))
    return reason[:1].lower() + reason[1:]
