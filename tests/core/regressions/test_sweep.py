"""When a regression opens and ends, on a real PostgreSQL and by a clock that the test moves."""

from __future__ import annotations

from datetime import timedelta

from core.incidents.by_hand import resolve_by_hand
from core.incidents.life_cycle import (
    end_monitors,
    end_regressions,
    pause_monitors,
    restart_monitor,
    resume_monitors,
)
from core.monitors.status import MonitorStatus
from core.regressions.rule import FEWEST_USUAL_LOOKS
from core.regressions.sweep import MONITORS_A_ROUND
from tests.core.engine_world import DEGRADED, DOWN, UP, assert_sound
from tests.core.regressions.conftest import USUAL_MS, Track

OPEN = ("REGRESSION", "OPEN", None)
RECOVERED = ("REGRESSION", "RESOLVED", "RECOVERED")
BY_HAND = ("REGRESSION", "RESOLVED", "BY_HAND")
STRETCH_LOOKS = 7  # both ends of half an hour


async def resolve(track: Track) -> None:
    [incident] = await track.world.fetch("SELECT id FROM incidents WHERE status = 'OPEN'")
    async with track.world.database.transaction() as connection:
        await resolve_by_hand(
            connection, track.world.workspace_id, incident["id"], actor_id=None, now=track.world.clock.now()
        )


async def test_a_monitor_that_becomes_slower_has_an_incident_until_it_is_as_fast_as_usual(
    track: Track,
) -> None:
    world, monitor = track.world, await track.monitor()
    await track.usual(monitor)
    assert await track.baseline_ms(monitor) == USUAL_MS
    first_slow = world.clock.now() + timedelta(seconds=track.every_seconds)

    await track.each(monitor, STRETCH_LOOKS - 1, 200)
    assert await world.incidents(monitor) == []
    await track.each(monitor, 1, 200)

    [incident] = await world.incidents(monitor)
    assert {name: incident[name] for name in ("kind", "status", "severity", "number", "started_at")} == {
        "kind": "REGRESSION",
        "status": "OPEN",
        "severity": "LOW",
        "number": 1,
        "started_at": first_slow,
    }
    assert (incident["region_ids"], incident["root_cause_detail"]) == ([1], "200 ms instead of 100 ms")
    assert await world.status(monitor) is MonitorStatus.UP

    await track.each(monitor, 20, 200)
    first_fast = world.clock.now() + timedelta(seconds=track.every_seconds)
    await track.each(monitor, STRETCH_LOOKS - 1, USUAL_MS)
    assert await track.kinds(monitor) == [OPEN]
    await track.each(monitor, 1, USUAL_MS)

    [incident] = await world.incidents(monitor)
    assert (incident["resolution"], incident["resolved_at"]) == ("RECOVERED", first_fast)
    assert [row["kind"] for row in await world.transitions(monitor)] == ["OPENED", "RESOLVED"]
    timeline = await world.fetch("SELECT kind, message FROM incident_events ORDER BY at, id")
    assert [tuple(row) for row in timeline] == [
        ("OPENED", "the monitor became slower: 200 ms instead of 100 ms"),
        ("RESOLVED", "as fast as usual again"),
    ]
    events = await world.fetch("SELECT change FROM events WHERE subject = 'INCIDENT' ORDER BY id")
    assert [row["change"] for row in events] == ["CREATED", "STATUS"]
    await assert_sound(world.database)


async def test_a_spike_and_a_slowness_within_the_threshold_are_no_regression(track: Track) -> None:
    monitor = await track.monitor()
    await track.usual(monitor)

    await track.each(monitor, 1, 60_000)
    await track.each(monitor, 6, USUAL_MS)
    await track.each(monitor, 4, 60_000)
    await track.each(monitor, 8, USUAL_MS)
    await track.each(monitor, 12, 150)

    assert await track.world.incidents(monitor) == []


