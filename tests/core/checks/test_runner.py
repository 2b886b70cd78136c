"""Whatever a probe does becomes one finding."""

from __future__ import annotations

import asyncio
import errno
import logging
import threading
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from core.checks.finding import Finding
from core.checks.runner import CheckRunner
from core.clock import ManualClock
from core.ids import new_id
from core.scheduling.leases import Claim
from plugins.api.outbound import ConnectFailed, LocalFault, Outbound
from plugins.api.outcome import CheckStatus, Outcome, RootCause
from plugins.api.probe import ProbeContext
from tests.core.probe_plugin import Bell, BellConfig

UP = Outcome(status=CheckStatus.UP)


class Bench:
    """A runner, the bell it rings, and what it submitted."""

    def __init__(self, clock: ManualClock, **options: Any) -> None:
        self.bell = Bell()
        self.findings: list[Finding] = []
        self.submitted = asyncio.Event()
        self.runner = CheckRunner(
            registry=self.bell.registry(),
            outbound=Outbound(),
            clock=clock,
            submit=self._submit,
            region_key="local",
            **options,
        )
        self.claim = Claim(
            monitor_id=new_id(clock.now()),
            region_id=1,
            slot=clock.now(),
            lease_until=clock.now(),
            kind="bell",
            config={"tower": "south"},
            config_revision=1,
            timeout_seconds=5,
            previous_facts=None,
        )

    async def _submit(self, finding: Finding) -> None:
        self.findings.append(finding)
        self.submitted.set()

    def raises(self, error: BaseException) -> None:
        async def look(_config: BellConfig, _context: ProbeContext) -> Outcome:
            raise error

        self.bell.look = look


@pytest.fixture
async def bench(clock: ManualClock) -> AsyncIterator[Bench]:
    made = Bench(clock)
    yield made
    await made.runner.finish(0)


async def test_a_probe_gets_its_configuration_and_all_it_may_use(bench: Bench) -> None:
    towers = []

    async def look(config: BellConfig, context: ProbeContext) -> Outcome:
        towers.append(config.tower)
        return UP

    bench.bell.look = look

    assert await bench.runner.find(replace(bench.claim, previous_facts={"tone": "a"})) == UP
    [context] = bench.bell.contexts
    assert (towers, context.timeout_seconds, context.region) == (["south"], 5, "local")
    assert context.previous_facts == {"tone": "a"}


async def test_a_probe_that_takes_too_long_is_down_with_that_reason(bench: Bench) -> None:
    ended = asyncio.Event()

    async def look(_config: BellConfig, _context: ProbeContext) -> Outcome:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()
        return UP

    bench.bell.look = look

    outcome = await bench.runner.find(replace(bench.claim, timeout_seconds=0))  # too short for anything

    assert (outcome.status, outcome.message) == (CheckStatus.DOWN, "timed out after 0 s")
    assert outcome.root_cause is RootCause.NETWORK_TIMEOUT
    assert ended.is_set()


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (ValueError("too loud"), "probe bell crashed: ValueError: too loud"),
        (KeyError(), "probe bell crashed: KeyError"),
        (TimeoutError("its own"), "probe bell crashed: TimeoutError: its own"),
        (SystemExit(3), "probe bell crashed: SystemExit: 3"),
        (KeyboardInterrupt(), "probe bell crashed: KeyboardInterrupt"),
        (asyncio.CancelledError(), "probe bell crashed: CancelledError"),
        (LocalFault("no descriptors left"), "no descriptors left"),
        (OSError(errno.EMFILE, "Too many open files"), "this process has no file descriptors left"),
        (MemoryError(), "this machine has no memory left"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else "",
)
async def test_a_crash_is_unknown_and_never_a_failure_of_the_target(
    bench: Bench, error: BaseException, message: str
) -> None:
    bench.raises(error)

    assert await bench.runner.find(bench.claim) == Outcome(status=CheckStatus.UNKNOWN, message=message)


async def test_an_outbound_error_that_a_probe_lets_pass_is_the_targets_failure(bench: Bench) -> None:
    bench.raises(ConnectFailed("connection refused"))

    outcome = await bench.runner.find(bench.claim)

    assert (outcome.status, outcome.message) == (CheckStatus.DOWN, "connection refused")
    assert outcome.root_cause is RootCause.INFRASTRUCTURE


