"""Incidents, and the same in GraphQL."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.access.principal import Grant, TokenPermission, TokenScope
from tests.graphql_schema.test_statement_counts import is_noise, statements_of
from tests.rest_compat.dashmon.asking import ask, refusal, told

IN_GRAPHQL = """query ($statuses: [IncidentStatus!]) { incidents(filter: {status: $statuses}) { totalCount nodes {
  id number kind status severity monitor { id } monitorName startedAt acknowledgedAt resolvedAt
  timeToRecoverySeconds rootCause rootCauseDetail } } }"""
STATUSES = {
    "?status=open": ["OPEN", "ACKNOWLEDGED"],
    "?status=acknowledged": ["ACKNOWLEDGED"],
    "?status=resolved": ["RESOLVED"],
    "": None,
}


async def seed(owner) -> None:
    shop, gone = await owner.add_monitors(["The shop", "Gone"])
    await owner.add_incident(shop, 1, timedelta(hours=9))
    await owner.add_incident(
        shop, 2, timedelta(hours=8), kind="DEGRADED", status="ACKNOWLEDGED", acknowledged_at=owner.now
    )
    await owner.add_incident(
        gone,
        3,
        timedelta(hours=7),
        status="RESOLVED",
        resolved_at=owner.now,
        root_cause_detail="no answer",
        checks_failed=1,
        checks_total=2,
    )
    await owner.fetch("UPDATE monitors SET deleted_at = $2 WHERE id = $1", gone, owner.now)


async def test_incidents_are_those_of_graphql_value_by_value(owner) -> None:
    await seed(owner)

    for query, statuses in STATUSES.items():
        listed = await told(owner, "GET", f"/api/incidents{query}")
        expected = (await owner.data(IN_GRAPHQL, statuses=statuses))["incidents"]
        assert (listed["total"], listed["page"], listed["limit"]) == (expected["totalCount"], 1, 50)
        assert listed["incidents"] == [
            {
                "id": node["id"],
                "number": node["number"],
                "kind": node["kind"].lower(),
                "status": node["status"].lower(),
                "severity": node["severity"].lower(),
                "deviceId": None if node["monitor"] is None else node["monitor"]["id"],
                "deviceName": node["monitorName"],
                "startedAt": node["startedAt"],
                "acknowledgedAt": node["acknowledgedAt"],
                "resolvedAt": node["resolvedAt"],
                "durationSeconds": node["timeToRecoverySeconds"],
                "rootCause": node["rootCause"].lower(),
                "rootCauseDetail": node["rootCauseDetail"],
            }
            for node in expected["nodes"]
        ]
    whole = listed["incidents"]
    assert [incident["number"] for incident in whole] == ["INC-2026-0003", "INC-2026-0002", "INC-2026-0001"]
    second = await told(owner, "GET", "/api/incidents?page=2&limit=2")
    assert (second["incidents"], second["total"]) == (whole[2:], 3)


async def test_a_token_of_incidents_alone_learns_no_device(owner) -> None:
    await seed(owner)
    narrow = await owner.add_token(Grant(scope=TokenScope.INCIDENTS, permission=TokenPermission.READ))

    listed = await told(narrow, "GET", "/api/incidents")

    assert {incident["deviceId"] for incident in listed["incidents"]} == {None}


@pytest.mark.parametrize("query", ["status=closed", "status=OPEN", "limit=101", "page=0"])
async def test_a_query_that_cannot_be_is_refused(owner, query) -> None:
    assert await refusal(owner, "GET", f"/api/incidents?{query}") == (400, "invalid_input")


async def test_all_that_is_wrong_with_a_query_is_told_at_once(owner) -> None:
    for path, wrong in (
        ("/api/incidents?status=zzz&page=0&limit=101", ["limit", "page", "status"]),
        (
            "/api/projects?limit=0&page=x&devicePage=-1&deviceLimit=501",
            ["deviceLimit", "devicePage", "limit", "page"],
        ),
        ("/api/user/api-tokens?limit=0&page=0", ["limit", "page"]),
    ):
        answer = await ask(owner, "GET", path)
        assert answer.status_code == 400
        assert sorted(issue["path"] for issue in answer.json()["issues"]) == [[name] for name in wrong]


async def test_a_list_takes_as_many_statements_however_long_it_is_and_no_more_than_its_twin_in_graphql(
    owner, watched
) -> None:
    counts = set()
    for number in range(3):
        await owner.add_incident(await owner.add_monitor(), number, timedelta(hours=number))
        await told(owner, "GET", "/api/incidents")
        watched.statements.clear()
        await told(owner, "GET", "/api/incidents")
        counts.add(sum(not is_noise(each) for each in watched.statements))

    twin = await statements_of(owner, watched, IN_GRAPHQL)
    assert counts == {3}
    assert max(counts) <= len(twin)
