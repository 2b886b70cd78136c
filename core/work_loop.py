"""The loop of a component that works in rounds: at once while there is work, else when woken or by polling."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import asyncpg

from core.log import get_logger
from core.wakeup import Wakeup

POLL_SECONDS = 1.0
_FIRST_PAUSE_SECONDS = 0.25
_LONGEST_PAUSE_SECONDS = 5.0

# What a connection that was lost, or a server that is away, is told by.
CONNECTION_ERRORS = (
    OSError,
    TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.CannotConnectNowError,
    asyncpg.TooManyConnectionsError,
)

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
        try:
            done = await step()
        except CONNECTION_ERRORS as error:
            log.warning("database.unreachable", component=name, error=str(error) or type(error).__name__)
        except Exception:  # A round's fault must not end the component
            log.exception("round.failed", component=name)
        else:
            pause = _FIRST_PAUSE_SECONDS
            if not done:
                await _wake(wakeup, stopping, poll_seconds)
            continue
        await _set_within(stopping, pause)
        pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)


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
