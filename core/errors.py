"""The one tree of errors; each face maps it in one place.

TocsinError                       code
├── InvalidInput                  INVALID_INPUT        carries every issue of the input
├── NotFound                      NOT_FOUND
├── Conflict                      CONFLICT
├── Unauthenticated               UNAUTHENTICATED
│   ├── TokenExpired              API_TOKEN_EXPIRED
│   ├── TokenRevoked              API_TOKEN_REVOKED
│   ├── SessionExpired            UNAUTHENTICATED
│   └── WrongCredentials          UNAUTHENTICATED      what was entered is wrong, and may be entered anew
├── Forbidden                     FORBIDDEN
│   ├── TokenScopeDenied          API_TOKEN_SCOPE_DENIED
│   ├── AccountContextForbidden   ACCOUNT_CONTEXT_FORBIDDEN        no place in that workspace
│   ├── ProjectScopeForbidden     PROJECT_SCOPE_FORBIDDEN          the project is none of those he is confined to
│   ├── DeviceScopeForbidden      DEVICE_SCOPE_FORBIDDEN           the monitor, or what is its own, is in none of them
│   ├── SharedAccountWriteForbidden  SHARED_ACCOUNT_WRITE_FORBIDDEN  the role may not change what is the workspace's
│   └── ProjectWriteForbidden     PROJECT_WRITE_FORBIDDEN          the role may not change what is in projects
├── PremiumRequired               PREMIUM_REQUIRED
├── OverLimit                     OVER_LIMIT           one more would be too much
│   └── WriteLocked               OVER_LIMIT           there is too much already, as after a downgrade
├── RateLimited                   RATE_LIMITED         says when to come back
│   ├── TooSlow                   RATE_LIMITED         to a subscriber that does not keep up
│   └── QuotaExhausted            RATE_LIMITED         the plan's requests of this hour are made
├── CursorExpired                 CURSOR_EXPIRED
└── Unavailable                   UNAVAILABLE
    └── Contended                 UNAVAILABLE          nothing was stored, and the same may pass the next time
StartupError                      not for clients: one line that names the cause and the remedy
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar

from plugins.api.config import Issue


class TocsinError(Exception):
    """Something the caller is told about. `message` is lowercase and names the field and the cause."""

    code: ClassVar[str] = "INTERNAL"
    default_message: ClassVar[str] = "internal error"

    def __init__(self, message: str | None = None, *, path: Sequence[str] = ()) -> None:
        self.message = message or self.default_message
        self.path = tuple(path)
        super().__init__(self.message)


class InvalidInput(TocsinError):
    """The input breaks one or more rules; all of them are told at once."""

    code = "INVALID_INPUT"
    default_message = "invalid input"

    def __init__(self, issues: Sequence[Issue]) -> None:
        self.issues = tuple(issues)
        super().__init__("; ".join(issue.message for issue in self.issues) or None)


class NotFound(TocsinError):
    """Unknown, malformed, deleted or another workspace's: the answer is the same."""

    code = "NOT_FOUND"
    default_message = "not found"


class Conflict(TocsinError):
    """The request contradicts the present state."""

    code = "CONFLICT"
    default_message = "conflict with the present state"


class Unauthenticated(TocsinError):
    """Nobody is signed in, or the credentials are wrong."""

    code = "UNAUTHENTICATED"
    default_message = "not signed in"


class TokenExpired(Unauthenticated):
    """The API token is past its expiry."""

    code = "API_TOKEN_EXPIRED"
    default_message = "the api token has expired"


class TokenRevoked(Unauthenticated):
    """The API token was revoked."""

    code = "API_TOKEN_REVOKED"
    default_message = "the api token was revoked"


class SessionExpired(Unauthenticated):
    """The session was not used for long, or has lasted for as long as one may."""

    default_message = "the session has expired: sign in again"


class WrongCredentials(Unauthenticated):
    """A password, or the token of a letter, is not the right one; whoever entered it may try again."""

    default_message = "e-mail or password is wrong"


class Forbidden(TocsinError):
    """The principal may not do this."""

    code = "FORBIDDEN"
    default_message = "not allowed"


class TokenScopeDenied(Forbidden):
    """The API token lacks the grant."""

    code = "API_TOKEN_SCOPE_DENIED"
    default_message = "the api token lacks the grant"


class AccountContextForbidden(Forbidden):
    """The person has no place in that workspace, if there is one."""

    code = "ACCOUNT_CONTEXT_FORBIDDEN"
    default_message = "you have no place in that workspace"


class ProjectScopeForbidden(Forbidden):
    """The project is none of those that the member is confined to."""

    code = "PROJECT_SCOPE_FORBIDDEN"
    default_message = "the project is outside of those you are confined to"


class DeviceScopeForbidden(Forbidden):
    """The monitor, or what belongs to it, is in none of the projects that the member is confined to."""

    code = "DEVICE_SCOPE_FORBIDDEN"
    default_message = "the monitor is outside of the projects you are confined to"


class SharedAccountWriteForbidden(Forbidden):
    """What belongs to the workspace as a whole may be read, and not changed by this role."""

    code = "SHARED_ACCOUNT_WRITE_FORBIDDEN"
    default_message = "your role may not change this"


class ProjectWriteForbidden(Forbidden):
    """What belongs to projects may be read, and not changed by this role."""

    code = "PROJECT_WRITE_FORBIDDEN"
    default_message = "your role may not change this"


class OverLimit(TocsinError):
    """The plan's limit is reached."""

    code = "OVER_LIMIT"
    default_message = "over the limit of the plan"


class WriteLocked(OverLimit):
    """The workspace has more than its plan allows, and takes no changes until it fits."""

    default_message = "the workspace has more than its plan allows"


class PremiumRequired(TocsinError):
    """The plan does not include what is asked for."""

    code = "PREMIUM_REQUIRED"
    default_message = "the plan does not include this"


class RateLimited(TocsinError):
    """Too many requests."""

    code = "RATE_LIMITED"
    default_message = "too many requests"

    def __init__(self, message: str | None = None, *, retry_after_seconds: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class TooSlow(RateLimited):
    """A subscriber takes changes more slowly than they happen."""

    default_message = "changes are taken too slowly"


class QuotaExhausted(RateLimited):
    """The workspace has made the requests that its plan allows in an hour; `resets_at` is when that ends."""

    def __init__(self, *, limit: int, resets_at: datetime, retry_after_seconds: float) -> None:
        message = f"the plan allows {limit} requests an hour, and they are made"
        super().__init__(message, retry_after_seconds=retry_after_seconds)
        self.limit = limit
        self.resets_at = resets_at


class CursorExpired(TocsinError):
    """What came after the cursor is not known any more, or the cursor is none of this log's."""

    code = "CURSOR_EXPIRED"
    default_message = "the cursor has expired: read anew, then follow from a new eventCursor"


class Unavailable(TocsinError):
    """A part that the request needs cannot be reached at the moment."""

    code = "UNAVAILABLE"
    default_message = "temporarily unavailable"


class Contended(Unavailable):
    """Other changes were in the way of this one, each time that it was tried; nothing of it is stored."""

    default_message = "others are changing the same at the moment: nothing was changed, try again"


class StartupError(Exception):
    """Why a process cannot start: one line with the cause and the remedy, for a person at a terminal."""
