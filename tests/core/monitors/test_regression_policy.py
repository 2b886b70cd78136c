"""What a change of the watch for regressions stores, ends and leaves alone."""

from __future__ import annotations

import pytest

from core.errors import InvalidInput
from core.housekeeping import DELETED_KEPT, Housekeeping
from core.ids import Prefix, decode_id, encode_id, new_id
from core.kind_choice import KindChoice
from core.monitors.monitor_input import CreateMonitor, RegressionInput, UpdateMonitor

DOOR = KindChoice(kind="door", config={"address": "Front"})
POSTMAN = KindChoice(kind="postman", config={"everySeconds": 3600})
COLUMNS = "regression_enabled, regression_threshold_percent, regression_period_days"


async def fetch(database, sql: str, *arguments):
    async with database.acquire() as connection:
        return [tuple(row) for row in await connection.fetch(sql, *arguments)]


async def open_regression(database, clock, tenants, door_id: str) -> None:
    """Open an incident as the sweep does, and dismiss the kind as somebody does who resolves an earlier one."""
    monitor_id = decode_id(Prefix.MONITOR, door_id)
    async with database.acquire() as connection:
        await connection.execute(
            "INSERT INTO incidents (id, workspace_id, project_id, monitor_id, monitor_name, kind, year, number,"
            " status, severity, started_at) VALUES ($1, $2, $3, $4, 'Door', 'REGRESSION', 2026, 1, 'OPEN', 'LOW', $5)",
            new_id(clock.now()),
            tenants.owner.workspace_id,
            tenants.default_project_id,
            monitor_id,
            clock.now(),
        )
        await connection.execute(
            "UPDATE monitor_states SET dismissed = ARRAY['EXPIRY', 'REGRESSION'] WHERE monitor_id = $1",
            monitor_id,
        )


async def test_a_monitor_is_not_watched_unless_somebody_says_so(monitors, tenants, database) -> None:
    await monitors.create(tenants.owner, CreateMonitor(name="A", probe=DOOR))
    await monitors.create(
        tenants.owner,
        CreateMonitor(
            name="B",
            probe=DOOR,
            regression=RegressionInput(is_enabled=True, threshold_percent=25, period_days=30),
        ),
    )

    rows = await fetch(database, f"SELECT {COLUMNS} FROM monitors ORDER BY name")
    assert rows == [(False, 50, 7), (True, 25, 30)]


async def test_an_update_changes_what_is_said_and_disturbs_nothing_else(
    monitors, tenants, door_id, database, clock
) -> None:
    leases = await fetch(database, "SELECT * FROM leases")

    async def update(regression: RegressionInput | None) -> tuple:
        clock.advance(1)
        await monitors.update(tenants.owner, UpdateMonitor(id=door_id, regression=regression))
        [row] = await fetch(database, f"SELECT {COLUMNS}, revision, config_revision FROM monitors")
        return row

    assert await update(RegressionInput(is_enabled=True)) == (True, 50, 7, 2, 1)
    assert await update(RegressionInput(threshold_percent=200, period_days=1)) == (True, 200, 1, 3, 1)
    assert await update(RegressionInput(threshold_percent=200)) == (True, 200, 1, 3, 1)
    assert await update(None) == (False, 50, 7, 4, 1)
    assert await fetch(database, "SELECT * FROM leases") == leases


async def test_who_does_not_want_to_watch_any_more_ends_the_incident(
    monitors, tenants, door_id, database, clock
) -> None:
    await monitors.update(
        tenants.owner, UpdateMonitor(id=door_id, regression=RegressionInput(is_enabled=True))
    )
    await open_regression(database, clock, tenants, door_id)

    await monitors.update(
        tenants.owner, UpdateMonitor(id=door_id, regression=RegressionInput(threshold_percent=75))
    )
    assert await fetch(database, "SELECT status FROM incidents") == [("OPEN",)]
    clock.advance(5)
    await monitors.update(
        tenants.owner, UpdateMonitor(id=door_id, regression=RegressionInput(is_enabled=False))
    )

    assert await fetch(database, "SELECT status, resolution, resolved_at FROM incidents") == [
        ("RESOLVED", "CHANGED", clock.now())
    ]
    assert await fetch(database, "SELECT dismissed FROM monitor_states") == [(["EXPIRY"],)]
    assert await fetch(database, "SELECT kind FROM transitions") == [("RESOLVED",)]


async def test_a_pause_ends_the_incident_and_keeps_what_was_resolved_by_hand(
    monitors, tenants, door_id, database, clock
) -> None:
    await open_regression(database, clock, tenants, door_id)

    await monitors.pause(tenants.owner, door_id)

    assert await fetch(database, "SELECT resolution FROM incidents") == [("CHANGED",)]
    assert await fetch(database, "SELECT dismissed FROM monitor_states") == [(["EXPIRY", "REGRESSION"],)]


async def test_a_monitor_that_becomes_passive_is_watched_no_more(
    monitors, tenants, door_id, database
) -> None:
    await monitors.update(
        tenants.owner, UpdateMonitor(id=door_id, regression=RegressionInput(is_enabled=True, period_days=3))
    )

    await monitors.update(tenants.owner, UpdateMonitor(id=door_id, probe=POSTMAN))

    assert await fetch(database, f"SELECT {COLUMNS} FROM monitors") == [(False, 50, 3)]


async def test_what_cannot_be_watched_is_refused_and_nothing_is_stored(
    monitors, tenants, door_id, postman_id, contents
) -> None:
    before = await contents()
    wrong = RegressionInput(threshold_percent=24, period_days=31)
    refusals = []

    for wanted in (
        UpdateMonitor(id=door_id, regression=wrong),
        UpdateMonitor(id=postman_id, regression=RegressionInput(is_enabled=True)),
    ):
        with pytest.raises(InvalidInput) as refused:
            await monitors.update(tenants.owner, wanted)
        refusals.append([".".join(issue.path) for issue in refused.value.issues])

    assert refusals == [["regression.thresholdPercent", "regression.periodDays"], ["regression.enabled"]]
    assert await contents() == before


async def test_other_regions_are_compared_with_themselves(
    monitors, tenants, door_id, database, clock
) -> None:
    await fetch(
        database,
        "INSERT INTO response_baselines SELECT id, workspace_id, 1, 7, $1, ARRAY[1], ARRAY[5], 5 FROM monitors",
        clock.now(),
    )

    await monitors.update(
        tenants.owner, UpdateMonitor(id=door_id, regression=RegressionInput(is_enabled=True))
    )
    assert await fetch(database, "SELECT usual_us FROM response_baselines") == [(5.0,)]
    await monitors.update(tenants.owner, UpdateMonitor(id=door_id, region_keys=["moon"]))

    assert await fetch(database, "SELECT * FROM response_baselines") == []


async def test_a_deleted_monitor_leaves_no_baseline(monitors, tenants, door_id, database, clock) -> None:
    monitor_id = decode_id(Prefix.MONITOR, door_id)
    async with database.acquire() as connection:
        await connection.execute(
            "INSERT INTO response_baselines VALUES ($1, $2, 1, 7, $3, ARRAY[1], ARRAY[5], 5)",
            monitor_id,
            tenants.owner.workspace_id,
            clock.now(),
        )
    await monitors.delete(tenants.owner, encode_id(Prefix.MONITOR, monitor_id))
    await fetch(
        database, "UPDATE transitions SET done_at = $1", clock.advance(2 * DELETED_KEPT.total_seconds())
    )

    house = Housekeeping(database=database, clock=clock)
    while await house.step():
        pass

    assert await fetch(database, "SELECT * FROM response_baselines") == []
