"""Time without looks is UNKNOWN, to the millisecond, and nothing is concluded over it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.ids import to_unix_ms
from core.incidents.coverage_sweep import PATIENCE, CoverageSweep
from core.monitors.status import MonitorStatus
from core.statistics.uptime import StatusInterval, uptime_between
from plugins.api.outcome import CheckStatus
from tests.core.engine_world import DEGRADED, DOWN, UNKNOWN, UP, EngineWorld, assert_sound

S = MonitorStatus
# Interval 60 s, timeout 10 s, and the tolerance: EngineWorld's monitors, unless told otherwise.
REACH = timedelta(seconds=75)
HOUR = 3600


@pytest.fixture
def sweep(world: EngineWorld) -> CoverageSweep:
    return CoverageSweep(database=world.database, clock=world.clock)


async def sweep_patiently(world: EngineWorld, sweep: CoverageSweep) -> int:
    """Sweep as a worker does that was there all the time; return what was found in all."""
    found = await sweep.step()
    for _ in range(3):
        world.clock.advance(5)
        found += await sweep.step()
    return found


async def timeline(world: EngineWorld, monitor: UUID) -> list[tuple[MonitorStatus, int]]:
    """Return the statuses and the Unix milliseconds of their beginnings, without the PENDING at first."""
    await assert_sound(world.database)
    return [(status, from_ms) for status, from_ms, _, _ in (await world.intervals(monitor))[1:]]


def ms(moment: datetime) -> int:
    return to_unix_ms(moment)


async def test_the_look_after_a_time_without_any_writes_it_down_exactly(world: EngineWorld) -> None:
    monitor = await world.monitor()
    [last] = await world.look(monitor, UP)
    world.clock.advance(HOUR)

    [first] = await world.look(monitor, UP)

    assert await timeline(world, monitor) == [
        (S.UP, ms(last)),
        (S.UNKNOWN, ms(last + REACH)),
        (S.UP, ms(first)),
    ]
    assert await world.value("SELECT since_ms FROM monitor_states") == ms(first)
    intervals = [
        StatusInterval(from_ms=from_ms, to_ms=to_ms, status=status)
        for status, from_ms, to_ms, _ in await world.intervals(monitor)
    ]
    uptime = uptime_between(intervals, ms(last), ms(first) + 1000)
    assert (uptime.unknown_ms, uptime.down_ms) == (ms(first) - ms(last + REACH), 0)
    changes = [
        tuple(row) for row in await world.fetch("SELECT previous_status, status FROM events ORDER BY id")
    ]
    assert changes == [(S.PENDING, S.UP), (S.UP, S.UNKNOWN), (S.UNKNOWN, S.UP)]


async def test_a_look_that_comes_late_but_within_the_reach_of_the_one_before_leaves_no_gap(
    world: EngineWorld,
) -> None:
    monitor = await world.monitor()
    [last] = await world.look(monitor, UP)
    world.clock.advance(REACH.total_seconds())

    await world.record(world.finding(monitor, UP, slot=last + REACH))

    assert await timeline(world, monitor) == [(S.UP, ms(last))]


async def test_the_sweep_shows_what_the_next_look_will_write_and_once(
    world: EngineWorld, sweep: CoverageSweep
) -> None:
    monitor = await world.monitor()
    [last] = await world.look(monitor, UP)
    world.clock.advance(HOUR)

    assert await sweep_patiently(world, sweep) == 1
    assert await world.status(monitor) is S.UNKNOWN
    assert await sweep_patiently(world, sweep) == 0
    [first] = await world.look(monitor, UP)

    assert await timeline(world, monitor) == [
        (S.UP, ms(last)),
        (S.UNKNOWN, ms(last + REACH)),
        (S.UP, ms(first)),
    ]


async def test_whoever_was_away_himself_is_patient_before_he_judges(
    world: EngineWorld, sweep: CoverageSweep
) -> None:
    await world.look(await world.monitor(), UP)
    assert await sweep_patiently(world, sweep) == 0
    world.clock.advance(HOUR)

    assert await sweep.step() == 0
    world.clock.advance(PATIENCE.total_seconds())
    assert await sweep.step() == 1


async def test_a_finding_that_waited_for_the_database_takes_back_what_was_thought_meanwhile(
    world: EngineWorld, sweep: CoverageSweep
) -> None:
    monitor = await world.monitor()
    [last] = await world.look(monitor, UP)
    waiting = last + timedelta(seconds=60)
    world.clock.advance(100)
    await sweep_patiently(world, sweep)
    assert await world.status(monitor) is S.UNKNOWN

    await world.record(world.finding(monitor, UP, slot=waiting))

    assert await timeline(world, monitor) == [(S.UP, ms(last))]
    assert await world.value("SELECT since_ms FROM monitor_states") == ms(last)
    world.clock.advance(HOUR)
    [first] = await world.look(monitor, UP)
    assert (await timeline(world, monitor))[1:] == [(S.UNKNOWN, ms(waiting + REACH)), (S.UP, ms(first))]


async def test_a_failure_before_and_one_after_do_not_confirm_each_other(world: EngineWorld) -> None:
    monitor = await world.monitor()
    [last, failing] = await world.look(monitor, UP, DOWN)
    world.clock.advance(HOUR)

    [first] = await world.look(monitor, DOWN)

    assert await world.incidents(monitor) == []
    expected = [(S.UP, ms(last)), (S.UNKNOWN, ms(failing + REACH))]
    assert await timeline(world, monitor) == expected

    await world.look(monitor, DOWN)

    [incident] = await world.incidents(monitor)
    assert incident["started_at"] == first
    assert await timeline(world, monitor) == [*expected, (S.DOWN, ms(first))]


async def test_a_success_after_a_failure_that_followed_the_gap_is_up_since_the_success(
    world: EngineWorld,
) -> None:
    monitor = await world.monitor()
    [last] = await world.look(monitor, UP)
    world.clock.advance(HOUR)

    [_, success] = await world.look(monitor, DOWN, UP)

    expected = [(S.UP, ms(last)), (S.UNKNOWN, ms(last + REACH)), (S.UP, ms(success))]
    assert await timeline(world, monitor) == expected
    assert await world.incidents(monitor) == []


@pytest.mark.parametrize("is_swept", [False, True])
async def test_an_incident_stays_open_over_the_gap_and_ends_with_the_first_success(
    world: EngineWorld, sweep: CoverageSweep, is_swept: bool
) -> None:
    monitor = await world.monitor(successes_to_close=3)
    [_, failing, last] = await world.look(monitor, UP, DOWN, DOWN)
    world.clock.advance(HOUR)
    if is_swept:
        await sweep_patiently(world, sweep)
        assert await world.status(monitor) is S.UNKNOWN
        assert len(await world.transitions(monitor)) == 1

    [first] = await world.look(monitor, UP)

    [incident] = await world.incidents(monitor)
    assert (incident["started_at"], incident["resolved_at"]) == (failing, first)
    assert (await timeline(world, monitor))[1:] == [
        (S.DOWN, ms(failing)),
        (S.UNKNOWN, ms(last + REACH)),
        (S.UP, ms(first)),
    ]


@pytest.mark.parametrize("is_swept", [False, True])
async def test_an_outage_that_goes_on_after_the_gap_is_the_same_incident(
    world: EngineWorld, sweep: CoverageSweep, is_swept: bool
) -> None:
    monitor = await world.monitor()
    [_, failing, last] = await world.look(monitor, UP, DOWN, DOWN)
    world.clock.advance(HOUR)
    if is_swept:
        await sweep_patiently(world, sweep)

    [first, _] = await world.look(monitor, DOWN, DOWN)

    [incident] = await world.incidents(monitor)
    assert (incident["status"], incident["started_at"]) == ("OPEN", failing)
    assert [row["kind"] for row in await world.transitions(monitor)] == ["OPENED"]
    assert (await timeline(world, monitor))[2:] == [(S.UNKNOWN, ms(last + REACH)), (S.DOWN, ms(first))]


async def test_looks_that_saw_nothing_end_the_coverage_at_the_first_of_them(world: EngineWorld) -> None:
    monitor = await world.monitor()
    [last] = await world.look(monitor, UP)
    [blind, _, first] = await world.look(monitor, UNKNOWN, UNKNOWN, UP)
    expected = [(S.UP, ms(last)), (S.UNKNOWN, ms(blind)), (S.UP, ms(first))]
    assert await timeline(world, monitor) == expected

    world.clock.advance(HOUR)
    [_, again] = await world.look(monitor, UNKNOWN, UP)

    assert await timeline(world, monitor) == [*expected, (S.UNKNOWN, ms(first + REACH)), (S.UP, ms(again))]


async def test_two_gaps_with_an_unconfirmed_failure_between_them_are_one(world: EngineWorld) -> None:
    monitor = await world.monitor()
    [last] = await world.look(monitor, UP)
    world.clock.advance(HOUR)
    await world.look(monitor, DOWN)
    world.clock.advance(HOUR)

    [first] = await world.look(monitor, UP)

    assert await timeline(world, monitor) == [
        (S.UP, ms(last)),
        (S.UNKNOWN, ms(last + REACH)),
        (S.UP, ms(first)),
    ]


async def test_a_degraded_monitor_is_confirmed_again_too(world: EngineWorld) -> None:
    monitor = await world.monitor()
    await world.look(monitor, UP, DEGRADED, DEGRADED)
    world.clock.advance(HOUR)

    [first] = await world.look(monitor, DEGRADED)
    assert await world.status(monitor) is S.UNKNOWN
    await world.look(monitor, DEGRADED)

    assert (await timeline(world, monitor))[-1] == (S.DEGRADED, ms(first))
    assert [row["kind"] for row in await world.transitions(monitor)] == ["OPENED"]


async def test_passive_monitors_have_deadlines_and_no_coverage(
    world: EngineWorld, sweep: CoverageSweep
) -> None:
    monitor = await world.monitor(is_passive=True)
    [last] = await world.look(monitor, UP, region_id=0)
    world.clock.advance(HOUR)

    assert await sweep_patiently(world, sweep) == 0
    await world.look(monitor, UP, region_id=0)
    assert await timeline(world, monitor) == [(S.UP, ms(last))]


async def looks_from(
    world: EngineWorld, monitor: UUID, looks: Sequence[tuple[int, float, CheckStatus]], start: datetime
) -> None:
    """Record looks of (region, seconds after the start, status) one after the other, each at its moment."""
    for region, seconds, status in looks:
        moment = start + timedelta(seconds=seconds)
        world.clock.advance(max(0.0, (moment - world.clock.now()).total_seconds()))
        await world.record(world.finding(monitor, status, slot=moment, region_id=region))


@pytest.mark.parametrize("is_swept", [False, True])
@pytest.mark.parametrize(
    ("agree", "gap"), [(1, (85, 360)), (2, (75, 370))], ids=["one-must-see", "both-must-see"]
)
async def test_with_several_regions_the_gap_is_where_too_few_of_them_saw(
    world: EngineWorld, sweep: CoverageSweep, agree: int, gap: tuple[int, int], is_swept: bool
) -> None:
    monitor = await world.monitor(regions=(1, 2), regions_to_agree=agree)
    start = world.clock.now()
    await looks_from(world, monitor, [(1, 0.5, UP), (2, 10.5, UP)], start)
    if is_swept:
        world.clock.advance(200)
        await sweep_patiently(world, sweep)

    await looks_from(world, monitor, [(1, 360.5, UP), (2, 370.5, UP)], start)

    blind_from, seen_from = (start + timedelta(seconds=0.5 + seconds) for seconds in gap)
    assert (await timeline(world, monitor))[1:] == [(S.UNKNOWN, ms(blind_from)), (S.UP, ms(seen_from))]


async def test_a_region_that_sees_covers_for_one_that_does_not(
    world: EngineWorld, sweep: CoverageSweep
) -> None:
    monitor = await world.monitor(regions=(1, 2), regions_to_agree=1)
    start = world.clock.now()
    await looks_from(world, monitor, [(1, 1, UP), (2, 1, UP)], start)
    await looks_from(world, monitor, [(1, 60.0 * minute, UP) for minute in range(1, 20)], start)
    assert await sweep_patiently(world, sweep) == 1  # the region is noted, the monitor stays

    await looks_from(world, monitor, [(2, 1200, UP), (1, 1210, UP)], start)

    assert await timeline(world, monitor) == [(S.UP, ms(start + timedelta(seconds=1)))]


async def test_late_looks_of_one_of_two_regions_move_the_gap_and_those_of_both_take_it_back(
    world: EngineWorld, sweep: CoverageSweep
) -> None:
    monitor = await world.monitor(regions=(1, 2), regions_to_agree=2)
    start = world.clock.now()
    await looks_from(world, monitor, [(1, 1, UP), (2, 11, UP)], start)
    world.clock.advance(90)
    await sweep_patiently(world, sweep)
    assert (await timeline(world, monitor))[1:] == [(S.UNKNOWN, ms(start + timedelta(seconds=76)))]

    await looks_from(world, monitor, [(1, 61, UP)], start)
    assert (await timeline(world, monitor))[1:] == [(S.UNKNOWN, ms(start + timedelta(seconds=86)))]

    await looks_from(world, monitor, [(2, 71, UP)], start)
    assert (await timeline(world, monitor))[1:] == []


def blind_by_definition(looks: Sequence[tuple[int, int, CheckStatus]], agree: int) -> list[bool]:
    """Return for each second up to the last look whether fewer regions than must agree were covered."""
    end = looks[-1][1]
    covered = [set[int]() for _ in range(end)]
    for number, (region, second, status) in enumerate(looks):
        if status is UP:
            cuts = (at for other, at, seen in looks[number:] if other == region and seen is UNKNOWN)
            for at in range(second, min(end, second + 75, next(cuts, end))):
                covered[at].add(region)
    return [len(regions) < agree for regions in covered]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    steps=st.lists(
        st.tuples(
            st.integers(1, 3),
            st.sampled_from([3, 20, 60, 80, 200]),
            st.sampled_from([UP, UP, UP, UNKNOWN]),
            st.booleans(),
        ),
        max_size=14,
    ),
    agree=st.integers(1, 3),
)
async def test_unknown_is_the_time_covered_by_fewer_regions_than_must_agree_with_or_without_a_sweep(
    world: EngineWorld, steps: list[tuple[int, int, CheckStatus, bool]], agree: int
) -> None:
    sweep = CoverageSweep(database=world.database, clock=world.clock)
    monitor = await world.monitor(regions=(1, 2, 3), regions_to_agree=agree)
    start = world.clock.now()
    looks: list[tuple[int, int, CheckStatus]] = [(1, 0, UP), (2, 0, UP), (3, 0, UP)]
    await looks_from(world, monitor, looks, start)
    second = 1
    for region, pause, status, is_swept in steps:
        second += pause
        if is_swept and pause >= 80:
            await sweep_patiently(world, sweep)
        looks.append((region, second, status))
        await looks_from(world, monitor, looks[-1:], start)
    world.clock.advance(HOUR)
    await sweep_patiently(world, sweep)

    begins = [(status, (from_ms - ms(start)) // 1000) for status, from_ms in await timeline(world, monitor)]
    shown = [
        next(status for status, since in reversed(begins) if since <= at) is S.UNKNOWN
        for at in range(looks[-1][1])
    ]
    assert shown == blind_by_definition(looks, agree)
