"""From a session's secret to its principal, with the same small cache as tokens have."""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from core.access.principal import Principal
from core.access.secret_cache import SecretCache
from core.access.session_life import is_over
from core.access.sessions import SignedIn, session_principal
from core.clock import Clock
from core.db.database import Connection, Database
from core.db.named_sql import named_sql
from core.errors import SessionExpired, Unauthenticated
from core.secret_text import digest_of

_SQL = named_sql("sessions")


@dataclass(frozen=True, kw_only=True, slots=True)
class _Session:
    """A session that nobody has ended."""

    principal: Principal
    created_at: datetime


class SessionAuthentication:
    """Knows sessions by the SHA-256 of their secret. The end of one is heard through NOTIFY (`forget`)."""

    def __init__(self, *, database: Database, clock: Clock) -> None:
        self._clock = clock
        self._cache = SecretCache(database=database, clock=clock, load=_load)

    async def authenticate(self, secret: str) -> Principal:
        """Return who came in; raise Unauthenticated, or SessionExpired."""
        entry = await self._cache.entry(digest_of(secret))
        session = entry.known
        if session is None:
            raise Unauthenticated("the session has ended: sign in")
        seen_at = entry.used_at or session.created_at
        if is_over(created_at=session.created_at, last_seen_at=seen_at, now=self._clock.now()):
            raise SessionExpired

        async def note(connection: Connection, now: datetime, worth_replacing: datetime) -> None:
            await connection.execute(
                _SQL["touch_session"], session.principal.session_id, now, worth_replacing
            )

        await self._cache.note_use(entry, note, "session.use_not_noted")
        return session.principal

    def forget(self, digest_hex: str = "") -> None:
        """Drop what is cached of one session, or of all (a lost listener cannot know what it missed)."""
        self._cache.forget(digest_hex)

    def forget_each(self, digests_hex: Iterable[str]) -> None:
        """Forget here at once what the other processes hear of."""
        for digest_hex in digests_hex:
            self.forget(digest_hex)

    def let_in(self, came_in: SignedIn) -> SignedIn:
        """Return who came in, with all forgotten that ended by it."""
        self.forget_each(came_in.ended)
        return came_in


async def _load(connection: Connection, digest: bytes) -> tuple[_Session, datetime | None] | None:
    row = await connection.fetchrow(_SQL["session_by_digest"], digest)
    if row is None or not hmac.compare_digest(row["secret_sha256"], digest):
        return None
    principal = session_principal(row["id"], row["user_id"], row["workspace_id"], row)
    return _Session(principal=principal, created_at=row["created_at"]), row["last_seen_at"]
