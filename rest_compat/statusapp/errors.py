"""How StatusApp says that something went wrong: `{"error", "code"}`."""

from __future__ import annotations

import enum
from http import HTTPStatus

import msgspec


class ErrorCode(enum.Enum):
    """The codes of the dialect, each with its HTTP status. The page stops at 429; the rest is told alike."""

    NOT_FOUND = HTTPStatus.NOT_FOUND
    METHOD_NOT_ALLOWED = HTTPStatus.METHOD_NOT_ALLOWED
    PAYLOAD_TOO_LARGE = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    RATE_LIMIT_EXCEEDED = HTTPStatus.TOO_MANY_REQUESTS
    SERVICE_UNAVAILABLE = HTTPStatus.SERVICE_UNAVAILABLE


def error_body(code: ErrorCode, message: str) -> bytes:
    """Return the JSON body of an error."""
    return msgspec.json.encode({"error": message, "code": code.name})