async def test_a_crash_is_logged_for_the_operator(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    bench.raises(ValueError("too loud"))
    with caplog.at_level(logging.ERROR):
        await bench.runner.find(bench.claim)

    assert [record.message for record in caplog.records] == ["probe.crashed"]


async def test_what_is_no_outcome_is_a_crash(bench: Bench) -> None:
    async def look(_config: BellConfig, _context: ProbeContext) -> Any:
        return "fine"

    bench.bell.look = look

    outcome = await bench.runner.find(bench.claim)
    assert outcome.message == "probe bell crashed: TypeError: returned str instead of an outcome"


async def test_a_kind_that_is_not_loaded_is_unknown_with_its_name(bench: Bench) -> None:
    outcome = await bench.runner.find(replace(bench.claim, kind="whistle"))

    assert outcome == Outcome(status=CheckStatus.UNKNOWN, message="the probe kind whistle is not loaded")


async def test_a_stored_configuration_that_no_longer_fits_is_unknown_with_its_field(bench: Bench) -> None:
    outcome = await bench.runner.find(replace(bench.claim, config={"tower": 7, "height": 1}))

    assert outcome.status is CheckStatus.UNKNOWN
    assert outcome.message is not None
    assert "tower must be a text" in outcome.message


async def test_memory_lasts_as_long_as_the_configuration(bench: Bench) -> None:
    async def look(_config: BellConfig, context: ProbeContext) -> Outcome:
        context.memory["rung"] = context.memory.get("rung", 0) + 1
        return UP

    bench.bell.look = look
    for claim in (bench.claim, bench.claim, replace(bench.claim, config_revision=2)):
        await bench.runner.find(claim)

    first, second, third = (context.memory for context in bench.bell.contexts)
    assert (first, first is second, third) == ({"rung": 2}, True, {"rung": 1})


async def test_memory_is_bounded(clock: ManualClock) -> None:
    bench = Bench(clock, most_remembered=2)
    others = [replace(bench.claim, monitor_id=new_id(clock.now())) for _ in range(2)]
    for claim in (bench.claim, *others, bench.claim):
        await bench.runner.find(claim)

    assert bench.bell.contexts[0].memory is not bench.bell.contexts[3].memory
    await bench.runner.finish(0)


async def test_facts_that_did_not_change_are_not_stored_again(bench: Bench) -> None:
    async def look(_config: BellConfig, _context: ProbeContext) -> Outcome:
        return Outcome(status=CheckStatus.UP, facts={"tone": "a"})

    bench.bell.look = look

    assert (await bench.runner.find(bench.claim)).facts == {"tone": "a"}
    assert (await bench.runner.find(replace(bench.claim, previous_facts={"tone": "a"}))).facts is None


async def test_blocking_work_runs_in_a_thread(bench: Bench) -> None:
    async def look(_config: BellConfig, context: ProbeContext) -> Outcome:
        name = await context.run_blocking(lambda prefix: prefix + threading.current_thread().name, "in ")
        return Outcome(status=CheckStatus.UP, message=name)

    bench.bell.look = look

    assert (await bench.runner.find(bench.claim)).message == "in probe_0"


async def test_a_look_that_was_started_is_submitted_and_makes_room(clock: ManualClock) -> None:
    bench = Bench(clock, most_at_once=1)
    finished = asyncio.Event()
    bench.runner.on_finished = finished.set

    bench.runner.start(bench.claim)

    assert (bench.runner.room, bench.runner.under_way) == (0, (bench.claim,))
    await finished.wait()
    assert bench.runner.room == 1
    [finding] = bench.findings
    assert (finding.monitor_id, finding.slot, finding.outcome) == (
        bench.claim.monitor_id,
        bench.claim.slot,
        UP,
    )
    await bench.runner.finish(0)


async def test_a_probe_that_ignores_its_cancellation_is_given_up(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.checks.runner.PATIENCE_SECONDS", 0.0)
    release = asyncio.Event()

    async def look(_config: BellConfig, _context: ProbeContext) -> Outcome:
        while not release.is_set():
            try:
                await release.wait()
            except asyncio.CancelledError:
                continue
        return UP

    bench.bell.look = look
    bench.runner.start(replace(bench.claim, timeout_seconds=0))
    await bench.bell.rung.wait()

    assert await bench.runner.abandon_overdue() == 1

    assert bench.runner.under_way == ()
    release.set()
    await bench.runner.finish(1)
    assert [finding.outcome.status for finding in bench.findings] == [CheckStatus.DOWN]


async def test_what_is_not_done_at_the_end_is_cancelled_and_named(bench: Bench) -> None:
    async def look(_config: BellConfig, _context: ProbeContext) -> Outcome:
        await asyncio.Event().wait()
        return UP

    bench.bell.look = look
    bench.runner.start(bench.claim)
    await bench.bell.rung.wait()

    assert await bench.runner.finish(0.01) == (bench.claim,)
    assert bench.findings == []
