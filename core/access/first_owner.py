"""The first start: an owner, his workspace and a token, so that there is somebody who may do everything else."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import asyncpg

from core.access.grants import ALL_GRANTS, grants_to_json
from core.access.new_account import NewAccount, NewPerson, make_account
from core.access.passwords import hash_password
from core.access.plans import Plan
from core.access.token_secret import new_token_secret, prefix_of_secret
from core.access.token_terms import FIXED_TOKEN_NAME
from core.db.database import Connection, Database, read_clock
from core.db.named_sql import named_sql
from core.db.notifications import NotifyChannel, notify
from core.db.tables import ApiToken
from core.errors import StartupError
from core.ids import new_id
from core.secret_text import digest_of
from core.settings import Settings

_SQL = named_sql("first_owner")
# A number of our own, so that the lock meets no other program's.
_LOCK = 0x746F6366


@dataclass(frozen=True, kw_only=True, slots=True)
class FirstOwner:
    """How to get in. A password or token that a setting fixed is None: whoever set it knows it."""

    email: str
    password: str | None = field(repr=False)
    token: str | None = field(repr=False)


async def ensure_first_owner(
    database: Database, settings: Settings, show: Callable[[FirstOwner], None]
) -> None:
    """Make the first owner if there is no workspace yet; else see to it that a fixed token is valid.

    `show` is called before the commit: nobody is made whose password and token nobody has seen.
    Safe in several processes at once.
    """
    async with database.transaction() as connection:
        await connection.execute(_SQL["lock_first_owner"], _LOCK)
        now = await read_clock(connection)
        found = await connection.fetchrow(_SQL["first_workspace"])
        if found is None:
            show(await _make(settings, now))
        elif settings.owner_token is not None:
            await _fix_token(connection, settings.owner_token, found["id"], found["owner_id"], now)


async def _make(settings: Settings, now: datetime) -> FirstOwner:
    made = FirstOwner(
        email=settings.owner_email,
        password=None if settings.owner_password else secrets.token_urlsafe(16),
        token=None if settings.owner_token else new_token_secret(),
    )
    password = settings.owner_password or made.password or ""
    account = NewAccount(
        person=NewPerson(
            email=made.email, name="Owner", password_hash=await asyncio.to_thread(hash_password, password)
        ),
        workspace_name="My workspace",
        plan=Plan.ENTERPRISE,
    )
    ids = await make_account(account, now)
    if made.token is None:
        await _insert_token(FIXED_TOKEN_NAME, settings.owner_token or "", ids.workspace_id, ids.user_id, now)
    else:
        await _insert_token("First token", made.token, ids.workspace_id, ids.user_id, now)
    return made


async def _insert_token(name: str, secret: str, workspace_id: UUID, user_id: UUID, now: datetime) -> None:
    await ApiToken.insert(
        ApiToken(
            id=new_id(now),
            workspace_id=workspace_id,
            name=name,
            prefix=prefix_of_secret(secret),
            secret_sha256=digest_of(secret),
            grants=grants_to_json(ALL_GRANTS),
            created_by=user_id,
            created_at=now,
        )
    )


async def _fix_token(
    connection: Connection, secret: str, workspace_id: UUID, owner_id: UUID, now: datetime
) -> None:
    """Make the setting's token the only one that the setting ever gave."""
    digest = digest_of(secret)
    replaced = await connection.fetch(
        _SQL["revoke_other_fixed_tokens"], workspace_id, FIXED_TOKEN_NAME, digest, now
    )
    for row in replaced:
        await notify(connection, NotifyChannel.TOKENS, row["digest"])
    if await connection.fetchval(_SQL["revive_fixed_token"], workspace_id, digest, owner_id):
        return
    try:
        await _insert_token(FIXED_TOKEN_NAME, secret, workspace_id, owner_id, now)
    except asyncpg.UniqueViolationError:
        raise StartupError(f"{FIXED_TOKEN_NAME} is a token of another workspace: choose another") from None
