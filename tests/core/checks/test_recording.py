"""T1 on a real PostgreSQL: the fold in SQL is the pure one, and what it flips is judged."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from itertools import pairwise
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.checks.coverage import reach
from core.checks.finding import Finding
from core.checks.fold import Confirmation, Look, fold, is_unconfirmed
from core.checks.recorder import record_findings
from core.checks.region_state import RegionState
from core.incidents.judgement import judge
from core.monitors.status import MonitorStatus
from plugins.api.outcome import Assertion, CheckStatus, IncidentKind, RootCause, Timings
from tests.core.engine_world import DEGRADED, DOWN, NO_REGION, UNKNOWN, UP, EngineWorld, assert_sound

Key = tuple[UUID, int]


def look_of(finding: Finding, now: datetime) -> Look:
    return Look(
        reach=reach(interval_seconds=5, timeout_seconds=1),
        recorded_at=now,
        slot=finding.slot,
        status=finding.outcome.status,
        config_revision=finding.config_revision,
        asks_expiry=finding.outcome.incident_kind is IncidentKind.EXPIRY,
    )


class _Oracle:
    """Folds purely what the database folds in SQL."""

    def __init__(self, confirmations: dict[UUID, Confirmation]) -> None:
        self.confirmations = confirmations
        self.states: dict[Key, RegionState] = {}

    def take(self, findings: Sequence[Finding], revision: int, now: datetime) -> set[Key]:
        """Return whose streaks the last of these leave unconfirmed."""
        unconfirmed = set()
        for finding in sorted(findings, key=lambda finding: finding.slot):
            key = (finding.monitor_id, finding.region_id)
            if finding.config_revision != revision:
                continue
            before = self.states.get(key)
            after = fold(before, look_of(finding, now), self.confirmations[finding.monitor_id])
            if after is not before and is_unconfirmed(after):
                unconfirmed.add((*key, finding.slot))
            self.states[key] = after
        return unconfirmed


_LOOKS = st.lists(
    st.tuples(
        st.integers(0, 3),  # monitor
        st.integers(1, 3),  # region
        st.integers(0, 30),  # slot, so that some are late or repeated, or come after a time without any
        st.sampled_from([UP, UP, DEGRADED, DOWN, DOWN, UNKNOWN]),
        st.booleans(),  # asks for EXPIRY
        st.sampled_from([1, 1, 1, 0]),  # the configuration's revision
    ),
    min_size=1,
    max_size=12,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    batches=st.lists(st.tuples(_LOOKS, st.integers(0, 12)), min_size=1, max_size=8),
    opens=st.integers(1, 3),
    closes=st.integers(1, 3),
)
async def test_the_fold_in_sql_is_the_pure_fold(
    world: EngineWorld,
    batches: list[tuple[list[tuple[int, int, int, CheckStatus, bool, int]], int]],
    opens: int,
    closes: int,
) -> None:
    monitors = [
        await world.monitor(
            regions=(1, 2, 3),
            failures_to_open=opens,
            successes_to_close=closes,
            regions_to_agree=2,
            interval_seconds=5,
            timeout_seconds=1,
        )
        for _ in range(4)
    ]
    oracle = _Oracle(dict.fromkeys(monitors, Confirmation(failures_to_open=opens, successes_to_close=closes)))
    start = world.clock.now()
    for batch, passes_seconds in batches:
        now = world.clock.advance(passes_seconds)
        once = {}
        for monitor, region, slot, status, asks, revision in batch:
            at = start + timedelta(seconds=slot)
            finding = world.finding(
                monitors[monitor], status, slot=at, region_id=region, asks_expiry=asks, revision=revision
            )
            # Two findings of one slot in a batch have no order; the recorder never sees them.
            once[monitor, region, slot] = finding

        recorded = await world.record(*once.values())

        expected = oracle.take(list(once.values()), revision=1, now=now)
        assert {(u.monitor_id, u.region_id, u.slot) for u in recorded.unconfirmed} == expected
        states = await world.region_states()
        assert {key: state for key, state in states.items() if key[0] in monitors} == oracle.states
    await assert_sound(world.database)


async def test_a_check_is_stored_with_its_phases(world: EngineWorld) -> None:
    monitor = await world.monitor()
    timings = Timings(
        total_ms=12.5, dns_ms=1.25, connect_ms=2, tls_ms=None, first_byte_ms=9, transfer_ms=0.001
    )

    await world.record(world.finding(monitor, UP, response_time_ms=12.5, timings=timings, status_code=204))

    [row] = await world.fetch("SELECT * FROM checks WHERE monitor_id = $1", monitor)
    phases = (
        "response_us",
        "dns_us",
        "connect_us",
        "tls_us",
        "first_byte_us",
        "transfer_us",
        "status_code",
        "error",
    )
    assert [row[name] for name in phases] == [12500, 1250, 2000, None, 9000, 1, 204, None]


async def test_evidence_is_kept_on_failure_and_on_change_only(world: EngineWorld) -> None:
    monitor = await world.monitor()
    told = {"evidence": {"body": ["x"]}, "assertions": (Assertion(name="status", passed=True, actual="200"),)}

    slots = await world.look(monitor, UP, UP, DOWN, DOWN, UP, UP, **told)

    rows = await world.fetch("SELECT slot, assertions, evidence FROM check_details ORDER BY slot")
    assert [row["slot"] for row in rows] == [slots[0], *slots[2:5]]
    assert rows[0]["evidence"] == {"body": ["x"]}
    assert rows[0]["assertions"] == [{"name": "status", "passed": True, "expected": None, "actual": "200"}]


async def test_what_a_second_worker_saw_of_a_slot_tells_nothing_of_the_check_of_the_first(
    world: EngineWorld,
) -> None:
    monitor = await world.monitor()
    [slot] = await world.look(monitor, UP)

    late = world.finding(monitor, DOWN, slot=slot, evidence={"body": "gone"})
    await world.record(replace(late, checked_at=slot + timedelta(seconds=30)))

    assert await world.fetch("SELECT status FROM checks") == [(1,)]
    assert await world.fetch("SELECT * FROM check_details") == []


async def test_facts_are_kept_for_the_next_check_and_late_ones_are_not(world: EngineWorld) -> None:
    monitor = await world.monitor()
    early = world.clock.now()
    await world.look(monitor, UP, facts={"serial": "1"})

    await world.record(world.finding(monitor, UP, slot=early, facts={"serial": "0"}))

    assert await world.value("SELECT facts FROM probe_facts") == {"serial": "1"}


async def test_checks_of_deleted_monitors_are_dropped_and_those_of_paused_ones_change_nothing(
    world: EngineWorld,
) -> None:
    deleted, paused = await world.monitor(), await world.monitor(is_paused=True)
    await world.fetch("UPDATE monitors SET deleted_at = $2 WHERE id = $1", deleted, world.clock.now())

    await world.record(world.finding(deleted, DOWN), world.finding(paused, DOWN))

    assert [row["monitor_id"] for row in await world.fetch("SELECT monitor_id FROM checks")] == [paused]
    assert await world.region_states() == {}


async def test_findings_of_one_monitor_in_one_batch_are_applied_in_the_order_of_their_slots(
    world: EngineWorld,
) -> None:
    monitor = await world.monitor()
    slots = [world.clock.advance(20) for _ in range(4)]
    findings = [world.finding(monitor, s, slot=at) for s, at in zip((UP, DOWN, DOWN, UP), slots, strict=True)]

    recorded = await world.record(*reversed(findings))

    [incident] = await world.incidents(monitor)
    assert (incident["started_at"], incident["resolved_at"]) == (slots[1], slots[3])
    assert recorded.transitions == 2


async def test_a_passive_monitor_is_down_at_its_first_failure(world: EngineWorld) -> None:
    monitor = await world.monitor(is_passive=True, failures_to_open=3, successes_to_close=3)
    await world.look(monitor, UP, DOWN, region_id=NO_REGION)

    [incident] = await world.incidents(monitor)
    assert (incident["status"], incident["region_ids"]) == ("OPEN", [])
    await world.look(monitor, UP, region_id=NO_REGION)
    assert (await world.incidents(monitor))[0]["status"] == "RESOLVED"


async def test_the_deciding_finding_names_the_cause(world: EngineWorld) -> None:
    monitor = await world.monitor()
    await world.look(monitor, UP, DOWN)

    await world.look(monitor, DOWN, root_cause=RootCause.DNS_FAILURE, message="no such name")

    [incident] = await world.incidents(monitor)
    assert (incident["root_cause"], incident["root_cause_detail"]) == ("DNS_FAILURE", "no such name")


async def test_recorders_that_share_monitors_end_in_the_same_state(world: EngineWorld) -> None:
    chance = random.Random(7)
    monitors = [
        await world.monitor(
            regions=(1, 2, 3), regions_to_agree=chance.choice((1, 2)), failures_to_open=chance.choice((1, 2))
        )
        for _ in range(25)
    ]
    start = world.clock.now()

    async def recorder(region: int, seed: int) -> None:
        mine = random.Random(seed)
        for number in range(20):
            slot = start + timedelta(seconds=number)
            chosen = mine.sample(monitors, 18)
            batch = [
                world.finding(m, mine.choice((UP, UP, DOWN, DOWN, DEGRADED)), slot=slot, region_id=region)
                for m in chosen
            ]
            await world.database.in_transaction(
                partial(record_findings, findings=batch, now=world.clock.now())
            )

    # Two recorders share region 1, as two workers do.
    await asyncio.gather(recorder(1, 1), recorder(1, 2), recorder(2, 3), recorder(3, 4))

    await assert_sound(world.database)
    for monitor in monitors:
        await _assert_judgement_is_up_to_date(world, monitor)


async def _assert_judgement_is_up_to_date(world: EngineWorld, monitor: UUID) -> None:
    """Judge again: what is judged already changes nothing."""
    before = await world.intervals(monitor)
    async with world.database.transaction() as connection:
        await judge(connection, [monitor], now=world.clock.now())
    assert await world.intervals(monitor) == before


async def test_intervals_stay_contiguous_over_random_lives(world: EngineWorld) -> None:
    chance = random.Random(11)
    monitors = [await world.monitor(successes_to_close=chance.choice((1, 2))) for _ in range(10)]
    for _ in range(60):
        world.clock.advance(20)
        await world.record(
            *(
                world.finding(
                    m, chance.choice((UP, DOWN, DEGRADED, UNKNOWN)), asks_expiry=chance.random() < 0.3
                )
                for m in monitors
            )
        )
    await assert_sound(world.database)
    for monitor in monitors:
        statuses = [interval[0] for interval in await world.intervals(monitor)]
        assert all(a is not b for a, b in pairwise(statuses))


async def test_the_recorder_that_waited_for_a_monitor_judges_by_what_the_other_has_stored(
    world: EngineWorld,
) -> None:
    monitor = await world.monitor(regions=(1, 2), regions_to_agree=2, failures_to_open=1)
    await world.record(*(world.finding(monitor, UP, region_id=region) for region in (1, 2)))
    world.clock.advance(20)

    first_has_judged = asyncio.Event()

    async def record_second() -> None:
        await first_has_judged.wait()
        await world.record(world.finding(monitor, DOWN, region_id=2))

    second = asyncio.create_task(record_second())  # outside of the first's transaction
    async with world.database.transaction() as first:
        await record_findings(first, [world.finding(monitor, DOWN, region_id=1)], now=world.clock.now())
        first_has_judged.set()
        await _until_somebody_waits_for_a_lock(world)

    await second
    assert await world.status(monitor) is MonitorStatus.DOWN


async def test_recorders_of_the_same_monitors_in_different_order_do_not_deadlock(world: EngineWorld) -> None:
    monitors = [await world.monitor() for _ in range(600)]  # with fewer, unsorted ones seldom meet
    start = world.clock.now()

    async def recorder(order: list[UUID]) -> None:
        for number in range(6):
            slot = start + timedelta(seconds=number)
            async with world.database.transaction() as connection:
                # A hash join would sort by itself what the statement has to sort.
                await connection.execute("SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off")
                findings = [
                    world.finding(monitor, UP if number % 3 else DOWN, slot=slot) for monitor in order
                ]
                await record_findings(connection, findings, now=slot)

    await asyncio.gather(recorder(monitors), recorder(monitors[::-1]), recorder(sorted(monitors)))

    await assert_sound(world.database)


async def _until_somebody_waits_for_a_lock(world: EngineWorld) -> None:
    async with asyncio.timeout(10):
        while not await world.value("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)"):
            await asyncio.sleep(0.01)
