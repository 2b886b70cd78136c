"""The loop of a component that works in rounds: at once while there is work, else when woken or by polling."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from core.db.absence import CONNECTION_ERRORS, is_absence
from core.db.contention import CONTENTION
from core.errors import Contended
from core.log import get_logger
from core.wakeup import Wakeup

POLL_SECONDS = 1.0
_FIRST_PAUSE_SECONDS = 0.25
_LONGEST_PAUSE_SECONDS = 5.0
# A database that is back is found soon.
_LONGEST_ABSENCE_PAUSE_SECONDS = 2.0

ResultT = TypeVar("ResultT")

log = get_logger(__name__)


async def work_in_rounds(
    step: Callable[[], Awaitable[int]],
    *,
    name: str,
    wakeup: Wakeup,
    stopping: asyncio.Event,
    poll_seconds: float = POLL_SECONDS,
) -> None:
    """Run rounds until `stopping` is set. `step` returns how much it did; zero means that nothing was left.

    A round that fails is logged and repeated after a pause that doubles; it never ends the loop.
    """
    pause = _FIRST_PAUSE_SECONDS
    while not stopping.is_set():
        longest = _LONGEST_PAUSE_SECONDS
        try:
            done = await step()
        except (*CONNECTION_ERRORS, *CONTENTION, Contended) as error:
            tell_of_repeat("round.repeats", error, component=name)
            longest = _LONGEST_ABSENCE_PAUSE_SECONDS
        except Exception:  # A round's fault must not end the component
            log.exception("round.failed", component=name)
        else:
            pause = _FIRST_PAUSE_SECONDS
            if not done:
                await _wake(wakeup, stopping, poll_seconds)
            continue
        await _set_within(stopping, pause)
        pause = min(pause * 2, longest)


async def when_reached(attempt: Callable[[], Awaitable[ResultT]], stopping: asyncio.Event) -> ResultT | None:
    """Repeat what needs the database until it is there; return its result, or None if `stopping` is set before."""
    while not stopping.is_set():
        try:
            return await attempt()
        except CONNECTION_ERRORS as error:
            tell_of_repeat("database.awaited", error)
        await _set_within(stopping, _LONGEST_ABSENCE_PAUSE_SECONDS)
    return None


def tell_of_repeat(event: str, error: Exception, **fields: object) -> None:
    """Log why something is done again; not that the database is away, which `Reach` says once for all."""
    tell = log.debug if is_absence(error) else log.warning
    tell(event, error=" ".join(str(error).split()) or type(error).__name__, **fields)


async def _wake(wakeup: Wakeup, stopping: asyncio.Event, seconds: float) -> None:
    """Sleep until woken, until the time is up, or until the end has come."""
    waits = {asyncio.ensure_future(wakeup.wait(seconds)), asyncio.ensure_future(stopping.wait())}
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
        await asyncio.gather(*waits, return_exceptions=True)


async def _set_within(stopping: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(stopping.wait(), seconds)
    except TimeoutError:
        return
