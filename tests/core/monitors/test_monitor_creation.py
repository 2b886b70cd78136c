"""New monitors, on a real PostgreSQL."""

from __future__ import annotations

import pytest

from core.errors import Forbidden, InvalidInput, TokenScopeDenied, Unavailable
from core.ids import Prefix, encode_id, new_id
from core.kind_choice import KindChoice
from core.monitors.monitor_input import ConfirmationInput, CreateMonitor
from core.monitors.project_service import CreateProject

DOOR = KindChoice(kind="door", config={"address": "Front", "password": "s3cret"})
POSTMAN = KindChoice(kind="postman", config={"everySeconds": 3600})


async def fetch(database, sql: str, *arguments):
    async with database.acquire() as connection:
        return [tuple(row) for row in await connection.fetch(sql, *arguments)]


async def test_an_active_monitor_takes_the_defaults_and_is_due_at_once(
    monitors, tenants, database, clock
) -> None:
    monitor_id = await monitors.create(tenants.owner, CreateMonitor(name=" Front door ", probe=DOOR))

    assert await fetch(
        database,
        "SELECT id, workspace_id, project_id, name, kind, is_passive, target, host, interval_seconds,"
        " timeout_seconds, failures_to_open, successes_to_close, regions_to_agree, recheck_seconds, revision"
        " FROM monitors",
    ) == [
        (
            monitor_id,
            tenants.owner.workspace_id,
            tenants.default_project_id,
            "Front door",
            "door",
            False,
            "Front",
            "Front",
            300,
            30,
            2,
            1,
            1,
            20,
            1,
        )
    ]
    assert await fetch(database, "SELECT config FROM monitors") == [
        ({"address": "Front", "knocks": 1, "password": "s3cret"},)
    ]
    assert await fetch(database, "SELECT monitor_id, due_at FROM leases") == [(monitor_id, clock.now())]
    assert await fetch(database, "SELECT key FROM regions JOIN monitor_regions ON id = region_id") == [
        ("local",)
    ]
    assert await fetch(database, "SELECT monitor_id, status FROM monitor_states") == [(monitor_id, 0)]
    assert await fetch(database, "SELECT subject, subject_id, change FROM events") == [
        ("MONITOR", monitor_id, "CREATED")
    ]
    assert await fetch(database, "SELECT count(*) FROM heartbeats") == [(0,)]


async def test_a_passive_monitor_gets_a_heartbeat_and_no_lease(monitors, tenants, database) -> None:
    monitor_id = await monitors.create(tenants.owner, CreateMonitor(name="Post", probe=POSTMAN))

    assert await fetch(database, "SELECT monitor_id, deadline_at FROM heartbeats") == [(monitor_id, None)]
    assert await fetch(database, "SELECT is_passive, interval_seconds FROM monitors") == [(True, 3600)]
    assert await fetch(database, "SELECT count(*) FROM leases") == [(0,)]
    assert await fetch(database, "SELECT count(*) FROM monitor_regions") == [(0,)]


async def test_all_that_is_asked_for_is_stored(monitors, projects, tenants, database) -> None:
    project_id = await projects.create(tenants.owner, CreateProject(name="Castle"))
    wanted = CreateMonitor(
        name="Gate",
        probe=DOOR,
        project_id=encode_id(Prefix.PROJECT, project_id),
        interval_seconds=60,
        timeout_seconds=10,
        region_keys=["moon", "local", "moon"],
        tags=["Iron", " iron ", "Big"],
        confirmation=ConfirmationInput(failures_to_open=3, recheck_seconds=None),
    )

    await monitors.create(tenants.owner, wanted)

    assert await fetch(
        database,
        "SELECT project_id, interval_seconds, timeout_seconds, failures_to_open, recheck_seconds FROM monitors",
    ) == [(project_id, 60, 10, 3, 20)]
    assert await fetch(database, "SELECT count(*) FROM leases") == [(2,)]
    assert await fetch(database, "SELECT name FROM tags JOIN monitor_tags ON id = tag_id ORDER BY name") == [
        ("Big",),
        ("Iron",),
    ]


async def test_without_regions_the_first_that_has_a_worker_looks(monitors, tenants, database) -> None:
    async with database.acquire() as connection:
        await connection.execute("UPDATE regions SET absent_since = created_at WHERE key = 'local'")

    await monitors.create(tenants.owner, CreateMonitor(name="Gate", probe=DOOR))

    assert await fetch(database, "SELECT key FROM regions JOIN leases ON region_id = id") == [("moon",)]


async def test_a_region_that_is_nearly_right_is_suggested(monitors, tenants) -> None:
    with pytest.raises(InvalidInput) as refused:
        await monitors.create(
            tenants.owner, CreateMonitor(name="Gate", probe=DOOR, region_keys=["moon", "loca"])
        )

    [issue] = refused.value.issues
    assert issue.message == "regionKeys.1 names no region; did you mean local?"
    assert (issue.expected, issue.received) == ("local", "loca")


