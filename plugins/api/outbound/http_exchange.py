"""One HTTP/1.1 request and its response over one stream."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass, field
from time import perf_counter

import h11
import httpx

from plugins.api.outbound.errors import ConnectionLost, OutboundError, Phase, ProtocolFailed
from plugins.api.outbound.stream import Stream

_MOST_HEADER_BYTES = 65536
_MOST_INTERIM_RESPONSES = 8
_QUOTATION = re.compile(r":? (bytearray\()?b['\"].*", re.DOTALL)
_STATUSES_WITHOUT_BODY = frozenset({204, 304})


@dataclass(slots=True)
class Progress:
    """How far an exchange has come, and the moments (of perf_counter) of its phases."""

    phase: Phase = Phase.RESOLVING
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


@functools.lru_cache(maxsize=4096)
def _request_event(method: str, target: bytes, headers: tuple[tuple[bytes, bytes], ...]) -> h11.Request:
    # The same monitors send the same heads again and again, and checking one costs more than sending it.
    return h11.Request(method=method, target=target, headers=list(headers))


def _request_bytes(connection: h11.Connection, request: httpx.Request, body: bytes) -> bytes:
    try:
        event = _request_event(request.method, request.url.raw_path, tuple(request.headers.raw))
        head = connection.send(event) or b""
        return head + (connection.send(h11.Data(data=body)) or b"") if body else head
    except h11.LocalProtocolError as error:
        raise ProtocolFailed(f"request cannot be sent: {_in_lower_case(error)}") from error


async def exchange(
    stream: Stream, request: httpx.Request, body: bytes, *, max_body_bytes: int, progress: Progress
) -> Answer:
    """Send the request, and read its response up to the bound. Marks `progress` on the way.

    Raises ConnectionLost, ProtocolFailed.
    """
    connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=_MOST_HEADER_BYTES)
    data = _request_bytes(connection, request, body)
    progress.phase = Phase.WAITING
    await stream.send(data)
    try:
        return await _answer(connection, stream, max_body_bytes, progress, is_head=request.method == "HEAD")
    except h11.RemoteProtocolError as error:
        raise _answer_error(connection, error) from error


async def _answer(
    connection: h11.Connection, stream: Stream, max_body_bytes: int, progress: Progress, *, is_head: bool
) -> Answer:
    head = await _final_head(connection, stream, progress)
    if isinstance(head, h11.InformationalResponse):
        return Answer(head, b"", cut=False)
    progress.phase = Phase.READING
    length = _plain_length(head, is_head=is_head)
    if length is None:
        return await _framed_body(connection, stream, head, max_body_bytes)
    return await _plain_body(connection, stream, head, min(length, max_body_bytes + 1), max_body_bytes)


def _plain_length(head: h11.Response, *, is_head: bool) -> int | None:
    """Return the length of a body that comes as it is; h11 has checked that there is but one."""
    if is_head or head.status_code in _STATUSES_WITHOUT_BODY:
        return 0
    length: int | None = None
    for name, value in head.headers:
        if name == b"transfer-encoding":
            return None
        if name == b"content-length":
            length = int(value)
    return length


async def _plain_body(
    connection: h11.Connection, stream: Stream, head: h11.Response, wanted: int, max_body_bytes: int
) -> Answer:
    # Passing a body through h11 costs more than all the rest of it.
    data, _ = connection.trailing_data
    chunks, missing = [data], wanted - len(data)
    while missing > 0:
        chunk = await stream.receive()
        if not chunk:
            raise ConnectionLost("the server closed the connection in the middle of the answer")
        chunks.append(chunk)
        missing -= len(chunk)
    body = b"".join(chunks)[:wanted]
    return Answer(head, body[:max_body_bytes], cut=len(body) > max_body_bytes)


async def _framed_body(
    connection: h11.Connection, stream: Stream, head: h11.Response, max_body_bytes: int
) -> Answer:
    chunks: list[bytes] = []
    room = max_body_bytes
    while True:
        event = connection.next_event()
        if event is h11.NEED_DATA:
            connection.receive_data(await stream.receive())
        elif isinstance(event, h11.Data):
            chunks.append(bytes(event.data[:room]))
            room -= len(event.data)
            if room < 0:
                return Answer(head, b"".join(chunks), cut=True)
        else:
            return Answer(head, b"".join(chunks), cut=False)


async def _final_head(
    connection: h11.Connection, stream: Stream, progress: Progress
) -> h11.Response | h11.InformationalResponse:
    connection.receive_data(await _received(stream))
    progress.first_byte = perf_counter()
    interim = 0
    while True:
        event = connection.next_event()
        if isinstance(event, h11.Response):
            return event
        if event is h11.NEED_DATA:
            connection.receive_data(await _received(stream))
        elif isinstance(event, h11.InformationalResponse):
            interim += 1
            if event.status_code == httpx.codes.SWITCHING_PROTOCOLS:
                return event
            if interim > _MOST_INTERIM_RESPONSES:
                raise ProtocolFailed("too many interim responses")


async def _received(stream: Stream) -> bytes:
    data = await stream.receive()
    if not data:
        raise ConnectionLost("the server closed the connection without an answer")
    return data


def _answer_error(connection: h11.Connection, error: h11.RemoteProtocolError) -> OutboundError:
    _, closed = connection.trailing_data
    if closed:
        return ConnectionLost("the server closed the connection in the middle of the answer")
    if error.error_status_hint == httpx.codes.REQUEST_HEADER_FIELDS_TOO_LARGE:
        return ProtocolFailed(f"headers of the answer are larger than {_MOST_HEADER_BYTES} bytes")
    return ProtocolFailed(f"not a valid HTTP answer: {_in_lower_case(error)}")


def _in_lower_case(error: Exception) -> str:
    # What h11 quotes behind its reason may be a secret of ours, or the other side's raw words.
    reason = _QUOTATION.sub("", str(error))
    return reason[:1].lower() + reason[1:]