async def test_what_goes_up_and_down_around_the_threshold_is_one_incident(track: Track) -> None:
    monitor = await track.monitor()
    await track.usual(monitor)
    await track.each(monitor, STRETCH_LOOKS, 155)
    assert await track.kinds(monitor) == [OPEN]

    for milliseconds in (145, 155, 145):
        await track.each(monitor, STRETCH_LOOKS, milliseconds)
    assert await track.kinds(monitor) == [OPEN]

    await track.each(monitor, STRETCH_LOOKS, 139)
    assert await track.kinds(monitor) == [RECOVERED]


async def test_a_baseline_does_not_take_in_a_regression(track: Track) -> None:
    track.every_seconds = 3600
    monitor = await track.monitor()
    await track.watch(monitor, period_days=2)
    await track.usual(monitor)
    reckoned_at = await track.world.value("SELECT reckoned_at FROM response_baselines")

    await track.each(monitor, 60, 300)
    assert await track.kinds(monitor) == [OPEN]
    assert await track.world.value("SELECT reckoned_at FROM response_baselines") == reckoned_at
    await track.watch(monitor, period_days=3)
    await track.each(monitor, 1, 300)
    assert await track.baseline_ms(monitor) == USUAL_MS

    await track.each(monitor, 40, 110)
    assert await track.kinds(monitor) == [RECOVERED]
    assert await track.baseline_ms(monitor) == 110
    assert await track.world.value("SELECT reckoned_at FROM response_baselines") > reckoned_at


async def test_what_was_resolved_by_hand_opens_again_only_after_it_was_absent(track: Track) -> None:
    monitor = await track.monitor()
    await track.usual(monitor)
    await track.each(monitor, STRETCH_LOOKS, 200)
    await resolve(track)

    await track.each(monitor, 20, 200)
    assert await track.kinds(monitor) == [BY_HAND]

    await track.each(monitor, STRETCH_LOOKS, USUAL_MS)
    assert await track.world.value("SELECT dismissed FROM monitor_states") == []
    await track.each(monitor, STRETCH_LOOKS, 200)
    assert await track.kinds(monitor) == [BY_HAND, OPEN]
    await assert_sound(track.world.database)


async def test_what_was_resolved_by_hand_becomes_the_usual(track: Track) -> None:
    track.every_seconds = 3600
    monitor = await track.monitor()
    await track.watch(monitor, period_days=2)
    await track.usual(monitor)
    await track.each(monitor, STRETCH_LOOKS, 200)
    await resolve(track)

    await track.each(monitor, 72, 200)

    assert await track.kinds(monitor) == [BY_HAND]
    assert await track.baseline_ms(monitor) == 200
    assert await track.world.value("SELECT dismissed FROM monitor_states") == []


async def test_whatever_ends_the_comparison_ends_the_incident(track: Track) -> None:
    world = track.world
    paused, restarted, deleted, unwatched = monitors = [await track.monitor() for _ in range(4)]
    await track.usual(*monitors)
    await track.each(monitors, STRETCH_LOOKS, 200)
    assert [await track.kinds(monitor) for monitor in monitors] == [[OPEN]] * 4
    at = world.clock.advance(5)

    async with world.database.transaction() as connection:
        await pause_monitors(connection, world.workspace_id, [paused], now=at)
        await restart_monitor(connection, world.workspace_id, restarted, now=at)
        await end_monitors(connection, world.workspace_id, [deleted], now=at)
        await end_regressions(connection, [unwatched], "not wanted", now=at)
    await track.watch(unwatched, is_watched=False)

    ended = await world.fetch(
        "SELECT i.monitor_id, i.resolution, i.resolved_at, e.message FROM incidents AS i"
        " JOIN incident_events AS e ON e.incident_id = i.id AND e.kind = 'RESOLVED'"
    )
    assert {row["monitor_id"]: (row["resolution"], row["resolved_at"], row["message"]) for row in ended} == {
        paused: ("CHANGED", at, "the monitor was paused"),
        restarted: ("CHANGED", at, "the configuration changed"),
        deleted: ("DELETED", at, "the monitor was deleted"),
        unwatched: ("CHANGED", at, "not wanted"),
    }
    await track.each([restarted, unwatched], 2 * STRETCH_LOOKS, 200)
    assert await world.value("SELECT count(*) FROM incidents WHERE status <> 'RESOLVED'") == 0
    assert [await track.baseline_ms(monitor) for monitor in (paused, restarted)] == [None, None]
    await assert_sound(world.database)


