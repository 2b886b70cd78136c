"""StatusApp's list of monitors: its pages, filters and orders, and the same in GraphQL."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.monitors.status import MonitorStatus
from tests.graphql_schema.conftest import Tenant
from tests.graphql_schema.test_statement_counts import fill, is_noise
from tests.rest_compat.statusapp.asking import ask, field_errors, told

GRAPHQL = """
{ monitors(first: 100, orderBy: CREATED_DESC) { totalCount nodes {
  id name kind intervalSeconds status paused createdAt updatedAt checkCount incidentCount target
  probe { ... on HttpProbeConfig { url presentation } }
  lastCheck { id status responseTimeMs statusCode checkedAt region { city country countryCode } } } } }
"""


async def names(owner: Tenant, query: str) -> list[str]:
    return [each["name"] for each in (await told(owner, "GET", f"/monitors?{query}"))["monitors"]]


async def test_the_list_is_what_graphql_answers_value_by_value(owner) -> None:
    site = await owner.add_monitor("site", config={"url": "https://s.example", "presentation": "WEBSITE"})
    api = await owner.add_monitor("api", config={"url": "https://a.example", "presentation": "API"})
    await owner.add_heartbeat()
    await owner.add_monitor(
        "down", status=MonitorStatus.DOWN, paused_at=owner.now, config={"url": "https://d"}
    )
    await owner.add_checks(site, [timedelta(minutes=1), timedelta(minutes=2)], status_code=200)
    await owner.add_checks(api, [timedelta(minutes=3)], status=3, response_us=None, error="no")
    await owner.add_incident(api, 1, timedelta(hours=1))

    listed = await told(owner, "GET", "/monitors")

    seen = (await owner.data(GRAPHQL))["monitors"]
    assert listed["pagination"] == {"total": seen["totalCount"], "page": 1, "limit": 50, "totalPages": 1}
    assert listed["monitors"] == [
        {
            "id": each["id"],
            "name": each["name"],
            "url": each["probe"].get("url") or each["target"],
            "type": each["probe"].get("presentation") or "CRON",
            "interval": each["intervalSeconds"],
            "status": each["status"],
            "isPaused": each["paused"],
            "isActive": not each["paused"],
            "createdAt": each["createdAt"],
            "updatedAt": each["updatedAt"],
            "checks": [
                {
                    "id": check["id"],
                    "status": check["status"],
                    "responseTime": None
                    if check["responseTimeMs"] is None
                    else round(check["responseTimeMs"]),
                    "statusCode": check["statusCode"],
                    "checkedAt": check["checkedAt"],
                    "workerRegion": check["region"],
                }
                for check in [each["lastCheck"]]
                if check is not None
            ],
            "_count": {"checks": each["checkCount"], "incidents": each["incidentCount"]},
        }
        for each in seen["nodes"]
    ]
    assert [each["_count"] for each in listed["monitors"]] == [
        {"checks": 0, "incidents": 0},
        {"checks": 0, "incidents": 0},
        {"checks": 1, "incidents": 1},
        {"checks": 2, "incidents": 0},
    ]


async def test_lists_are_filtered_before_they_are_read(owner) -> None:
    await owner.add_monitor("old", config={"url": "https://old.example"})
    await owner.add_monitor("site", config={"url": "https://s.example", "presentation": "WEBSITE"})
    await owner.add_monitor(
        "api", config={"url": "https://a.example", "presentation": "API"}, status=MonitorStatus.DOWN
    )
    await owner.add_heartbeat("job")

    assert await names(owner, "type=WEBSITE&sort=name&order=asc") == ["old", "site"]
    assert await names(owner, "type=API") == ["api"]
    assert await names(owner, "type=CRON") == ["job"]
    assert await names(owner, "type=PING") == []
    assert await names(owner, "status=DOWN") == ["api"]
    assert await names(owner, "status=UP&type=API") == []
    assert await names(owner, "search=SIT") == ["site"]
    assert await names(owner, "search=example.org&type=WEBSITE&sort=name") == ["site", "old"]
    page = await told(owner, "GET", "/monitors?type=WEBSITE&limit=1&page=2&sort=name&order=asc")
    assert ([each["name"] for each in page["monitors"]], page["pagination"]) == (
        ["site"],
        {"total": 2, "page": 2, "limit": 1, "totalPages": 2},
    )


async def test_lists_are_sorted_by_the_fields_of_the_page(owner) -> None:
    day = timedelta(days=1)
    await owner.add_monitor("b", interval_seconds=60, age=3 * day, updated_at=owner.now)
    await owner.add_monitor("a", interval_seconds=900, age=2 * day, status=MonitorStatus.DOWN)
    await owner.add_monitor("c", interval_seconds=300, age=day, status=MonitorStatus.DEGRADED)

    assert await names(owner, "") == ["c", "a", "b"]
    assert await names(owner, "sort=createdAt&order=asc") == ["b", "a", "c"]
    assert await names(owner, "sort=name&order=asc") == ["a", "b", "c"]
    assert await names(owner, "sort=name") == ["c", "b", "a"]
    assert await names(owner, "sort=interval&order=asc") == ["b", "c", "a"]
    assert await names(owner, "sort=status&order=desc") == ["a", "c", "b"]
    assert await names(owner, "sort=updatedAt&order=desc") == ["b", "c", "a"]


async def test_all_pages_together_are_the_whole_list(owner) -> None:
    expected = [f"m{number:02}" for number in range(7)]
    await owner.add_monitors(expected)

    pages = [
        await told(owner, "GET", f"/monitors?limit=3&page={page}&sort=name&order=asc")
        for page in (1, 2, 3, 4)
    ]

    assert [each["name"] for page in pages for each in page["monitors"]] == expected
    assert {page["pagination"]["totalPages"] for page in pages} == {3}
    far = await told(owner, "GET", "/monitors?page=1000000000&limit=100")
    assert (far["monitors"], far["pagination"]["total"]) == ([], 7)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("page=0", [("too_small", ["page"])]),
        ("page=-1", [("too_small", ["page"])]),
        ("page=10000000000", [("too_big", ["page"])]),
        ("page=%2B1", [("invalid_type", ["page"])]),
        ("page=1e9", [("invalid_type", ["page"])]),
        ("page=1000000001", [("too_big", ["page"])]),
        ("limit=101", [("too_big", ["limit"])]),
        ("limit=", [("invalid_type", ["limit"])]),
        ("sort=secret", [("invalid_enum_value", ["sort"])]),
        ("order=up", [("invalid_enum_value", ["order"])]),
        ("status=up", [("invalid_enum_value", ["status"])]),
        ("type=http", [("invalid_enum_value", ["type"])]),
        ("search=%00", [("custom", ["search"])]),
        (
            "page=0&limit=0&sort=x",
            [("too_small", ["page"]), ("too_small", ["limit"]), ("invalid_enum_value", ["sort"])],
        ),
    ],
)
async def test_a_query_that_makes_no_sense_is_told_as_fields_are(owner, query, expected) -> None:
    assert field_errors(await ask(owner, "GET", f"/monitors?{query}")) == expected


async def test_a_list_costs_the_same_statements_as_its_graphql_twin_however_long_it_is(
    owner, watched
) -> None:
    async def statements() -> list[str]:
        await told(owner, "GET", "/monitors?limit=100")
        watched.statements.clear()
        await told(owner, "GET", "/monitors?limit=100")
        return [each for each in watched.statements if not is_noise(each)]

    await fill(owner, 5)
    few = await statements()
    await fill(owner, 300)
    many = await statements()
    await owner.data(GRAPHQL)
    watched.statements.clear()
    await owner.data(GRAPHQL)
    twin = [each for each in watched.statements if not is_noise(each)]

    assert sorted(many) == sorted(few)
    assert len(few) == len(twin) == 6
