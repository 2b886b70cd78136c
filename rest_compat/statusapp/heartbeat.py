"""The heartbeat addresses: what jobs ping.

`/api/v1/heartbeat/{token}` is a success; `/start`, `/fail`, `/log` and `/{exit code}` below it say more.
GET, HEAD and POST are alike, and pages of all sites may ask. The route speaks ASGI itself: it is the busiest of all,
and takes what `curl -d` sends, whatever its content type says.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl

from litestar import asgi
from litestar.handlers import ASGIRouteHandler
from litestar.types import HTTPScope, Receive, Scope, Send

from core.bounded_body import MOST_BODY_BYTES
from core.errors import Unavailable
from core.heartbeats.ping import PingAnswer, PingKind, PingVerdict
from core.heartbeats.receiver import PingReceiver
from core.heartbeats.tokens import PING_PATH
from core.usage.quota import Quota
from core.usage.quota_headers import quota_headers
from rest_compat.ping_message import message_of
from rest_compat.statusapp.cross_origin import ANY_PAGE, PREFLIGHT
from rest_compat.statusapp.errors import ErrorCode, error_body

HIGHEST_EXIT_CODE = 255

_METHODS = frozenset({"GET", "HEAD", "POST"})
_SUFFIXES = {"start": PingKind.START, "fail": PingKind.FAIL, "log": PingKind.LOG}
_EXIT_CODE = re.compile("[0-9]{1,3}")
_BODY_HEADERS = frozenset({b"content-length", b"transfer-encoding"})
_JSON_CONTENT = (b"content-type", b"application/json")


def _raw(headers: Mapping[str, str]) -> tuple[tuple[bytes, bytes], ...]:
    return tuple((name.lower().encode(), value.encode()) for name, value in headers.items())


_ANY_PAGE = _raw(ANY_PAGE)


@dataclass(frozen=True, kw_only=True, slots=True)
class PingAddress:
    """What the path of a ping says."""

    token: str
    kind: PingKind
    exit_code: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class PingResponse:
    """What is answered: a status, a JSON body, and all headers."""

    status: int
    body: bytes
    headers: tuple[tuple[bytes, bytes], ...]

    @classmethod
    def of(cls, status: int, body: bytes, *headers: tuple[bytes, bytes]) -> PingResponse:
        """Return an answer, `headers` being those beyond what every one has."""
        # An answer without content has no length either (RFC 9110, 8.6).
        about_body = (_JSON_CONTENT, (b"content-length", str(len(body)).encode())) if body else ()
        return cls(status=status, body=body, headers=(*about_body, *_ANY_PAGE, *headers))

    @classmethod
    def of_error(cls, code: ErrorCode, message: str, *headers: tuple[bytes, bytes]) -> PingResponse:
        """Return an error in the form of the dialect."""
        return cls.of(code.value, error_body(code, message), *headers)

    def telling(self, quota: Quota) -> PingResponse:
        """Return the answer with what the address has left of its pings."""
        told = _raw(quota_headers(quota))
        return PingResponse(status=self.status, body=self.body, headers=(*self.headers, *told))


class BodyTooLarge(Exception):
    """The body is longer than anybody's message."""


class ClientGone(Exception):
    """The client left before its request was whole."""


_OK = PingResponse.of(200, b'{"message":"OK"}')
_NOT_FOUND = PingResponse.of_error(ErrorCode.NOT_FOUND, "heartbeat not found")
_TOO_LARGE = PingResponse.of_error(
    ErrorCode.PAYLOAD_TOO_LARGE, f"the body is longer than {MOST_BODY_BYTES} bytes"
)
_ALLOWED = (b"allow", b"GET, HEAD, OPTIONS, POST")
_WRONG_METHOD = PingResponse.of_error(ErrorCode.METHOD_NOT_ALLOWED, "use GET, HEAD or POST", _ALLOWED)
_PREFLIGHT = PingResponse.of(204, b"", *_raw(PREFLIGHT), _ALLOWED)