BAD_INPUTS = [
    ("kind", CreateMonitor(name="x", probe=KindChoice(kind="ufo", config={})), [("probe", "ufo")]),
    (
        "config",
        CreateMonitor(name="x", probe=KindChoice(kind="door", config={"address": "", "knocks": 10, "x": 1})),
        [("probe", "door", "x"), ("probe", "door", "address"), ("probe", "door", "knocks")],
    ),
    ("empty name", CreateMonitor(name="", probe=DOOR), [("name",)]),
    ("long name", CreateMonitor(name="x" * 10_000, probe=DOOR), [("name",)]),
    ("nul", CreateMonitor(name="a\0b", probe=DOOR), [("name",)]),
    (
        "nul in config",
        CreateMonitor(name="x", probe=KindChoice(kind="door", config={"address": "a\0b"})),
        [("probe", "door", "address")],
    ),
    (
        "zero interval",
        CreateMonitor(name="x", probe=DOOR, interval_seconds=0),
        [("intervalSeconds",)],
    ),
    ("vast interval", CreateMonitor(name="x", probe=DOOR, interval_seconds=10**9), [("intervalSeconds",)]),
    (
        "interval of a passive kind",
        CreateMonitor(name="x", probe=POSTMAN, interval_seconds=60),
        [("intervalSeconds",)],
    ),
    (
        "regions of a passive kind",
        CreateMonitor(name="x", probe=POSTMAN, region_keys=["local"]),
        [("regionKeys",)],
    ),
    (
        "unknown regions",
        CreateMonitor(name="x", probe=DOOR, region_keys=["mars", "local", "\0\ud800"]),
        [("regionKeys", "0"), ("regionKeys", "2")],
    ),
    ("no regions", CreateMonitor(name="x", probe=DOOR, region_keys=[]), [("regionKeys",)]),
    ("malformed project", CreateMonitor(name="x", probe=DOOR, project_id="prj_1"), [("projectId",)]),
    (
        "tags",
        CreateMonitor(name="x", probe=DOOR, tags=["ok", " ", "y" * 101]),
        [("tags", "1"), ("tags", "2")],
    ),
    ("too many tags", CreateMonitor(name="x", probe=DOOR, tags=[str(n) for n in range(51)]), [("tags",)]),
    (
        "confirmation",
        CreateMonitor(
            name="x",
            probe=DOOR,
            confirmation=ConfirmationInput(
                failures_to_open=0, successes_to_close=-1, regions_to_agree=101, recheck_seconds=0
            ),
        ),
        [
            ("confirmation", "failuresToOpen"),
            ("confirmation", "successesToClose"),
            ("confirmation", "regionsToAgree"),
            ("confirmation", "recheckSeconds"),
        ],
    ),
    (
        "everything at once",
        CreateMonitor(
            name="",
            probe=KindChoice(kind="door", config={}),
            interval_seconds=-5,
            timeout_seconds=0,
            region_keys=["mars"],
            tags=[""],
            project_id="nonsense",
        ),
        [
            ("name",),
            ("probe", "door", "address"),
            ("intervalSeconds",),
            ("timeoutSeconds",),
            ("tags", "0"),
            ("projectId",),
            ("regionKeys", "0"),
        ],
    ),
]


@pytest.mark.parametrize(
    ("wanted", "paths"), [case[1:] for case in BAD_INPUTS], ids=[case[0] for case in BAD_INPUTS]
)
async def test_bad_input_is_told_at_its_path_and_nothing_is_stored(
    monitors, tenants, contents, wanted: CreateMonitor, paths: list[tuple[str, ...]]
) -> None:
    before = await contents()

    with pytest.raises(InvalidInput) as refused:
        await monitors.create(tenants.owner, wanted)

    assert [issue.path for issue in refused.value.issues] == paths
    assert await contents() == before


async def test_a_strangers_project_answers_like_an_unknown_one(monitors, tenants, database, clock) -> None:
    [(strangers_project,)] = await fetch(
        database, "SELECT id FROM projects WHERE workspace_id = $1", tenants.stranger.workspace_id
    )

    answers = []
    for project_id in (strangers_project, new_id(clock.now())):
        wanted = CreateMonitor(name="x", probe=DOOR, project_id=encode_id(Prefix.PROJECT, project_id))
        with pytest.raises(InvalidInput) as refused:
            await monitors.create(tenants.owner, wanted)
        answers.append(refused.value.issues)

    assert answers[0] == answers[1]


@pytest.mark.parametrize(("persona", "error"), [("viewer", Forbidden), ("reader_token", TokenScopeDenied)])
async def test_who_may_only_read_makes_no_monitor(
    monitors, tenants, contents, persona: str, error: type[Exception]
) -> None:
    before = await contents()

    with pytest.raises(error):
        await monitors.create(getattr(tenants, persona), CreateMonitor(name="", probe=DOOR))

    assert await contents() == before


async def test_without_any_region_an_active_monitor_cannot_be_made_yet(monitors, tenants, database) -> None:
    async with database.acquire() as connection:
        await connection.execute("DELETE FROM regions")

    with pytest.raises(Unavailable, match="no region is known"):
        await monitors.create(tenants.owner, CreateMonitor(name="x", probe=DOOR))
