"""What all three dialects do with a request: let somebody in, count it, answer, and say errors in their own form."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPMethod, HTTPStatus
from itertools import groupby
from typing import Any

import msgspec
from litestar import HttpMethod, Request, Response, route
from litestar.handlers import HTTPRouteHandler

from core.access.principal import Principal
from core.bounded_body import bounded_body
from core.db.absence import is_absence
from core.errors import NotFound, QuotaExhausted, TocsinError, Unavailable
from core.log import get_logger
from core.services import Services
from core.usage.quota_headers import exhausted_headers, quota_headers
from rest_compat.route import PARAMETER, Call, Route

_log = get_logger(__name__)

_METHODS = [each for each in HttpMethod if each is not HttpMethod.TRACE]
_JSON = "application/json"

AnyRequest = Request[Any, Any, Any]


class MethodNotAllowed(TocsinError):
    """The path knows other methods."""

    code = "METHOD_NOT_ALLOWED"
    default_message = "the path has no such method"


@dataclass(frozen=True, kw_only=True, slots=True)
class Dialect:
    """One of the APIs: its routes, how its clients say who they are, and how it says errors."""

    name: str
    title: str
    routes: Sequence[Route]
    unknown_below: str
    authenticate: Callable[[Services, AnyRequest], Awaitable[Principal]]
    error: Callable[[TocsinError], tuple[HTTPStatus, msgspec.Struct]]


def handlers(dialect: Dialect, services: Services) -> list[HTTPRouteHandler]:
    """Return a handler for each path, which knows every method, and one for all paths that the dialect lacks."""
    by_path = groupby(sorted(dialect.routes, key=lambda each: each.path), key=lambda each: each.path)
    known = [
        _handler(dialect, services, path, {each.method: each for each in routes}) for path, routes in by_path
    ]
    return [*known, _unknown(dialect, services)]


def _handler(
    dialect: Dialect, services: Services, path: str, routes: Mapping[HTTPMethod, Route]
) -> HTTPRouteHandler:
    face = _Face(dialect, services, routes)

    @route(
        PARAMETER.sub(r"{\1:str}", path),
        http_method=_METHODS,
        request_max_body_size=None,
        include_in_schema=False,
        name=f"{dialect.name}:{path}",
    )
    async def handle(request: AnyRequest) -> Response[bytes]:
        return await face.answer(request)

    return handle


def _unknown(dialect: Dialect, services: Services) -> HTTPRouteHandler:
    face = _Face(dialect, services, {})

    @route(
        [dialect.unknown_below, f"{dialect.unknown_below}/{{rest:path}}"],
        http_method=_METHODS,
        request_max_body_size=None,
        include_in_schema=False,
        name=f"{dialect.name}:unknown",
    )
    async def handle() -> Response[bytes]:
        return face.refusal(NotFound("there is no such route"))

    return handle


class _Face:
    """Answers one path."""

    def __init__(self, dialect: Dialect, services: Services, routes: Mapping[HTTPMethod, Route]) -> None:
        self._dialect = dialect
        self._services = services
        self._routes = routes

    async def answer(self, request: AnyRequest) -> Response[bytes]:
        """Answer a request; whatever goes wrong is said in the dialect's form."""
        try:
            return await self._answer(request)
        except TocsinError as error:
            return self.refusal(error)
        except Exception as error:  # whatever it is, nothing of it is told
            return self._fault(request, error)

    async def _answer(self, request: AnyRequest) -> Response[bytes]:
        found = self._routes.get(HTTPMethod(request.method))
        if found is None and request.method == HTTPMethod.HEAD:
            found = self._routes.get(HTTPMethod.GET)
        if found is None:
            raise MethodNotAllowed
        principal = await self._dialect.authenticate(self._services, request)
        quota = await self._services.requests.admit(principal)
        self._services.requests.note(principal, found.template)
        call = Call(
            services=self._services,
            principal=principal,
            path=request.path_params,
            query=dict(request.query_params.items()),
            body=await bounded_body(request.stream()),
        )
        result = await found.answer(call)
        return _response(found.status, result, quota_headers(quota))

    def refusal(self, error: TocsinError) -> Response[bytes]:
        """Return the error in the dialect's form."""
        status, body = self._dialect.error(error)
        headers: dict[str, str] = {}
        if isinstance(error, MethodNotAllowed):
            headers["Allow"] = ", ".join(sorted(self._routes))
        elif isinstance(error, QuotaExhausted):
            headers = exhausted_headers(error)
        elif isinstance(error, Unavailable):
            headers["Retry-After"] = "5"
        elif status is HTTPStatus.UNAUTHORIZED:
            headers["WWW-Authenticate"] = "Bearer"
        return _response(status, body, headers)

    def _fault(self, request: AnyRequest, error: Exception) -> Response[bytes]:
        if is_absence(error):
            return self.refusal(Unavailable("the database cannot be reached at the moment"))
        _log.exception(
            "rest.crashed", raised=error, method=request.method, route=request.scope.get("path_template")
        )
        return self.refusal(TocsinError())


def _response(status: HTTPStatus, body: msgspec.Struct, headers: Mapping[str, str]) -> Response[bytes]:
    return Response(msgspec.json.encode(body), status_code=status, media_type=_JSON, headers=dict(headers))
