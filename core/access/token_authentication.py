"""From a token's secret to its principal, with a small cache in front of the database."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from datetime import datetime

from core.access.grants import grants_from_json
from core.access.plans import Plan
from core.access.principal import Principal, Role
from core.access.project_scope import project_ids_of
from core.access.secret_cache import SecretCache
from core.clock import Clock
from core.db.database import Connection, Database
from core.db.named_sql import named_sql
from core.errors import TokenExpired, TokenRevoked, Unauthenticated
from core.secret_text import digest_of

_SQL = named_sql("access")


@dataclass(frozen=True, kw_only=True, slots=True)
class _Token:
    """A token of somebody who may still speak for the workspace."""

    principal: Principal
    expires_at: datetime | None
    revoked_at: datetime | None


class TokenAuthentication:
    """Knows tokens by the SHA-256 of their secret.

    A revocation is heard through NOTIFY (`forget`), and at the latest when what is cached is five seconds old.
    """

    def __init__(self, *, database: Database, clock: Clock) -> None:
        self._clock = clock
        self._cache = SecretCache(database=database, clock=clock, load=_load)

    async def authenticate(self, secret: str) -> Principal:
        """Return whom the secret speaks for; raise Unauthenticated, TokenRevoked, or TokenExpired past its expiry.

        That a token is revoked or expired is told only to who holds its secret: to guess one takes 2**256 tries.
        """
        entry = await self._cache.entry(digest_of(secret))
        token = entry.known
        if token is None:
            raise Unauthenticated("the api token is unknown, or its maker has left")
        if token.revoked_at is not None:
            raise TokenRevoked
        if token.expires_at is not None and token.expires_at <= self._clock.now():
            raise TokenExpired

        async def note(connection: Connection, now: datetime, worth_replacing: datetime) -> None:
            await connection.execute(_SQL["touch_token"], token.principal.token_id, now, worth_replacing)

        await self._cache.note_use(entry, note, "token.use_not_noted")
        return token.principal

    def forget(self, digest_hex: str = "") -> None:
        """Drop what is cached of one token, or of all (a lost listener cannot know what it missed)."""
        self._cache.forget(digest_hex)


async def _load(connection: Connection, digest: bytes) -> tuple[_Token, datetime | None] | None:
    row = await connection.fetchrow(_SQL["token_by_digest"], digest)
    if row is None or not hmac.compare_digest(row["secret_sha256"], digest):
        return None
    principal = Principal(
        workspace_id=row["workspace_id"],
        user_id=row["created_by"],
        token_id=row["id"],
        role=Role(row["role"]),
        grants=grants_from_json(row["grants"]),
        plan=Plan(row["plan"]),
        project_ids=project_ids_of(row),
    )
    token = _Token(principal=principal, expires_at=row["expires_at"], revoked_at=row["revoked_at"])
    return token, row["last_used_at"]
