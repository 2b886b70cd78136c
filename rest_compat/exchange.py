"""What all dialects do with a request: let somebody in, count it, answer, and say errors in their own form."""

from __future__ import annotations

import math
from collections.abc import Mapping
from http import HTTPMethod, HTTPStatus

from litestar import Response

from core.access.plans import require_capability
from core.access.principal import Principal
from core.bounded_body import bounded_body
from core.db.absence import is_absence
from core.errors import (
    InvalidInput,
    NotFound,
    QuotaExhausted,
    RateLimited,
    TocsinError,
    Unauthenticated,
    Unavailable,
)
from core.log import get_logger
from core.services import Services
from core.usage.quota import Quota
from core.usage.quota_headers import exhausted_headers, quota_headers
from plugins.api.config import Issue
from rest_compat.dialect import JSON, AnyRequest, Dialect, RouteTable, json_response
from rest_compat.route import Call, Reply, Route
from rest_compat.statuses import MethodNotAllowed, status_of

_log = get_logger(__name__)

_CHANGING = frozenset({HTTPMethod.POST, HTTPMethod.PUT, HTTPMethod.PATCH, HTTPMethod.DELETE})

NOT_JSON = Issue(
    path=(), rule="content_type", message="the content type must be application/json", expected=JSON
)


class Exchanges:
    """Answers the requests of one dialect."""

    def __init__(self, dialect: Dialect, services: Services) -> None:
        self._dialect = dialect
        self._services = services
        self._table = RouteTable(dialect.routes)

    async def answer(self, request: AnyRequest) -> Response[bytes]:
        """Answer a request; whatever goes wrong is said in the dialect's form."""
        return await _Exchange(self._dialect, self._services, self._table, request).answer()


class _Exchange:
    """One request, and what is known of it so far."""

    __slots__ = ("_dialect", "_methods", "_quota", "_request", "_services", "_table")

    def __init__(self, dialect: Dialect, services: Services, table: RouteTable, request: AnyRequest) -> None:
        self._dialect = dialect
        self._services = services
        self._table = table
        self._request = request
        self._methods: Mapping[HTTPMethod, Route] = {}
        self._quota: Quota | None = None

    async def answer(self) -> Response[bytes]:
        response = await self._said()
        if self._quota is None and self._dialect.standing is not None:
            told = quota_headers(await self._dialect.standing(self._services, self._request))
            response.headers = {**told, **response.headers}
        return response

    async def _said(self) -> Response[bytes]:
        try:
            return await self._answered()
        except TocsinError as error:
            return self._refusal(error)
        except Exception as error:  # whatever it is, nothing of it is told
            return self._fault(error)

    async def _answered(self) -> Response[bytes]:
        found = self._table.find(self._request.scope["path"])
        if found is None:
            raise NotFound("there is no such route")
        self._methods, parameters = found
        if self._request.method == HTTPMethod.OPTIONS and self._dialect.preflight is not None:
            return json_response(
                HTTPStatus.NO_CONTENT, None, self._preflight_headers(self._dialect.preflight)
            )
        route = self._route()
        principal = None if route.is_open else await self._let_in(route)
        call = Call(
            services=self._services,
            known_principal=principal,
            path=parameters,
            query=dict(self._request.query_params.items()),
            body=await self._body(route, principal),
        )
        result = await route.answer(call)
        reply = result if isinstance(result, Reply) else Reply(body=result, status=route.status)
        return json_response(reply.status, reply.body, self._headers())

    def _route(self) -> Route:
        route = self._methods.get(HTTPMethod(self._request.method))
        if route is None and self._request.method == HTTPMethod.HEAD:
            route = self._methods.get(HTTPMethod.GET)
        if route is None:
            raise MethodNotAllowed
        return route

    async def _let_in(self, route: Route) -> Principal:
        principal = await self._dialect.authenticate(self._services, self._request, route)
        self._quota = await self._services.requests.admit(principal)
        self._services.requests.note(principal, route.template)
        if route.capability is not None:
            require_capability(principal.plan, route.capability)
        return principal

    async def _body(self, route: Route, principal: Principal | None) -> bytes:
        """Return the body of a route that takes one; raise InvalidInput where it is not said to be JSON.

        A browser sends JSON to another site only after asking (Fetch), so that what comes with a cookie must say it.
        """
        if route.method not in _CHANGING:
            return b""
        body = await bounded_body(self._request.stream())
        given = self._request.headers.get("content-type")
        is_silent = given is None and (principal is None or principal.session_id is None or not body)
        if route.body is not None and not is_silent and not _is_json(given or ""):
            raise InvalidInput([NOT_JSON])
        return body

    def _headers(self) -> dict[str, str]:
        told = {} if self._quota is None else quota_headers(self._quota)
        return {**self._dialect.headers, **told}

    def _preflight_headers(self, preflight: Mapping[str, str]) -> dict[str, str]:
        return {**self._headers(), **preflight, "Allow": self._allowed()}

    def _allowed(self) -> str:
        options = () if self._dialect.preflight is None else (HTTPMethod.OPTIONS,)
        return ", ".join(sorted({*self._methods, *options}))

    def _refusal(self, error: TocsinError) -> Response[bytes]:
        status = status_of(error)
        headers = {**self._headers(), **self._headers_of(error)}
        return json_response(status, self._dialect.error(error), headers)

    def _headers_of(self, error: TocsinError) -> dict[str, str]:
        match error:
            case MethodNotAllowed():
                return {"Allow": self._allowed()}
            case QuotaExhausted():
                return exhausted_headers(error)
            case RateLimited():
                return {"Retry-After": str(max(1, math.ceil(error.retry_after_seconds or 0)))}
            case Unavailable():
                return {"Retry-After": "5"}
            case Unauthenticated():
                return {"WWW-Authenticate": "Bearer"}
            case _:
                return {}

    def _fault(self, error: Exception) -> Response[bytes]:
        if is_absence(error):
            return self._refusal(Unavailable("the database cannot be reached at the moment"))
        route = next(iter(self._methods.values()), None)
        _log.exception(
            "rest.crashed",
            raised=error,
            method=self._request.method,
            route=None if route is None else route.path,
        )
        return self._refusal(TocsinError())


def _is_json(content_type: str) -> bool:
    return content_type.partition(";")[0].strip().lower() == JSON
