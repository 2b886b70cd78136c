"""Dashmon's projects, and the same in GraphQL."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.ids import Prefix, encode_id
from core.monitors.status import MonitorStatus
from tests.graphql_schema.test_statement_counts import is_noise, statements_of
from tests.rest_compat.dashmon.asking import refusal, told

IN_GRAPHQL = """{ projects(first: 50) { totalCount nodes { id name isDefault status createdAt
  monitors(first: 50) { totalCount nodes { id name kind target status paused intervalSeconds
    lastCheck { checkedAt responseTimeMs } } } } } }"""


async def seed(owner) -> None:
    shop = await owner.add_project("Shop")
    await owner.add_project("Empty")
    up, down = await owner.add_monitors(["Front", "Till"], project_id=shop)
    await owner.fetch("UPDATE monitor_states SET status = 3 WHERE monitor_id = $1", down)
    await owner.add_monitor("Resting", paused_at=owner.now, status=MonitorStatus.DEGRADED)
    await owner.add_heartbeat("Nightly job")
    for monitor_id in (up, down):
        await owner.add_checks(monitor_id, [timedelta(minutes=5), timedelta(minutes=1)], response_us=41_700)
    await owner.add_checks(down, [timedelta(seconds=30)], status=3, response_us=None)


async def test_projects_and_their_devices_are_those_of_graphql_value_by_value(owner) -> None:
    await seed(owner)

    listed = await told(owner, "GET", "/api/projects")
    expected = (await owner.data(IN_GRAPHQL))["projects"]

    assert {name: value for name, value in listed.items() if name != "projects"} == {
        "page": 1,
        "limit": 100,
        "total": expected["totalCount"],
        "devicePage": 1,
        "deviceLimit": 100,
    }
    assert listed["projects"] == [
        {
            "id": project["id"],
            "name": project["name"],
            "isDefault": project["isDefault"],
            "status": project["status"].lower(),
            "deviceCount": project["monitors"]["totalCount"],
            "createdAt": project["createdAt"],
            "devices": [
                {
                    "id": monitor["id"],
                    "name": monitor["name"],
                    "type": monitor["kind"],
                    "target": monitor["target"],
                    "status": monitor["status"].lower(),
                    "paused": monitor["paused"],
                    "interval": monitor["intervalSeconds"],
                    "lastCheckedAt": (monitor["lastCheck"] or {}).get("checkedAt"),
                    "responseTimeMs": (monitor["lastCheck"] or {}).get("responseTimeMs"),
                }
                for monitor in project["monitors"]["nodes"]
            ],
        }
        for project in expected["nodes"]
    ]
    assert [project["name"] for project in listed["projects"]] == ["Shop", "Empty", "Default"]


async def test_projects_and_their_devices_come_in_pages(owner) -> None:
    await seed(owner)
    whole = (await told(owner, "GET", "/api/projects"))["projects"]

    second = await told(owner, "GET", "/api/projects?page=2&limit=2&deviceLimit=1&devicePage=2")
    beyond = await told(owner, "GET", "/api/projects?page=1000000000&devicePage=1000000000")

    assert (second["page"], second["limit"], second["total"]) == (2, 2, 3)
    assert second["projects"] == [{**whole[2], "devices": whole[2]["devices"][1:2]}]
    assert (beyond["projects"], beyond["total"]) == ([], 3)


@pytest.mark.parametrize(
    "query",
    ["page=0", "page=-1", "limit=101", "limit=0", "deviceLimit=501", "devicePage=x", "page=99999999999"],
)
async def test_a_page_that_cannot_be_is_refused(owner, query) -> None:
    assert await refusal(owner, "GET", f"/api/projects?{query}") == (400, "invalid_input")


async def test_a_project_is_made_renamed_and_deleted_and_graphql_sees_it(owner, contents) -> None:
    made = await told(owner, "POST", "/api/projects", {"name": " Shop "}, status=201)
    assert (made["name"], made["isDefault"], made["status"], made["deviceCount"]) == (
        "Shop",
        False,
        "pending",
        0,
    )
    path = f"/api/projects/{made['id']}"
    renamed = await told(owner, "PUT", path, {"name": "Store"})
    assert renamed == {**made, "name": "Store"}
    document = f'{{ project(id: "{made["id"]}") {{ name createdAt }} }}'
    assert (await owner.data(document))["project"] == {"name": "Store", "createdAt": made["createdAt"]}

    (project_id,) = [row["id"] for row in await owner.fetch("SELECT id FROM projects WHERE name = 'Store'")]
    await owner.add_monitor(project_id=project_id)
    assert await refusal(owner, "DELETE", path) == (409, "conflict")
    assert await refusal(owner, "DELETE", f"{path}?deleteDevices=maybe") == (400, "invalid_input")
    default = f"/api/projects/{encode_id(Prefix.PROJECT, owner.project_id)}?deleteDevices=true"
    assert await refusal(owner, "DELETE", default) == (409, "conflict")

    assert await told(owner, "DELETE", f"{path}?deleteDevices=true") == {"id": made["id"], "deleted": True}
    assert (await owner.data(document))["project"] is None
    assert (await told(owner, "GET", "/api/projects"))["total"] == 1


@pytest.mark.parametrize(
    "body", [{}, {"name": ""}, {"name": 7}, {"name": "x" * 201}, {"name": "x", "color": 1}]
)
async def test_a_project_with_a_bad_body_is_not_stored(owner, contents, body) -> None:
    await told(owner, "GET", "/api/me")
    before = await contents()

    assert await refusal(owner, "POST", "/api/projects", body) == (400, "invalid_input")

    assert await contents() == before


async def test_a_list_takes_as_many_statements_however_long_it_is_and_no_more_than_its_twin_in_graphql(
    owner, watched
) -> None:
    counts = set()
    for number in range(3):
        project = await owner.add_project(str(number))
        for monitor_id in await owner.add_monitors(
            [str(each) for each in range(number + 1)], project_id=project
        ):
            await owner.add_checks(monitor_id, [timedelta(minutes=1)])
        await told(owner, "GET", "/api/projects")  # asyncpg has asked for the types by now
        watched.statements.clear()
        await told(owner, "GET", "/api/projects")
        counts.add(sum(not is_noise(each) for each in watched.statements))

    twin = await statements_of(owner, watched, IN_GRAPHQL)
    assert counts == {6}
    assert max(counts) <= len(twin)
