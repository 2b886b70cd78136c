"""How StatusApp says that something went wrong: `{"error", "code"}`, and a list of what is wrong with a body."""

from __future__ import annotations

import enum
from http import HTTPStatus

import msgspec

from core.errors import InvalidInput, TocsinError, Unauthenticated
from rest_compat.statusapp.field_errors import FieldError, field_error
from rest_compat.statuses import status_of

# Of the others, the dialect has a code for all that Tocsin tells apart.
_SAYING_MORE = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)


class ErrorCode(enum.Enum):
    """The codes of the dialect, each with its HTTP status. The page stops at 429 and 500; the rest is told alike."""

    BAD_REQUEST = HTTPStatus.BAD_REQUEST
    UNAUTHORIZED = HTTPStatus.UNAUTHORIZED
    FORBIDDEN = HTTPStatus.FORBIDDEN
    NOT_FOUND = HTTPStatus.NOT_FOUND
    METHOD_NOT_ALLOWED = HTTPStatus.METHOD_NOT_ALLOWED
    CONFLICT = HTTPStatus.CONFLICT
    PAYLOAD_TOO_LARGE = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    RATE_LIMIT_EXCEEDED = HTTPStatus.TOO_MANY_REQUESTS
    INTERNAL_SERVER_ERROR = HTTPStatus.INTERNAL_SERVER_ERROR
    SERVICE_UNAVAILABLE = HTTPStatus.SERVICE_UNAVAILABLE


class Refused(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An error. `details` is Tocsin's own code where it says more: API_TOKEN_EXPIRED, OVER_LIMIT, …"""

    error: str
    code: str
    details: str | None = None


class Invalid(msgspec.Struct, frozen=True, kw_only=True):
    """All that is wrong with the fields of a request."""

    error: list[FieldError]


def refused(error: TocsinError) -> Refused | Invalid:
    """Return the body of an error; what is wrong with fields is a list, each in its own place."""
    if isinstance(error, InvalidInput) and all(issue.path for issue in error.issues):
        return Invalid(error=[field_error(issue) for issue in error.issues])
    code = ErrorCode(status_of(error)).name
    says_more = status_of(error) in _SAYING_MORE and error.code not in (code, Unauthenticated.code)
    return Refused(error=error.message, code=code, details=error.code if says_more else None)


def error_body(code: ErrorCode, message: str) -> bytes:
    """Return the JSON body of an error."""
    return msgspec.json.encode(Refused(error=message, code=code.name))