async def test_a_pause_is_not_compared_over_and_what_was_usual_before_it_still_is(track: Track) -> None:
    world, monitor = track.world, await track.monitor()
    await track.usual(monitor)
    await track.each(monitor, 4, 200)
    async with world.database.transaction() as connection:
        await pause_monitors(connection, world.workspace_id, [monitor], now=world.clock.now())
    world.clock.advance(3600)
    async with world.database.transaction() as connection:
        await resume_monitors(connection, world.workspace_id, [monitor], now=world.clock.now())

    await track.each(monitor, STRETCH_LOOKS - 2, 200)
    assert (await track.kinds(monitor), await track.baseline_ms(monitor)) == ([], USUAL_MS)
    await track.each(monitor, 1, 200)
    assert await track.kinds(monitor) == [OPEN]


async def test_time_in_which_nobody_looked_or_it_was_not_up_is_not_compared(track: Track) -> None:
    world = track.world
    _, failing, impaired = monitors = [await track.monitor() for _ in range(3)]
    await track.usual(*monitors)

    await track.each(monitors, 4, 200)
    await track.looks(failing, 2, 200, status=DOWN)
    await track.looks(impaired, 2, 200, status=DEGRADED)
    world.clock.advance(3600)
    await track.each(monitors, STRETCH_LOOKS - 1, 200)

    kinds = [
        kind for monitor in monitors for kind, status, _ in await track.kinds(monitor) if status == "OPEN"
    ]
    assert kinds == []
    await track.each(monitors, 1, 200)
    assert [(await track.kinds(monitor))[-1] for monitor in monitors] == [OPEN] * 3
    await assert_sound(world.database)


async def test_too_few_looks_are_no_baseline_and_more_are_asked_for_each_hour(track: Track) -> None:
    monitor = await track.monitor()
    await track.world.fetch("UPDATE monitor_states SET dismissed = ARRAY['REGRESSION']")

    await track.each(monitor, FEWEST_USUAL_LOOKS, 100)
    assert await track.baseline_ms(monitor) is None
    assert await track.world.value("SELECT dismissed FROM monitor_states") == ["REGRESSION"]
    tried = await track.world.value("SELECT reckoned_at FROM response_baselines")
    await track.each(monitor, 24, 100)

    assert await track.baseline_ms(monitor) == 100
    assert await track.world.value("SELECT reckoned_at FROM response_baselines") > tried


async def test_an_incident_does_not_outlive_what_it_was_compared_with(track: Track) -> None:
    world, monitor = track.world, await track.monitor()
    await track.usual(monitor)
    await track.each(monitor, STRETCH_LOOKS, 200)
    await world.fetch("UPDATE monitor_regions SET region_id = 2")
    await world.fetch("DELETE FROM response_baselines")  # as a change of the regions does

    await track.round()

    assert await track.kinds(monitor) == [("REGRESSION", "RESOLVED", "CHANGED")]
    assert await world.value("SELECT message FROM incident_events WHERE kind = 'RESOLVED'") == (
        "there is nothing to compare with any more"
    )
    for _ in range(50):
        await track.looks(monitor, 1, 200, region_id=2)
        await track.round()
    assert await track.baseline_ms(monitor) == 200


async def test_what_is_not_watched_costs_nothing(track: Track) -> None:
    await track.monitor(is_watched=False)
    await track.monitor(is_paused=True)
    gone = await track.monitor()
    async with track.world.database.transaction() as connection:
        await end_monitors(connection, track.world.workspace_id, [gone], now=track.world.clock.now())

    await track.round()

    assert await track.world.fetch("SELECT * FROM response_baselines") == []


