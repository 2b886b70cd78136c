"""The envelope of every OnlineOrNot answer, and how it says errors."""

from __future__ import annotations

from http import HTTPStatus
from typing import Generic, TypeVar

import msgspec

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
from rest_compat.dialect import MethodNotAllowed

ResultT = TypeVar("ResultT")

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


class Message(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One error: a code for programs, a message for people, and where in the body it lies."""

    code: str
    message: str
    path: list[str] = []


class ResultInfo(msgspec.Struct, frozen=True, kw_only=True):
    """Which page of how many results."""

    page: int
    per_page: int
    count: int
    total_count: int


class Envelope(msgspec.Struct, Generic[ResultT], frozen=True, kw_only=True):
    """An answer with one result."""

    result: ResultT
    success: bool = True
    errors: list[Message] = []
    messages: list[Message] = []


class PagedEnvelope(msgspec.Struct, Generic[ResultT], frozen=True, kw_only=True):
    """An answer with a page of results."""

    result: list[ResultT]
    result_info: ResultInfo
    success: bool = True
    errors: list[Message] = []
    messages: list[Message] = []


class Refused(msgspec.Struct, frozen=True, kw_only=True):
    """An answer without a result."""

    errors: list[Message]
    result: None = None
    success: bool = False
    messages: list[Message] = []


def refused(error: TocsinError) -> tuple[HTTPStatus, Refused]:
    """Return status and body of an error; every issue of an input is an error of its own."""
    status = next((each for kind, each in _STATUSES if isinstance(error, kind)), None)
    if isinstance(error, InvalidInput):
        told = [Message(code=error.code, message=each.message, path=list(each.path)) for each in error.issues]
    else:
        told = [Message(code=error.code, message=error.message)]
    return status or HTTPStatus.INTERNAL_SERVER_ERROR, Refused(errors=told)
