"""Tells a process's subscribers of changes: each event is read once for all of them.

A follower first reads what it missed, page by page, and joins where a page ends: nothing is awaited between
the two, so neither a gap nor a repetition can come between. Live events wait in a bounded queue of his own;
whoever lets it fill up goes back to reading for himself, and nobody else waits for him.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field, replace
from typing import TypeAlias
from uuid import UUID

from core.clock import Clock
from core.db.database import Database
from core.errors import CursorExpired
from core.events.cursor import EventCursor
from core.events.event_log import (
    Event,
    EventPage,
    LogPosition,
    events_of_all,
    missed_events,
    present_position,
)
from core.wakeup import Wakeup
from core.work_loop import work_in_rounds

MOST_WAITING = 256
_POLL_SECONDS = 2.0

Wants: TypeAlias = Callable[[Event], bool]


@dataclass(eq=False, kw_only=True, slots=True)
class _Follower:
    """Who is told: what waits for him, and why he is told no more."""

    wants: Wants
    position: int
    waiting: deque[Event] = field(default_factory=deque)
    is_behind: bool = False
    is_lost: bool = False
    news: asyncio.Future[None] | None = None

    def offer(self, event: Event) -> None:
        if self.is_behind or self.is_lost or event.sequence <= self.position or not self.wants(event):
            return
        self.waiting.append(event)
        if len(self.waiting) > MOST_WAITING:
            self.waiting.clear()
            self.is_behind = True
        self._wake()

    def lose(self) -> None:
        self.waiting.clear()
        self.is_lost = True
        self._wake()

    async def next(self) -> Event | None:
        """Return the next event, or None when he must read for himself; raise CursorExpired."""
        while not self.waiting:
            if self.is_lost:
                raise CursorExpired
            if self.is_behind:
                return None
            self.news = asyncio.get_running_loop().create_future()
            await self.news
        return self.waiting.popleft()

    def _wake(self) -> None:
        if self.news is not None and not self.news.done():
            self.news.set_result(None)


class Feed:
    """One for each API process. `wakeup` is set when events were numbered; it also polls while anybody follows."""

    def __init__(self, *, database: Database, clock: Clock) -> None:
        self.wakeup = Wakeup()
        self._database = database
        self._clock = clock
        self._followers: dict[UUID, set[_Follower]] = {}
        self._epoch: UUID | None = None
        self._position = 0

    async def run(self, stopping: asyncio.Event) -> None:
        """Tell followers of events until `stopping` is set."""
        await work_in_rounds(
            self.step, name="feed", wakeup=self.wakeup, stopping=stopping, poll_seconds=_POLL_SECONDS
        )

    async def step(self) -> int:
        """Read the next events and hand them out; return zero if that were all."""
        if not self._followers:
            return 0
        workspaces = frozenset(self._followers)
        epoch, position = self._epoch, self._position
        async with self._database.acquire() as connection:
            page = await events_of_all(connection, workspaces, after=position, epoch=epoch)
        # Meanwhile somebody may have come of whose workspace nothing was read, or the numbers may be others.
        if not workspaces.issuperset(self._followers) or (epoch, position) != (self._epoch, self._position):
            return 1
        self._meet(page.position)
        self._hand_out(page)
        return 0 if page.is_last else len(page.events)

    async def follow(
        self, workspace_id: UUID, wants: Wants, after: EventCursor | None = None
    ) -> AsyncGenerator[tuple[EventCursor, Event], None]:
        """Yield the workspace's events that are wanted: all after the cursor, or all from now on.

        Raises CursorExpired if some of them are gone, or if the cursor is not of this log.
        """
        reached = await self._beginning(workspace_id, after)
        while True:
            page = await self._missed(reached)
            reached = replace(reached, epoch=page.position.epoch, sequence=page.reached)
            if not (page.is_last and self._is_abreast(page.position)):
                for event in filter(wants, page.events):
                    yield _cursor(reached.epoch, event), event
                continue
            follower = _Follower(wants=wants, position=page.reached)
            self._followers.setdefault(workspace_id, set()).add(follower)
            try:
                for event in filter(wants, page.events):
                    yield _cursor(reached.epoch, event), event
                while (told := await follower.next()) is not None:
                    reached = _cursor(self._epoch or reached.epoch, told)
                    yield reached, told
            finally:
                self._leave(workspace_id, follower)

    async def _missed(self, reached: EventCursor) -> EventPage:
        """Return the page after what was reached; raise CursorExpired if the log does not hold that any more."""
        async with self._database.acquire() as connection:
            page = await missed_events(
                connection, reached.workspace_id, after=reached.sequence, epoch=reached.epoch
            )
            page.position.require_present(reached, reached.workspace_id)
            epoch, position = self._epoch, self._position
            if self._followers and page.position.epoch != epoch:
                present = await present_position(connection, self._clock.now(), epoch=epoch)
                if (epoch, position) == (self._epoch, self._position):
                    self._meet(present)
        return page

    async def _beginning(self, workspace_id: UUID, after: EventCursor | None) -> EventCursor:
        async with self._database.acquire() as connection:
            epoch = None if after is None else after.epoch
            position = await present_position(connection, self._clock.now(), epoch=epoch)
        if after is None:
            return EventCursor(
                epoch=position.epoch, workspace_id=workspace_id, sequence=position.last_sequence
            )
        position.require_present(after, workspace_id)
        return after

    def _is_abreast(self, position: LogPosition) -> bool:
        """Return whether whoever has read everything up to the position may join: nobody was told more."""
        if not self._followers:
            self._epoch, self._position = position.epoch, position.last_sequence
            return True
        return position.epoch == self._epoch and self._position <= position.last_sequence

    def _meet(self, position: LogPosition) -> None:
        """Take note of how far the log goes by now. Who was told, or read, what is not in it must begin anew."""
        is_other = position.epoch != self._epoch
        kept = position.kept_through if is_other else position.last_sequence
        for followers in self._followers.values():
            for follower in followers:
                # In the same epoch whoever is further than this may have read after it.
                seen = max(self._position, follower.position) if is_other else self._position
                if kept is None or kept < seen:
                    follower.lose()
        if kept is None or kept < self._position:
            self._position = position.last_sequence
        self._epoch = position.epoch

    def _hand_out(self, page: EventPage) -> None:
        for event in page.events:
            for follower in self._followers.get(event.workspace_id, ()):
                follower.offer(event)
        self._position = max(self._position, page.reached)

    def _leave(self, workspace_id: UUID, follower: _Follower) -> None:
        followers = self._followers[workspace_id]
        followers.discard(follower)
        if not followers:
            del self._followers[workspace_id]


def _cursor(epoch: UUID, event: Event) -> EventCursor:
    return EventCursor(epoch=epoch, workspace_id=event.workspace_id, sequence=event.sequence)
