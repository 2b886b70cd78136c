"""The application: the faces' routes, two routes for health, and one form for what no face answers."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from importlib import metadata
from typing import Any

from litestar import HttpMethod, Litestar, MediaType, Request, Response, route
from litestar.exceptions import HTTPException
from litestar.plugins import PluginProtocol
from litestar.plugins.core import MsgspecDIPlugin

from core.bounded_body import MOST_BODY_BYTES
from core.db.absence import is_absence
from core.db.database import Database
from core.errors import StartupError
from core.log import get_logger
from core.long_answer import go_on
from core.services import Services

log = get_logger(__name__)

FACES = "tocsin.faces"
_READY_SECONDS = 2.0
_RETRY_AFTER_SECONDS = "5"
_READING = (HttpMethod.GET, HttpMethod.HEAD)


class LeanLitestar(Litestar):
    """Litestar without its support for pydantic and attrs, which we have no values of.

    It would cost every start a tenth of a second, and every API process ten megabytes. An answer that goes on
    longer than its request does so without Litestar.
    """

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one request, or go through the life of the process."""
        await super().__call__(scope, receive, send)
        await go_on(scope, receive, send)

    @staticmethod
    def _get_default_plugins(plugins: list[PluginProtocol]) -> list[PluginProtocol]:
        return [*plugins, MsgspecDIPlugin()]


def create_app(services: Services) -> Litestar:
    """Return the application with the handlers of every face that is installed.

    Raises StartupError naming a face that does not load.
    """
    handlers = [*_health_routes(services.database), *_faces(services)]
    return LeanLitestar(
        route_handlers=handlers,
        exception_handlers={HTTPException: _refused, Exception: _crashed},
        request_max_body_size=MOST_BODY_BYTES,
        openapi_config=None,
        logging_config=None,
        debug=False,
    )


def _faces(services: Services) -> list[Any]:
    entry_points = sorted(metadata.entry_points(group=FACES), key=lambda point: point.name)
    return [handler for point in entry_points for handler in _face(point, services)]


def _face(point: metadata.EntryPoint, services: Services) -> Sequence[Any]:
    try:
        handlers: Sequence[Any] = point.load()(services)
    except StartupError:
        raise
    except Exception as error:
        log.exception("face.failed", face=point.name)
        raise StartupError(f"the face {point.name} ({point.value}) does not load: {error!r}") from error
    return handlers


def _health_routes(database: Database) -> list[Any]:
    @route("/healthz", http_method=_READING, media_type=MediaType.JSON)
    async def healthz() -> dict[str, str]:
        """Say that this process answers."""
        return {"status": "ok"}

    @route("/readyz", http_method=_READING, media_type=MediaType.JSON)
    async def readyz() -> Response[dict[str, str]]:
        """Say whether the database answers too."""
        if await database.answers(_READY_SECONDS):
            return Response({"status": "ok"})
        return Response({"status": "database unreachable"}, status_code=HTTPStatus.SERVICE_UNAVAILABLE)

    return [healthz, readyz]


def _refused(_request: Request[Any, Any, Any], error: HTTPException) -> Response[dict[str, Any]]:
    return _error(HTTPStatus(error.status_code), error.headers)


def _crashed(request: Request[Any, Any, Any], error: Exception) -> Response[dict[str, Any]]:
    if is_absence(error):
        return _error(HTTPStatus.SERVICE_UNAVAILABLE, {"Retry-After": _RETRY_AFTER_SECONDS})
    log.exception(
        "request.crashed", raised=error, method=request.method, route=request.scope.get("path_template")
    )
    return _error(HTTPStatus.INTERNAL_SERVER_ERROR, None)


# Python 3.13 calls some by the names of RFC 9110, and a code in an answer must not depend on that.
_NAMES = {
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "CONTENT_TOO_LARGE",
    HTTPStatus.REQUEST_URI_TOO_LONG: "URI_TOO_LONG",
    HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE: "RANGE_NOT_SATISFIABLE",
    HTTPStatus.UNPROCESSABLE_ENTITY: "UNPROCESSABLE_CONTENT",
}


def _name(status: HTTPStatus) -> str:
    return _NAMES.get(status, status.name)


def _error(status: HTTPStatus, headers: dict[str, str] | None) -> Response[dict[str, Any]]:
    """Return what is said of a status, and nothing of what is within."""
    body = {"error": {"code": _name(status), "message": status.phrase.lower()}}
    return Response(body, status_code=status, media_type=MediaType.JSON, headers=headers)
