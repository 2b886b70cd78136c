"""Changes what a person says of himself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg

from core.access.account_rules import (
    DEFAULT_LANGUAGE,
    DEFAULT_TIMEZONE,
    language_of,
    phone_number_of,
    timezone_of,
)
from core.access.permission import require_grant
from core.access.principal import Principal, TokenPermission, TokenScope
from core.audit.action import AuditAction
from core.audit.change import updated
from core.audit.recording import record
from core.audit.redaction import View
from core.clock import Clock
from core.db.database import Connection, Database
from core.db.named_sql import named_sql
from core.db.tables import User
from core.errors import Forbidden
from core.issues import Issues, Path
from core.text_rules import name_of
from core.unset import UNSET, Unset
from core.web_address import web_address

_SQL = named_sql("people")

_PATHS: dict[str, Path] = {
    "image": ("image",),
    "phone_number": ("phoneNumber",),
    "language": ("language",),
    "timezone": ("timezone",),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class UpdateProfile:
    """What to change; null goes back to the default, but a name is always needed."""

    name: str | Unset | None = UNSET
    image: str | Unset | None = UNSET
    phone_number: str | Unset | None = UNSET
    sms_opt_in: bool | Unset | None = UNSET
    language: str | Unset | None = UNSET
    timezone: str | Unset | None = UNSET


class ProfileService:
    """Permission, validation, storage."""

    def __init__(self, *, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def update(self, principal: Principal, wanted: UpdateProfile) -> UUID:
        """Change one's own profile, or a token's maker's; return the person's id. Raises Forbidden, InvalidInput.

        A role does not matter: everybody is master of his own profile.
        """
        require_grant(principal, TokenScope.ACCOUNT, TokenPermission.WRITE)
        user_id = principal.user_id
        if user_id is None:
            raise Forbidden("the api token has no maker whose profile it could change")

        async def update(connection: Connection) -> UUID:
            row = await connection.fetchrow(_SQL["lock_profile"], user_id)
            changes = {} if row is None else _changes(wanted, row)
            if row is not None and changes:
                await User.update(**changes).where(User.id == user_id)
                change = updated(
                    AuditAction.USER_UPDATED, user_id, _view(dict(row)), _view({**row, **changes})
                )
                await record(connection, principal, change, self._clock.now())
            return user_id

        return await self._database.in_transaction(update)


def _view(columns: Mapping[str, Any]) -> View:
    """Return a profile as it is written down."""
    return {
        "name": columns["name"],
        "smsOptIn": columns["sms_opt_in"],
        **{path[0]: columns[column] for column, path in _PATHS.items()},
    }


def _changes(wanted: UpdateProfile, row: asyncpg.Record) -> dict[str, Any]:
    issues = Issues()
    changed: dict[str, Any] = {}
    if wanted.name is not UNSET:
        changed["name"] = name_of(wanted.name, ("name",), issues)
    if wanted.sms_opt_in is not UNSET:
        changed["sms_opt_in"] = bool(wanted.sms_opt_in)
    for column, value, rule, default in (
        ("image", wanted.image, web_address, None),
        ("phone_number", wanted.phone_number, phone_number_of, None),
        ("language", wanted.language, language_of, DEFAULT_LANGUAGE),
        ("timezone", wanted.timezone, timezone_of, DEFAULT_TIMEZONE),
    ):
        if value is not UNSET:
            changed[column] = _ruled(value, _PATHS[column], rule, default, issues)
    issues.raise_if_any()
    return {column: value for column, value in changed.items() if value != row[column]}


def _ruled(
    value: str | None,
    path: Path,
    rule: Callable[[str, Path, Issues], str],
    default: str | None,
    issues: Issues,
) -> str | None:
    return default if value is None else rule(value, path, issues)
