"""With which HTTP status every dialect says an error of the tree."""

from __future__ import annotations

from http import HTTPStatus

from core.bounded_body import BodyTooLarge
from core.errors import (
    Conflict,
    Forbidden,
    InvalidInput,
    NotFound,
    OverLimit,
    PremiumRequired,
    RateLimited,
    TocsinError,
    Unauthenticated,
    Unavailable,
)


class MethodNotAllowed(TocsinError):
    """The path knows other methods."""

    code = "METHOD_NOT_ALLOWED"
    default_message = "the path has no such method"


_STATUSES: tuple[tuple[type[TocsinError], HTTPStatus], ...] = (
    (InvalidInput, HTTPStatus.BAD_REQUEST),
    (Unauthenticated, HTTPStatus.UNAUTHORIZED),
    (PremiumRequired, HTTPStatus.FORBIDDEN),
    (OverLimit, HTTPStatus.FORBIDDEN),
    (Forbidden, HTTPStatus.FORBIDDEN),
    (NotFound, HTTPStatus.NOT_FOUND),
    (MethodNotAllowed, HTTPStatus.METHOD_NOT_ALLOWED),
    (Conflict, HTTPStatus.CONFLICT),
    (BodyTooLarge, HTTPStatus.REQUEST_ENTITY_TOO_LARGE),
    (RateLimited, HTTPStatus.TOO_MANY_REQUESTS),
    (Unavailable, HTTPStatus.SERVICE_UNAVAILABLE),
)


def status_of(error: TocsinError) -> HTTPStatus:
    """Return the status; a fault of ours is a 500."""
    found = (status for kind, status in _STATUSES if isinstance(error, kind))
    return next(found, HTTPStatus.INTERNAL_SERVER_ERROR)
