"""The watch notices by itself, and is asked by who comes before it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from core.blindness.loop_watch import LoopWatch
from core.blindness.machine_clocks import read_clocks
from core.blindness.standstill import Cause, Reading

PATIENCE_SECONDS = 30


@pytest.fixture
async def shaken() -> list[float]:
    return []


@pytest.fixture
async def watch(shaken: list[float]) -> AsyncIterator[LoopWatch]:
    made = LoopWatch(on_shaken=lambda: shaken.append(time.monotonic()))
    stopping = asyncio.Event()
    running = asyncio.create_task(made.run(stopping))
    await asyncio.sleep(0)
    yield made
    stopping.set()
    await running


async def test_a_call_that_blocks_the_loop_is_noticed_by_whoever_asks_right_after_it(
    watch: LoopWatch, shaken: list[float]
) -> None:
    began = watch.look()

    time.sleep(0.4)

    ended = watch.look()
    assert began < watch.seeing_since <= ended
    assert watch.last is not None
    assert watch.last.cause is Cause.STALL
    assert watch.last.seconds >= 0.4


async def test_a_call_that_blocks_the_loop_is_noticed_without_being_asked_for(watch: LoopWatch) -> None:
    began = time.monotonic()

    time.sleep(0.4)

    async with asyncio.timeout(PATIENCE_SECONDS):
        while watch.seeing_since < began:
            await asyncio.sleep(0)


async def test_before_it_runs_and_after_it_ended_nothing_counts_as_lost() -> None:
    made = LoopWatch()
    time.sleep(0.3)
    made.look()
    stopping = asyncio.Event()
    stopping.set()
    await made.run(stopping)
    time.sleep(0.3)
    made.look()
    made.look_closely()

    assert made.last is None


async def test_a_sleep_of_the_machine_and_a_jump_of_its_clock_shake_all_that_goes_by_time() -> None:
    clocks = [read_clocks()]
    shaken: list[bool] = []
    watch = LoopWatch(on_shaken=lambda: shaken.append(True), read=lambda: clocks[-1])
    stopping = asyncio.Event()
    running = asyncio.create_task(watch.run(stopping))
    await asyncio.sleep(0)

    def pass_time(reading: Reading) -> Cause | None:
        clocks.append(reading)
        watch.look_closely()
        return watch.last.cause if watch.last else None

    asleep = replace(clocks[-1], boot=clocks[-1].boot + 3600, wall=clocks[-1].wall + 3600)
    assert pass_time(asleep) is Cause.SUSPEND
    assert pass_time(replace(asleep, wall=asleep.wall - 30)) is Cause.CLOCK_JUMP
    assert shaken == [True, True]
    stopping.set()
    await running
