"""The one place where the tree of core/errors.py becomes GraphQL: a userError, or a top-level error with a code."""

from __future__ import annotations

import enum
import math
import re
import traceback
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import asyncpg
import strawberry
from graphql import GraphQLError

from core.db.absence import CONNECTION_ERRORS, is_absence
from core.errors import (
    Conflict,
    DeviceScopeForbidden,
    Forbidden,
    InvalidInput,
    NotFound,
    OverLimit,
    PremiumRequired,
    ProjectScopeForbidden,
    QuotaExhausted,
    RateLimited,
    TocsinError,
    Unavailable,
    WrongCredentials,
)
from core.log import get_logger, request_id
from core.moments import write_moment

ValueT = TypeVar("ValueT")

_log = get_logger(__name__)

# What the caller can mend. Anything else is told at the top level.
_MENDABLE = (
    InvalidInput,
    NotFound,
    Conflict,
    Forbidden,
    PremiumRequired,
    OverLimit,
    RateLimited,
    WrongCredentials,
)
# graphql-core quotes the whole object in which something is missing, or that has too much.
_QUOTED_INPUT = re.compile(r"(?:, found|(?<=[.?]) Found|(?<=non string value)): .*\Z", re.DOTALL)
_OUT_OF_SIGHT = (ProjectScopeForbidden, DeviceScopeForbidden)
DATABASE_AWAY = (*CONNECTION_ERRORS, asyncpg.LockNotAvailableError)


@strawberry.enum(description="What went wrong, for programs")
class ErrorCode(enum.StrEnum):
    """The codes of the contract."""

    INVALID_INPUT = "INVALID_INPUT"
    NOT_FOUND = "NOT_FOUND"
    CONFLICT = "CONFLICT"
    FORBIDDEN = "FORBIDDEN"
    UNAUTHENTICATED = "UNAUTHENTICATED"
    API_TOKEN_EXPIRED = "API_TOKEN_EXPIRED"  # noqa: S105  (a code, not a secret)
    API_TOKEN_REVOKED = "API_TOKEN_REVOKED"  # noqa: S105  (a code, not a secret)
    API_TOKEN_SCOPE_DENIED = "API_TOKEN_SCOPE_DENIED"  # noqa: S105  (a code, not a secret)
    PREMIUM_REQUIRED = "PREMIUM_REQUIRED"
    OVER_LIMIT = "OVER_LIMIT"
    RATE_LIMITED = "RATE_LIMITED"
    PROJECT_SCOPE_FORBIDDEN = "PROJECT_SCOPE_FORBIDDEN"
    DEVICE_SCOPE_FORBIDDEN = "DEVICE_SCOPE_FORBIDDEN"
    ACCOUNT_CONTEXT_FORBIDDEN = "ACCOUNT_CONTEXT_FORBIDDEN"
    SHARED_ACCOUNT_WRITE_FORBIDDEN = "SHARED_ACCOUNT_WRITE_FORBIDDEN"
    PROJECT_WRITE_FORBIDDEN = "PROJECT_WRITE_FORBIDDEN"
    QUERY_TOO_COMPLEX = "QUERY_TOO_COMPLEX"
    CURSOR_EXPIRED = "CURSOR_EXPIRED"
    UNAVAILABLE = "UNAVAILABLE"
    INTERNAL = "INTERNAL"


@strawberry.type(description="Something about an input that the caller can mend")
class UserError:
    """One problem; an input's are all told at once."""

    code: ErrorCode = strawberry.field(description="What went wrong, for programs")
    message: str = strawberry.field(description="What went wrong, for people: names the field and the cause")
    path: list[str] = strawberry.field(
        description="The field, from below `input`; list positions are decimal strings"
    )
    rule: str | None = strawberry.field(default=None, description="The rule that was broken")
    expected: str | None = strawberry.field(default=None, description="What the rule asks for")
    received: str | None = strawberry.field(default=None, description="What was given instead")


@dataclass(frozen=True, kw_only=True, slots=True)
class Attempted(Generic[ValueT]):
    """What became of a change: its value, or why it was refused."""

    value: ValueT | None
    user_errors: list[UserError]


