"""What is known of secrets by their digest, for a few seconds, in front of the database."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, TypeVar

import asyncpg

from core.clock import Clock
from core.db.absence import CONNECTION_ERRORS
from core.db.database import Connection, Database
from core.work_loop import tell_of_repeat

CACHED_FOR = timedelta(seconds=5)
CACHED_AT_MOST = 10_000
USE_NOTED_EVERY = timedelta(minutes=1)

KnownT = TypeVar("KnownT")


@dataclass(kw_only=True, slots=True)
class Entry(Generic[KnownT]):
    """What is known of one digest: `known` is None where no live secret has it."""

    loaded_at: datetime
    known: KnownT | None
    used_at: datetime | None = None


class SecretCache(Generic[KnownT]):
    """Asks the database for a digest once for all who wait for it, and again when the answer is five seconds old.

    `load` returns what a digest stands for, and when its use was last noted; None if it stands for nothing.
    What is ended elsewhere is heard of through NOTIFY (`forget`).
    """

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        load: Callable[[Connection, bytes], Awaitable[tuple[KnownT, datetime | None] | None]],
    ) -> None:
        self._database = database
        self._clock = clock
        self._read = load
        self._entries: OrderedDict[bytes, Entry[KnownT]] = OrderedDict()
        self._loading: dict[bytes, asyncio.Task[Entry[KnownT]]] = {}
        self._generation = 0

    async def entry(self, digest: bytes) -> Entry[KnownT]:
        """Return what is known of a digest."""
        return self._cached(digest) or await self._load_once(digest)

    def forget(self, digest_hex: str = "") -> None:
        """Drop what is cached of one secret, or of all (a lost listener cannot know what it missed)."""
        self._generation += 1
        if digest_hex:
            self._entries.pop(bytes.fromhex(digest_hex), None)
        else:
            self._entries.clear()

    async def note_use(
        self,
        entry: Entry[KnownT],
        note: Callable[[Connection, datetime, datetime], Awaitable[object]],
        event: str,
    ) -> None:
        """Have a use noted at most once a minute; a failure to do so refuses nobody.

        `note` takes a connection, the moment, and the latest earlier use that is worth replacing.
        """
        now = self._clock.now()
        worth_replacing = now - USE_NOTED_EVERY
        if entry.used_at is not None and entry.used_at > worth_replacing:
            return
        entry.used_at = now
        try:
            async with self._database.acquire() as connection:
                await note(connection, now, worth_replacing)
        except (asyncpg.PostgresError, *CONNECTION_ERRORS) as error:
            tell_of_repeat(event, error)

    def _cached(self, digest: bytes) -> Entry[KnownT] | None:
        entry = self._entries.get(digest)
        fresh = entry is not None and self._clock.now() - entry.loaded_at < CACHED_FOR
        return entry if fresh else None

    async def _load_once(self, digest: bytes) -> Entry[KnownT]:
        loading = self._loading.get(digest)
        if loading is None:
            loading = asyncio.create_task(self._load(digest))
            self._loading[digest] = loading
            loading.add_done_callback(lambda _task: self._loading.pop(digest, None))
        return await asyncio.shield(loading)

    async def _load(self, digest: bytes) -> Entry[KnownT]:
        while True:
            generation = self._generation
            loaded_at = self._clock.now()
            async with self._database.acquire() as connection:
                found = await self._read(connection, digest)
            # An end that was announced meanwhile may not be in what was read.
            if generation == self._generation:
                known, used_at = (None, None) if found is None else found
                return self._kept(digest, Entry(loaded_at=loaded_at, known=known, used_at=used_at))

    def _kept(self, digest: bytes, entry: Entry[KnownT]) -> Entry[KnownT]:
        self._entries[digest] = entry
        self._entries.move_to_end(digest)
        while len(self._entries) > CACHED_AT_MOST:
            self._entries.popitem(last=False)
        return entry
