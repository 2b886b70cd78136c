"""The one clock: what a measurement says, and when it is not relied on."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from core.blindness.machine_clocks import read_clocks, steady_seconds
from core.clock import ManualClock, MeasuredClock
from core.db.clock_keeper import ClockKeeper
from core.db.database import Database


@pytest.fixture
def measured() -> Iterator[MeasuredClock]:
    """A clock that was measured a moment ago, and is an hour ahead of this machine."""
    clock = MeasuredClock()
    now = steady_seconds()
    clock.measured(clock.now() + timedelta(hours=1), now, now)
    return clock


def test_an_answer_that_took_long_does_not_make_a_good_clock_worse(measured: MeasuredClock) -> None:
    before, asked_at = measured.now(), steady_seconds()
    # The answer came at once, and was read a minute later: this process had been stopped.
    measured.measured(before, asked_at - 0.001, asked_at + 60)

    assert abs(measured.now() - before) < timedelta(seconds=20)


def test_an_answer_that_contradicts_the_clock_is_believed(measured: MeasuredClock) -> None:
    asked_at = steady_seconds()
    truth = measured.now() - timedelta(hours=1)

    measured.measured(truth, asked_at - 0.01, asked_at + 0.01)

    assert abs(measured.now() - truth) < timedelta(seconds=20)


async def test_after_a_sleep_or_a_jump_the_clock_waits_for_its_measurement() -> None:
    reading = read_clocks()
    clock = MeasuredClock(read=lambda: reading)
    doubts: list[bool] = []
    clock.on_doubt = lambda: doubts.append(True)
    await clock.settled()
    reading = replace(reading, wall=reading.wall + 3)

    waiting = asyncio.ensure_future(clock.settled())
    await asyncio.sleep(0)
    assert (waiting.done(), doubts) == (False, [True])

    now = steady_seconds()
    clock.measured(clock.now(), now, now)
    await waiting
    await clock.settled()
    assert doubts == [True]


async def test_whoever_waits_for_a_database_that_is_away_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.clock._LONGEST_DOUBT_SECONDS", 0.01)
    clock = MeasuredClock()
    clock.doubt()

    with pytest.raises(TimeoutError):
        await clock.settled()


async def test_the_keeper_measures_at_once_what_is_in_doubt(database: Database) -> None:
    clock = MeasuredClock()
    stopping = asyncio.Event()
    keeping = asyncio.create_task(ClockKeeper(database=database, clock=clock).run(stopping))
    for _ in range(3):
        clock.doubt()
        async with asyncio.timeout(30):
            while True:
                try:
                    await clock.settled()
                    break
                except TimeoutError:
                    continue
    stopping.set()
    await keeping


async def test_a_clock_that_the_test_moves_is_always_relied_on(clock: ManualClock) -> None:
    await clock.settled()