async def attempt(change: Awaitable[ValueT]) -> Attempted[ValueT]:
    """Await a change; what the caller can mend becomes userErrors, anything else is raised."""
    try:
        return Attempted(value=await change, user_errors=[])
    except _MENDABLE as refused:
        return Attempted(value=None, user_errors=user_errors(refused))


def user_errors(error: TocsinError) -> list[UserError]:
    """Return one userError for each problem."""
    code = ErrorCode(error.code)
    if isinstance(error, RateLimited) and error.retry_after_seconds is not None:
        wait = f"{math.ceil(error.retry_after_seconds)}"
        return [
            UserError(
                code=code,
                message=error.message,
                path=list(error.path),
                rule="retry_after_seconds",
                expected=wait,
            )
        ]
    if not isinstance(error, InvalidInput):
        return [UserError(code=code, message=error.message, path=list(error.path))]
    return [
        UserError(
            code=code,
            message=issue.message,
            path=list(issue.path),
            rule=issue.rule,
            expected=issue.expected,
            received=issue.received,
        )
        for issue in error.issues
    ]


def code_of(error: GraphQLError) -> ErrorCode:
    """Return the code of a top-level error.

    A field that is not granted is FORBIDDEN, whatever was lacking; an object out of sight says which rule it was.
    """
    cause = _cause(error)
    if isinstance(cause, Forbidden) and not isinstance(cause, _OUT_OF_SIGHT):
        return ErrorCode.FORBIDDEN
    if isinstance(cause, TocsinError):
        return ErrorCode(cause.code)
    if cause is not None:
        return ErrorCode.INTERNAL
    return ErrorCode((error.extensions or {}).get("code", ErrorCode.INVALID_INPUT))


def formatted(error: GraphQLError) -> dict[str, Any]:
    """Return a top-level error as it is sent; faults of ours are masked and named by the request's id."""
    code = code_of(error)
    cause = _cause(error)
    sent: dict[str, Any] = {
        "message": cause.message if isinstance(cause, TocsinError) else _unquoted(error.message)
    }
    extensions: dict[str, Any] = {"code": code.value}
    if code is ErrorCode.INTERNAL:
        sent["message"] = "internal error"
        extensions["requestId"] = request_id.get()
    if isinstance(cause, QuotaExhausted):
        extensions |= {"limit": cause.limit, "remaining": 0, "resetsAt": write_moment(cause.resets_at)}
    if error.locations:
        sent["locations"] = [{"line": place.line, "column": place.column} for place in error.locations]
    if error.path is not None:
        sent["path"] = error.path
    return {**sent, "extensions": extensions}


def _unquoted(message: str) -> str:
    """Return what GraphQL says of a value that does not fit, without the value: a password may stand beside."""
    return _QUOTED_INPUT.sub("", message)


def log_faults(errors: Sequence[GraphQLError]) -> None:
    """Log what no client can mend; what clients do wrong is theirs to know.

    That the database is away is said once, and not for every request.
    """
    for error in errors:
        if code_of(error) in (ErrorCode.INTERNAL, ErrorCode.UNAVAILABLE):
            path = ".".join(map(str, error.path or ()))
            tell = _log.debug if _is_absence(error) else _log.error
            tell("graphql.failed", path=path, error=repr(error.original_error), traceback=_traceback(error))


def _is_absence(error: GraphQLError) -> bool:
    cause = error.original_error
    return _is_absence(cause) if isinstance(cause, GraphQLError) else cause is not None and is_absence(cause)


def _traceback(error: GraphQLError) -> str:
    cause = error.original_error
    return "" if cause is None else "".join(traceback.format_exception(cause))


def database_away() -> Unavailable:
    """Return what is said while the database cannot be reached, or does not answer in time."""
    return Unavailable("the database cannot be reached at the moment")


def _cause(error: GraphQLError) -> Exception | None:
    """Return what a resolver raised; None for what GraphQL itself refuses: syntax, validation, coercion."""
    cause = error.original_error
    if isinstance(cause, GraphQLError):
        return _cause(cause)
    if isinstance(cause, DATABASE_AWAY):
        return database_away()
    return cause
