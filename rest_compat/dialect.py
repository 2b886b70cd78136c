"""What one dialect is, and the handlers that are made from it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPMethod, HTTPStatus
from types import MappingProxyType
from typing import Any

import msgspec
from litestar import HttpMethod, Request, Response, route
from litestar.handlers import HTTPRouteHandler

from core.access.principal import Principal
from core.errors import TocsinError
from core.services import Services
from core.usage.quota import Quota
from rest_compat.path_table import PathTable
from rest_compat.route import Route

_METHODS = list(HttpMethod)

JSON = "application/json"

AnyRequest = Request[Any, Any, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Dialect:
    """One of the APIs: its routes, how its clients say who they are, and how it says errors.

    All paths at or below `root` are its own. `headers` are sent with every answer, and with `preflight` beside them
    an OPTIONS of a known path is answered; without, it is a method like any other. `security` are the OpenAPI
    security schemes, by name: those of `session_security` hold for routes of sessions. `standing` returns what an
    answer tells of the quota where no request was taken; without, nothing is told there.
    """

    name: str
    title: str
    root: str
    routes: Sequence[Route]
    authenticate: Callable[[Services, AnyRequest, Route], Awaitable[Principal]]
    error: Callable[[TocsinError], msgspec.Struct]
    security: Mapping[str, Mapping[str, str]]
    session_security: frozenset[str] = frozenset()
    headers: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    preflight: Mapping[str, str] | None = None
    standing: Callable[[Services, AnyRequest], Awaitable[Quota]] | None = None


class RouteTable:
    """The routes of a dialect by path and method."""

    def __init__(self, routes: Sequence[Route]) -> None:
        self._paths = PathTable(each.path for each in routes)
        self._by_path: dict[str, dict[HTTPMethod, Route]] = {}
        for each in routes:
            self._by_path.setdefault(each.path, {})[each.method] = each

    def find(self, path: str) -> tuple[Mapping[HTTPMethod, Route], Mapping[str, str]] | None:
        """Return the routes of a path by their methods, and the texts of its parameters; None of an unknown path."""
        found = self._paths.find(path)
        return None if found is None else (self._by_path[found.template], found.parameters)


def handler(dialect: Dialect, answer: Callable[[AnyRequest], Awaitable[Response[bytes]]]) -> HTTPRouteHandler:
    """Return the one handler of all paths and methods of a dialect."""

    @route(
        [dialect.root, f"{dialect.root}/{{rest:path}}"],
        http_method=_METHODS,
        request_max_body_size=None,
        include_in_schema=False,
        name=dialect.name,
    )
    async def handle(request: AnyRequest) -> Response[bytes]:
        return await answer(request)

    return handle


def json_response(
    status: HTTPStatus, body: msgspec.Struct | None, headers: Mapping[str, str]
) -> Response[bytes]:
    """Return an answer in JSON; without a body, an empty one."""
    content = b"" if body is None else msgspec.json.encode(body)
    return Response(content, status_code=status, media_type=JSON, headers=dict(headers))