def heartbeat_route(pings: PingReceiver) -> ASGIRouteHandler:
    """Return the route of all heartbeat addresses."""

    # Mounted, as Litestar resolves no path parameter for a handler that takes every method.
    @asgi(PING_PATH.rstrip("/"), is_mount=True, name="statusapp:heartbeat", copy_scope=False)
    async def heartbeat(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            response = await answer(scope, receive, pings)  # type: ignore[arg-type]  # never a websocket
        except ClientGone:
            return
        await _send(send, response, with_body=scope["method"] != "HEAD")  # type: ignore[typeddict-item]

    return heartbeat


async def answer(scope: HTTPScope, receive: Receive, pings: PingReceiver) -> PingResponse:
    """Return the answer to a request at a heartbeat address; raise ClientGone if nobody waits for it."""
    if scope["method"] not in _METHODS:
        response = _PREFLIGHT if scope["method"] == "OPTIONS" else _WRONG_METHOD
        return response.telling(pings.untouched())
    try:
        body = await read_body(receive) if has_body(scope) else b""
    except BodyTooLarge:
        return _TOO_LARGE.telling(pings.untouched())
    address = address_of(scope["path"])
    try:
        given = await pings.receive(
            address.token,
            address.kind,
            message=message_of(body),
            exit_code=address.exit_code,
            run_id=run_id_of(scope["query_string"]),
        )
    except Unavailable as error:
        away = PingResponse.of_error(ErrorCode.SERVICE_UNAVAILABLE, error.message, (b"retry-after", b"5"))
        return away.telling(pings.untouched())
    return _response_to(given).telling(given.quota)


def _response_to(given: PingAnswer) -> PingResponse:
    match given.verdict:
        case PingVerdict.ACCEPTED:
            return _OK
        case PingVerdict.UNKNOWN:
            return _NOT_FOUND
        case PingVerdict.LIMITED:
            return _limited(given.retry_after_seconds)


def _limited(retry_after_seconds: float) -> PingResponse:
    seconds = max(1, math.ceil(retry_after_seconds))
    return PingResponse.of_error(
        ErrorCode.RATE_LIMIT_EXCEEDED,
        f"too many pings, try again in {seconds} s",
        (b"retry-after", str(seconds).encode()),
    )


def address_of(path: str) -> PingAddress:
    """Return what a path below the mount says: what is no address is a token that nobody has, looked up as any."""
    rest = path.strip("/")
    token, slash, suffix = rest.partition("/")
    if not slash:
        return PingAddress(token=token, kind=PingKind.SUCCESS)
    if kind := _SUFFIXES.get(suffix):
        return PingAddress(token=token, kind=kind)
    if _EXIT_CODE.fullmatch(suffix) and (exit_code := int(suffix)) <= HIGHEST_EXIT_CODE:
        kind = PingKind.FAIL if exit_code else PingKind.SUCCESS
        return PingAddress(token=token, kind=kind, exit_code=exit_code)
    return PingAddress(token=rest, kind=PingKind.SUCCESS)


def has_body(scope: HTTPScope) -> bool:
    """Return whether a body may follow. Before HTTP/2 one is announced; most pings have none, and asking costs."""
    announced = any(name in _BODY_HEADERS for name, _ in scope["headers"])
    return announced or not scope["http_version"].startswith("1")


async def read_body(receive: Receive) -> bytes:
    """Return the body, or raise BodyTooLarge as soon as it is, whether its length was told before or not."""
    chunks: list[bytes] = []
    length = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise ClientGone
        chunk = message.get("body", b"")
        length += len(chunk)
        if length > MOST_BODY_BYTES:
            raise BodyTooLarge
        chunks.append(chunk)
        if not message.get("more_body", False):
            return b"".join(chunks)


def run_id_of(query_string: bytes) -> str | None:
    """Return the `rid` of the query."""
    if b"rid=" not in query_string:
        return None
    return dict(parse_qsl(query_string.decode("latin-1"))).get("rid")


async def _send(send: Send, response: PingResponse, *, with_body: bool) -> None:
    await send(
        {
            "type": "http.response.start",
            "status": response.status,
            "headers": response.headers,
        }
    )
    await send(
        {
            "type": "http.response.body",
            "body": response.body if with_body else b"",
            "more_body": False,
        }
    )
