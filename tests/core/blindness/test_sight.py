"""Looks that were under way while the loop stood: real looks, a real blocking call."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from core.blindness.canaries import Canaries
from core.blindness.connectivity import Connectivity
from core.blindness.known_up import KnownUp
from core.blindness.loop_watch import LoopWatch
from core.blindness.machine_clocks import read_clocks
from core.blindness.sight import Sight
from core.checks.finding import Finding
from core.checks.runner import CheckRunner
from core.clock import ManualClock
from core.ids import new_id
from core.scheduling.leases import Claim
from plugins.api.outbound import Outbound
from plugins.api.outcome import CheckStatus, Outcome, Timings
from plugins.api.probe import ProbeContext
from tests.core.probe_plugin import Bell, BellConfig

STOOD_STILL = re.compile(r"could not look: this process stood still for \d+\.\d s")


class Bench:
    """A runner whose looks the test decides, and what it submitted."""

    def __init__(self, clock: ManualClock, watch: LoopWatch) -> None:
        self.bell = Bell()
        self.findings: asyncio.Queue[Finding] = asyncio.Queue()
        self.runner = CheckRunner(
            registry=self.bell.registry(),
            outbound=Outbound(),
            clock=clock,
            submit=self.findings.put,
            sight=Sight(watch, Connectivity(Canaries((), Outbound()), known_up=KnownUp())),
        )
        self.claim = Claim(
            monitor_id=new_id(clock.now()),
            region_id=1,
            slot=clock.now(),
            lease_until=clock.now(),
            kind="bell",
            config={},
            config_revision=1,
            timeout_seconds=30,
            previous_facts=None,
        )

    async def outcome_of(self, found: Outcome, *, blocks: bool) -> Outcome:
        """Return what is submitted of a look that finds this, with the loop blocked meanwhile or not."""

        async def look(_config: BellConfig, _context: ProbeContext) -> Outcome:
            if blocks:
                time.sleep(0.3)
            return found

        self.bell.look = look
        self.runner.start(self.claim)
        return (await self.findings.get()).outcome


@pytest.fixture
async def watch() -> AsyncIterator[LoopWatch]:
    made = LoopWatch()
    stopping = asyncio.Event()
    running = asyncio.create_task(made.run(stopping))
    await asyncio.sleep(0)
    yield made
    stopping.set()
    await running


@pytest.fixture
async def bench(clock: ManualClock, watch: LoopWatch) -> AsyncIterator[Bench]:
    made = Bench(clock, watch)
    yield made
    await made.runner.finish(0)


@pytest.mark.parametrize(
    "found",
    [
        Outcome(status=CheckStatus.DOWN, message="connection refused"),
        Outcome(status=CheckStatus.DEGRADED, message="answered in 300 ms, slower than 200 ms"),
    ],
    ids=["failed", "slow"],
)
async def test_what_failed_or_was_slow_while_the_loop_stood_is_unknown(bench: Bench, found: Outcome) -> None:
    outcome = await bench.outcome_of(found, blocks=True)

    assert outcome.status is CheckStatus.UNKNOWN
    assert STOOD_STILL.fullmatch(outcome.message or "")


async def test_a_success_stays_one_without_the_time_that_nobody_measured(bench: Bench) -> None:
    found = Outcome(
        status=CheckStatus.UP, response_time_ms=310.0, timings=Timings(total_ms=310.0), status_code=200
    )

    assert await bench.outcome_of(found, blocks=True) == Outcome(status=CheckStatus.UP, status_code=200)


async def test_what_was_unknown_anyway_keeps_its_reason(bench: Bench) -> None:
    found = Outcome(status=CheckStatus.UNKNOWN, message="no resolver answered in time for shop.example")

    assert await bench.outcome_of(found, blocks=True) == found


async def test_a_probe_that_runs_out_of_time_because_the_loop_stood_is_unknown(bench: Bench) -> None:
    async def look(_config: BellConfig, _context: ProbeContext) -> Outcome:
        time.sleep(0.4)
        await asyncio.Event().wait()
        return Outcome(status=CheckStatus.UP)

    bench.bell.look = look
    bench.runner.start(replace(bench.claim, timeout_seconds=0))

    outcome = (await bench.findings.get()).outcome
    assert STOOD_STILL.fullmatch(outcome.message or "")


async def test_looks_that_begin_after_a_standstill_count(clock: ManualClock) -> None:
    reading = read_clocks()  # a machine so quiet that no time passes at all but what the test makes pass
    watch = LoopWatch(read=lambda: reading)
    stopping = asyncio.Event()
    running = asyncio.create_task(watch.run(stopping))
    await asyncio.sleep(0)
    reading = replace(reading, boot=reading.boot + 100, wall=reading.wall + 100)
    watch.look_closely()
    bench = Bench(clock, watch)
    found = Outcome(status=CheckStatus.DOWN, message="connection refused", response_time_ms=1.0)

    assert watch.last is not None
    assert await bench.outcome_of(found, blocks=False) == found
    await bench.runner.finish(0)
    stopping.set()
    await running


async def test_a_look_that_a_standstill_made_late_is_not_given_up_before_it_could_notice(
    bench: Bench, watch: LoopWatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = asyncio.Event()

    async def look(_config: BellConfig, _context: ProbeContext) -> Any:
        started.set()
        await asyncio.Event().wait()

    bench.bell.look = look
    monkeypatch.setattr("core.checks.runner.PATIENCE_SECONDS", 0.2)
    bench.runner.start(replace(bench.claim, timeout_seconds=0))
    await started.wait()
    monkeypatch.setattr("core.checks.runner.PATIENCE_SECONDS", 60.0)
    time.sleep(0.3)
    watch.look()

    assert await bench.runner.abandon_overdue() == 0
    assert (await bench.findings.get()).outcome.status is CheckStatus.UNKNOWN
