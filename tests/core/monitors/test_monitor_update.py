"""Changes of monitors, on a real PostgreSQL: what follows from each, and what leaves no trace."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.checks.finding import Finding
from core.checks.recording import record_findings
from core.errors import Conflict, InvalidInput, NotFound
from core.ids import Prefix, decode_id, encode_id
from core.issues import Issues
from core.kind_choice import ConfigChange, KindChoice
from core.monitors.definition import DefinitionRules
from core.monitors.monitor_input import ConfirmationInput, CreateMonitor, UpdateMonitor
from core.monitors.project_service import CreateProject, DeleteProject
from plugins.api.outcome import CheckStatus, Outcome

POSTMAN = KindChoice(kind="postman", config={"everySeconds": 3600})
DOWN = Outcome(status=CheckStatus.DOWN, message="nobody answers")


async def fetch(database, sql: str, *arguments):
    async with database.acquire() as connection:
        return [tuple(row) for row in await connection.fetch(sql, *arguments)]


async def look(database, clock, public_id: str, outcome: Outcome, *, region_id: int = 1) -> None:
    """Record one look at a monitor, a second after the last one."""
    now = clock.advance(1)
    monitor_id = decode_id(Prefix.MONITOR, public_id)
    assert monitor_id is not None
    async with database.transaction() as connection:
        revision = await connection.fetchval("SELECT config_revision FROM monitors WHERE id = $1", monitor_id)
        finding = Finding(
            monitor_id=monitor_id,
            region_id=region_id,
            slot=now,
            checked_at=now,
            config_revision=revision,
            outcome=outcome,
        )
        await record_findings(connection, [finding], now=now)


async def test_an_empty_update_changes_nothing(
    monitors, tenants, door_id, postman_id, contents, clock
) -> None:
    before = await contents()
    clock.advance(60)

    for monitor_id in (door_id, postman_id):
        await monitors.update(tenants.owner, UpdateMonitor(id=monitor_id))

    assert await contents() == before


async def test_an_update_rotates_a_heartbeats_address_in_the_same_stroke_or_changes_nothing(
    monitors, tenants, door_id, postman_id, database, contents
) -> None:
    tokens = "SELECT token FROM heartbeats"
    [(old,)] = await fetch(database, tokens)
    probe = ConfigChange(kind="postman", changes={"everySeconds": 60})
    update = UpdateMonitor(id=postman_id, probe=probe, rotates_heartbeat_url=True)

    await monitors.update(tenants.owner, update)

    [(new,)] = await fetch(database, tokens)
    assert new != old
    key = decode_id(Prefix.MONITOR, postman_id)
    stored = "SELECT revision, interval_seconds FROM monitors WHERE id = $1"
    assert await fetch(database, stored, key) == [(2, 60)]
    before = await contents()
    with pytest.raises(Conflict, match="no heartbeat url"):
        await monitors.update(
            tenants.owner, UpdateMonitor(id=door_id, name="Other", rotates_heartbeat_url=True)
        )
    assert await contents() == before


async def test_an_update_to_what_stands_already_changes_nothing(
    monitors, tenants, door_id, contents, clock
) -> None:
    before = await contents()
    clock.advance(60)

    await monitors.update(
        tenants.owner,
        UpdateMonitor(
            id=door_id,
            name=" Front door ",
            probe=KindChoice(kind="door", config={"address": "Front"}),
            project_id=None,
            interval_seconds=None,
            timeout_seconds=30,
            region_keys=["local"],
            tags=["wood"],
            confirmation=ConfirmationInput(failures_to_open=2, recheck_seconds=None),
            revision=1,
        ),
    )

    assert await contents() == before


async def test_a_new_name_is_told_to_subscribers_and_disturbs_no_lease(
    monitors, tenants, door_id, database, clock
) -> None:
    leases = await fetch(database, "SELECT * FROM leases")
    changed_at = clock.advance(60)

    await monitors.update(tenants.owner, UpdateMonitor(id=door_id, name="Back door"))

    assert await fetch(
        database, "SELECT name, revision, config_revision, updated_at, created_at < updated_at FROM monitors"
    ) == [("Back door", 2, 1, changed_at, True)]
    assert await fetch(database, "SELECT change FROM events ORDER BY id") == [("CREATED",), ("UPDATED",)]
    assert await fetch(database, "SELECT * FROM leases") == leases


async def test_a_new_configuration_keeps_the_omitted_secret_and_begins_the_monitor_anew(
    monitors, tenants, door_id, database, clock
) -> None:
    for _ in range(2):
        await look(database, clock, door_id, DOWN)
    assert await fetch(database, "SELECT status FROM incidents") == [("OPEN",)]
    clock.advance(1)

    moved = KindChoice(kind="door", config={"address": "Back"})
    await monitors.update(tenants.owner, UpdateMonitor(id=door_id, probe=moved))

    assert await fetch(database, "SELECT config, target, revision, config_revision FROM monitors") == [
        ({"address": "Back", "knocks": 1, "password": "s3cret"}, "Back", 2, 2)
    ]
    assert await fetch(database, "SELECT status FROM monitor_states") == [(0,)]
    assert await fetch(database, "SELECT status, resolution FROM incidents") == [("RESOLVED", "CHANGED")]
    assert await fetch(database, "SELECT due_at FROM leases") == [(clock.now(),)]


async def test_a_change_of_the_configuration_leaves_the_fields_that_it_does_not_name(
    monitors, tenants, door_id, database
) -> None:
    for changes in ({"knocks": 3}, {"address": "Back"}, {"knocks": None}, {}):
        change = ConfigChange(kind="door", changes=changes)
        await monitors.update(tenants.owner, UpdateMonitor(id=door_id, probe=change))

    stored = {"address": "Back", "knocks": 1, "password": "s3cret"}
    assert await fetch(database, "SELECT config, target, config_revision FROM monitors") == [
        (stored, "Back", 4)
    ]


async def test_a_change_of_the_configuration_of_another_kind_is_a_conflict(
    monitors, tenants, door_id, postman_id, contents
) -> None:
    before = await contents()

    for monitor_id, kind in ((door_id, "postman"), (door_id, "unknown"), (postman_id, "door")):
        change = ConfigChange(kind=kind, changes={"everySeconds": 7})
        with pytest.raises(Conflict, match=f"the monitor is not of the kind {kind}"):
            await monitors.update(tenants.owner, UpdateMonitor(id=monitor_id, probe=change))
    with pytest.raises(InvalidInput) as refused:
        change = ConfigChange(kind="door", changes={"knocks": 10, "knob": "brass"})
        await monitors.update(tenants.owner, UpdateMonitor(id=door_id, probe=change))

    assert {issue.path for issue in refused.value.issues} == {
        ("probe", "door", "knocks"),
        ("probe", "door", "knob"),
    }
    assert await contents() == before


async def test_another_kind_does_not_inherit_the_secret_of_the_old_one(
    monitors, tenants, door_id, database
) -> None:
    window = KindChoice(kind="window", config={"height": 3})

    await monitors.update(tenants.owner, UpdateMonitor(id=door_id, probe=window))

    assert await fetch(database, "SELECT kind, config, host FROM monitors") == [
        ("window", {"height": 3}, None)
    ]


async def test_an_active_monitor_becomes_passive_and_active_again(
    monitors, tenants, door_id, database
) -> None:
    await monitors.update(tenants.owner, UpdateMonitor(id=door_id, probe=POSTMAN))

    assert await fetch(database, "SELECT is_passive, interval_seconds FROM monitors") == [(True, 3600)]
    assert await fetch(
        database,
        "SELECT (SELECT count(*) FROM leases), (SELECT count(*) FROM monitor_regions),"
        " (SELECT count(*) FROM heartbeats)",
    ) == [(0, 0, 1)]

    window = KindChoice(kind="window", config={"height": 3})
    await monitors.update(tenants.owner, UpdateMonitor(id=door_id, probe=window))

    assert await fetch(database, "SELECT is_passive, interval_seconds FROM monitors") == [(False, 300)]
    assert await fetch(
        database,
        "SELECT (SELECT count(*) FROM leases), (SELECT count(*) FROM monitor_regions),"
        " (SELECT count(*) FROM heartbeats)",
    ) == [(1, 1, 0)]


async def test_other_regions_look_from_now_on(monitors, tenants, door_id, database) -> None:
    await monitors.update(tenants.owner, UpdateMonitor(id=door_id, region_keys=["moon"]))

    [(region_id,)] = await fetch(database, "SELECT id FROM regions WHERE key = 'moon'")
    assert await fetch(database, "SELECT region_id FROM monitor_regions") == [(region_id,)]
    assert await fetch(database, "SELECT region_id FROM leases") == [(region_id,)]
    assert await fetch(database, "SELECT revision, config_revision FROM monitors") == [(2, 1)]


async def test_a_new_interval_makes_the_monitor_due_at_once(
    monitors, tenants, door_id, database, clock
) -> None:
    async with database.acquire() as connection:
        await connection.execute("UPDATE leases SET due_at = $1", clock.now() + timedelta(hours=1))

    await monitors.update(tenants.owner, UpdateMonitor(id=door_id, interval_seconds=60))

    assert await fetch(database, "SELECT due_at FROM leases") == [(clock.now(),)]
    assert await fetch(database, "SELECT config_revision FROM monitors") == [(1,)]


async def test_a_smaller_quorum_is_judged_by_at_once(monitors, tenants, database, clock) -> None:
    wanted = CreateMonitor(
        name="Gate",
        probe=KindChoice(kind="door", config={"address": "Gate"}),
        region_keys=["local", "moon"],
        confirmation=ConfirmationInput(regions_to_agree=2, failures_to_open=1),
    )
    gate = encode_id(Prefix.MONITOR, await monitors.create(tenants.owner, wanted))
    await look(database, clock, gate, Outcome(status=CheckStatus.UP), region_id=2)
    await look(database, clock, gate, DOWN, region_id=1)
    assert await fetch(database, "SELECT count(*) FROM incidents") == [(0,)]

    await monitors.update(
        tenants.owner, UpdateMonitor(id=gate, confirmation=ConfirmationInput(regions_to_agree=None))
    )

    assert await fetch(database, "SELECT status, kind FROM incidents") == [("OPEN", "OUTAGE")]


async def test_a_monitor_moves_to_another_project_and_back(
    monitors, projects, tenants, door_id, database
) -> None:
    project_id = await projects.create(tenants.owner, CreateProject(name="Castle"))
    public_id = encode_id(Prefix.PROJECT, project_id)

    await monitors.update(tenants.owner, UpdateMonitor(id=door_id, project_id=public_id))
    assert await fetch(database, "SELECT project_id FROM monitors") == [(project_id,)]

    await monitors.update(tenants.owner, UpdateMonitor(id=door_id, project_id=None))
    assert await fetch(database, "SELECT project_id FROM monitors") == [(tenants.default_project_id,)]


async def test_a_stale_revision_is_a_conflict_and_leaves_no_trace(
    monitors, tenants, door_id, contents
) -> None:
    await monitors.update(tenants.owner, UpdateMonitor(id=door_id, name="Mine", revision=1))
    before = await contents()

    with pytest.raises(Conflict) as refused:
        await monitors.update(tenants.owner, UpdateMonitor(id=door_id, name="Yours", revision=1))

    assert refused.value.path == ("revision",)
    assert await contents() == before


async def test_all_that_is_wrong_with_an_update_is_told_and_nothing_is_stored(
    monitors, tenants, door_id, contents
) -> None:
    before = await contents()
    wrong = UpdateMonitor(
        id=door_id,
        name=None,
        probe=None,
        interval_seconds=20,
        region_keys=["mars"],
        tags=["ok", ""],
        project_id="prj_1",
        confirmation=ConfirmationInput(failures_to_open=0),
    )

    with pytest.raises(InvalidInput) as refused:
        await monitors.update(tenants.owner, wrong)

    assert [issue.path for issue in refused.value.issues] == [
        ("name",),
        ("probe",),
        ("intervalSeconds",),
        ("confirmation", "failuresToOpen"),
        ("tags", "1"),
        ("projectId",),
        ("regionKeys", "0"),
    ]
    assert await contents() == before


async def test_who_may_not_change_a_monitor_leaves_no_trace(monitors, door_id, contents, trespasser) -> None:
    before = await contents()

    for change in (
        monitors.update(trespasser.principal, UpdateMonitor(id=door_id, name="mine", tags=["mine"])),
        monitors.pause(trespasser.principal, door_id),
        monitors.resume(trespasser.principal, door_id),
        monitors.rotate_heartbeat_url(trespasser.principal, door_id),
        monitors.delete(trespasser.principal, door_id),
    ):
        with pytest.raises(trespasser.error):
            await change

    assert await contents() == before


@pytest.mark.parametrize("unknown", ["", "mon_1", "prj_00000000000000000000000000", "mon_\ud800", "\0"])
async def test_a_malformed_id_answers_like_an_unknown_monitor(monitors, tenants, unknown: str) -> None:
    with pytest.raises(NotFound, match="monitor not found"):
        await monitors.update(tenants.owner, UpdateMonitor(id=unknown, name="x"))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    name=st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=20),
    interval=st.integers(300, 86_400),
    timeout=st.integers(1, 300),
    failures=st.integers(1, 100),
    knocks=st.integers(1, 9),
    password=st.none() | st.text(st.characters(categories=["L"]), max_size=9),
)
def test_an_empty_update_of_any_definition_is_that_definition(
    village, name, interval, timeout, failures, knocks, password
) -> None:
    rules = DefinitionRules(registry=village)
    issues = Issues()
    config = {"address": name, "knocks": knocks, "password": password}
    wanted = CreateMonitor(
        name=name,
        probe=KindChoice(kind="door", config=config),
        interval_seconds=interval,
        timeout_seconds=timeout,
        confirmation=ConfirmationInput(failures_to_open=failures),
    )
    present = rules.define(wanted, issues)
    assert present is not None

    assert rules.redefine(UpdateMonitor(id="mon_x"), present, issues) == present
    same_without_secret = KindChoice(kind="door", config={"address": name, "knocks": knocks})
    assert rules.redefine(UpdateMonitor(id="mon_x", probe=same_without_secret), present, issues) == present
    assert issues.found == []


async def test_two_updates_that_swap_tags_both_come_through(
    bulk, monitors, tenants, door_id, database
) -> None:
    wanted = CreateMonitor(
        name="Window", probe=KindChoice(kind="window", config={"height": 2}), tags=["Glass"]
    )
    window_id = encode_id(Prefix.MONITOR, await monitors.create(tenants.owner, wanted))

    for first, second in [("Glass", "Wood"), ("Wood", "Glass")] * 3:
        await asyncio.gather(
            monitors.update(tenants.owner, UpdateMonitor(id=door_id, tags=[first])),
            monitors.update(tenants.owner, UpdateMonitor(id=window_id, tags=[second])),
        )

    assert await fetch(
        database,
        "SELECT m.name, t.name FROM monitor_tags JOIN monitors m ON m.id = monitor_id"
        " JOIN tags t ON t.id = tag_id ORDER BY 1",
    ) == [("Front door", "Wood"), ("Window", "Glass")]


async def test_a_project_cannot_go_while_a_monitor_moves_into_it(
    monitors, projects, tenants, door_id, database
) -> None:
    for number in range(5):
        project_id = await projects.create(tenants.owner, CreateProject(name=f"Castle {number}"))
        public_id = encode_id(Prefix.PROJECT, project_id)
        await asyncio.gather(
            monitors.update(tenants.owner, UpdateMonitor(id=door_id, project_id=public_id)),
            projects.delete(tenants.owner, DeleteProject(id=public_id)),
            return_exceptions=True,
        )

    assert await fetch(
        database,
        "SELECT count(*) FROM monitors m JOIN projects p ON p.id = m.project_id"
        " WHERE m.deleted_at IS NULL AND p.deleted_at IS NOT NULL",
    ) == [(0,)]
