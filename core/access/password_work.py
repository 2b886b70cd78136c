"""Makes and compares digests of passwords in threads, a few at a time, with a bounded queue before them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

from core.access.passwords import hash_password, is_password
from core.errors import RateLimited

ResultT = TypeVar("ResultT")

# Each takes 64 MB for as long as it lasts.
AT_ONCE = 2
MOST_UNDER_WAY = 50
_RETRY_AFTER_SECONDS = 5.0


class PasswordWork:
    """That of one process."""

    def __init__(self) -> None:
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._under_way = 0

    async def hash(self, password: str) -> str:
        """Return what is stored of a password; raise RateLimited where too many wait already."""
        return await self._work(lambda: hash_password(password))

    async def is_right(self, password: str, stored: str | None) -> bool:
        """Return whether a password is the one that is stored, None for nobody's; raise RateLimited as above."""
        return await self._work(lambda: is_password(password, stored))

    async def _work(self, work: Callable[[], ResultT]) -> ResultT:
        if self._under_way >= MOST_UNDER_WAY:
            message = f"too many sign in at the moment: try again in {_RETRY_AFTER_SECONDS:g} s"
            raise RateLimited(message, retry_after_seconds=_RETRY_AFTER_SECONDS)
        self._under_way += 1
        # A client that leaves does not free a thread that goes on working.
        return await asyncio.shield(self._take_turn(work))

    def _take_turn(self, work: Callable[[], ResultT]) -> asyncio.Task[ResultT]:
        async def turn() -> ResultT:
            try:
                async with self._turns:
                    return await asyncio.to_thread(work)
            finally:
                self._under_way -= 1

        return asyncio.create_task(turn())