async def test_each_region_is_compared_with_itself_and_as_many_must_agree_as_on_a_failure(
    track: Track,
) -> None:
    world = track.world
    one, both = [await track.monitor(regions=(1, 2), regions_to_agree=agree) for agree in (1, 2)]
    for _ in range(42):
        await track.looks([one, both], 1, USUAL_MS)
        world.clock.advance(-track.every_seconds)
        await track.looks([one, both], 1, 700, region_id=2)
    await track.round()
    assert await track.baseline_ms(one) == 400

    for _ in range(STRETCH_LOOKS):  # the near region has no worker any more
        await track.looks([one, both], 1, 700, region_id=2)
    await track.round()
    assert await world.fetch("SELECT * FROM incidents") == []

    for _ in range(STRETCH_LOOKS):
        await track.looks([one, both], 1, 300)
        world.clock.advance(-track.every_seconds)
        await track.looks([one, both], 1, 700, region_id=2)
    await track.round()
    assert await track.kinds(one) == [OPEN]
    assert (await world.incidents(one))[0]["region_ids"] == [1]
    assert await track.kinds(both) == []


async def test_another_threshold_is_judged_by_at_once(track: Track) -> None:
    monitor = await track.monitor()
    await track.usual(monitor)
    await track.each(monitor, 12, 140)
    assert await track.kinds(monitor) == []

    await track.watch(monitor, threshold_percent=25)
    await track.each(monitor, 1, 140)
    assert await track.kinds(monitor) == [OPEN]

    await track.watch(monitor, threshold_percent=200)
    await track.each(monitor, 1, 140)
    assert await track.kinds(monitor) == [RECOVERED]


async def test_a_failure_of_other_kinds_goes_on_beside_it(track: Track) -> None:
    monitor = await track.monitor()
    await track.usual(monitor)
    await track.each(monitor, STRETCH_LOOKS, 200)

    await track.looks(monitor, 2, 200, status=DOWN)
    await track.looks(monitor, 1, USUAL_MS, status=UP)

    assert sorted(await track.kinds(monitor)) == [("OUTAGE", "RESOLVED", "RECOVERED"), OPEN]
    await assert_sound(track.world.database)


async def test_a_round_comes_to_all_monitors_however_many_there_are(track: Track) -> None:
    world, monitor = track.world, await track.monitor()
    await track.usual(monitor)
    await track.looks(monitor, STRETCH_LOOKS, 200)
    copies = "lpad(number::text, 32, '0')::uuid AS id FROM generate_series(1, $2) AS number"
    for table, key, own in (
        ("monitors", "id", "regression_enabled"),
        ("response_baselines", "monitor_id", "usual_us"),
        ("monitor_states", "monitor_id", "status"),
        ("status_intervals", "monitor_id", "status"),
    ):
        await world.fetch(
            f"INSERT INTO {table} SELECT (jsonb_populate_record(t, jsonb_build_object('{key}', copy.id))).*"
            f" FROM {table} AS t, (SELECT {copies}) AS copy WHERE t.{key} = $1 AND t.{own}::text NOT IN ('0')",
            monitor,
            MONITORS_A_ROUND + 1,
        )

    assert await track.sweep.step() == MONITORS_A_ROUND
    assert await track.kinds(monitor) == []
    assert await track.sweep.step() == 2
    assert await track.kinds(monitor) == [OPEN]
    assert await track.sweep.step() == 0


async def test_what_is_down_elsewhere_is_not_called_slower(track: Track) -> None:
    monitor = await track.monitor(regions=(1, 2))
    await track.usual(monitor)
    await track.looks(monitor, 2, 1, region_id=2, status=DOWN)
    assert await track.world.status(monitor) is MonitorStatus.DOWN

    await track.each(monitor, 2 * STRETCH_LOOKS, 200)

    assert [kind for kind, _, _ in await track.kinds(monitor)] == ["OUTAGE"]
