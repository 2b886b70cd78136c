"""From a token's secret to its principal, with a small cache in front of the database."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta

import asyncpg

from core.access.grants import grants_from_json
from core.access.principal import Principal, Role
from core.clock import Clock
from core.db.absence import CONNECTION_ERRORS
from core.db.database import Database
from core.db.named_sql import named_sql
from core.errors import TokenExpired, Unauthenticated
from core.work_loop import tell_of_repeat

CACHED_FOR = timedelta(seconds=5)
CACHED_AT_MOST = 10_000
USE_NOTED_EVERY = timedelta(minutes=1)

_SQL = named_sql("access")


@dataclass(kw_only=True, slots=True)
class _Entry:
    """What is known of one digest: `principal` is None where no live token has it."""

    loaded_at: datetime
    principal: Principal | None
    expires_at: datetime | None
    last_used_at: datetime | None


class TokenAuthentication:
    """Knows tokens by the SHA-256 of their secret.

    A revocation is heard through NOTIFY (`forget`), and at the latest when an entry is five seconds old.
    """

    def __init__(self, *, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._entries: OrderedDict[bytes, _Entry] = OrderedDict()
        self._loading: dict[bytes, asyncio.Task[_Entry]] = {}
        self._generation = 0

    async def authenticate(self, secret: str) -> Principal:
        """Return whom the secret speaks for; raise Unauthenticated, or TokenExpired past its expiry."""
        digest = hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()
        entry = self._cached(digest) or await self._load_once(digest)
        now = self._clock.now()
        if entry.principal is None:
            raise Unauthenticated("the api token is unknown or revoked")
        if entry.expires_at is not None and entry.expires_at <= now:
            raise TokenExpired
        await self._note_use(entry, entry.principal, now)
        return entry.principal

    def forget(self, digest_hex: str = "") -> None:
        """Drop what is cached of one token, or of all (a lost listener cannot know what it missed)."""
        self._generation += 1
        if digest_hex:
            self._entries.pop(bytes.fromhex(digest_hex), None)
        else:
            self._entries.clear()

    def _cached(self, digest: bytes) -> _Entry | None:
        entry = self._entries.get(digest)
        fresh = entry is not None and self._clock.now() - entry.loaded_at < CACHED_FOR
        return entry if fresh else None

    async def _load_once(self, digest: bytes) -> _Entry:
        """Ask the database, once for all who wait for the same token."""
        loading = self._loading.get(digest)
        if loading is None:
            loading = asyncio.create_task(self._load(digest))
            self._loading[digest] = loading
            loading.add_done_callback(lambda _task: self._loading.pop(digest, None))
        return await asyncio.shield(loading)

    async def _load(self, digest: bytes) -> _Entry:
        while True:
            generation = self._generation
            loaded_at = self._clock.now()
            async with self._database.acquire() as connection:
                row = await connection.fetchrow(_SQL["token_by_digest"], digest)
            # A revocation that arrived meanwhile may not be in what was read.
            if generation == self._generation:
                return self._kept(digest, _entry_of(row, digest, loaded_at))

    def _kept(self, digest: bytes, entry: _Entry) -> _Entry:
        self._entries[digest] = entry
        self._entries.move_to_end(digest)
        while len(self._entries) > CACHED_AT_MOST:
            self._entries.popitem(last=False)
        return entry

    async def _note_use(self, entry: _Entry, principal: Principal, now: datetime) -> None:
        """Write `last_used_at` at most once a minute; a failure to do so refuses nobody."""
        worth_replacing = now - USE_NOTED_EVERY
        if entry.last_used_at is not None and entry.last_used_at > worth_replacing:
            return
        entry.last_used_at = now
        try:
            async with self._database.acquire() as connection:
                await connection.execute(_SQL["touch_token"], principal.token_id, now, worth_replacing)
        except (asyncpg.PostgresError, *CONNECTION_ERRORS) as error:
            tell_of_repeat("token.use_not_noted", error, token=str(principal.token_id))


def _entry_of(row: asyncpg.Record | None, digest: bytes, loaded_at: datetime) -> _Entry:
    if row is None or not hmac.compare_digest(row["secret_sha256"], digest):
        return _Entry(loaded_at=loaded_at, principal=None, expires_at=None, last_used_at=None)
    principal = Principal(
        workspace_id=row["workspace_id"],
        user_id=row["created_by"],
        token_id=row["id"],
        role=Role(row["role"]),
        grants=grants_from_json(row["grants"]),
    )
    return _Entry(
        loaded_at=loaded_at,
        principal=principal,
        expires_at=row["expires_at"],
        last_used_at=row["last_used_at"],
    )
