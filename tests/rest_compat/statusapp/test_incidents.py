"""StatusApp's incidents, and the same in GraphQL."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from core.ids import Prefix, encode_id, new_id
from tests.graphql_schema.test_statement_counts import fill, is_noise
from tests.rest_compat.statusapp.asking import ask, field_errors, told

GRAPHQL = """
{ incidents(first: 100) { totalCount nodes { id number kind status severity startedAt resolvedAt rootCause rootCauseDetail
  monitor { id } affectedRegions { key } checksFailed checksTotal timeToRecoverySeconds
  timeline(first: 100) { nodes { id at kind message } } checks(first: 100) { nodes { id status } } } } }
"""
HOUR = timedelta(hours=1)


def as_shown(seen: dict[str, Any]) -> dict[str, Any]:
    """Return what StatusApp shows of what GraphQL answers."""
    lasted = seen["timeToRecoverySeconds"]
    return {
        "id": seen["id"],
        "incidentNumber": seen["number"],
        "monitorId": seen["monitor"]["id"],
        "startedAt": seen["startedAt"],
        "resolvedAt": seen["resolvedAt"],
        "isResolved": seen["status"] == "RESOLVED",
        "severity": seen["severity"].lower(),
        "status": "resolved" if seen["status"] == "RESOLVED" else "open",
        "rootCause": seen["rootCauseDetail"],
        "rootCauseCategory": seen["rootCause"],
        "affectedRegions": [region["key"] for region in seen["affectedRegions"]],
        "checksFailed": seen["checksFailed"],
        "checksTotal": seen["checksTotal"],
        "mttr": None if lasted is None else round(lasted),
    }


async def made(owner) -> dict[str, str]:
    """Add an incident that ended, one that lasts and one that somebody looks after; return their ids by name."""
    monitor_id = await owner.add_monitor("m")
    others = await owner.add_monitors(["n", "o"])
    await owner.add_checks(monitor_id, [HOUR * 3, HOUR * 3 - timedelta(minutes=1)], status=3)
    await owner.add_checks(others[0], [timedelta(minutes=30)], status=3)
    ended = await owner.add_incident(
        monitor_id,
        1,
        HOUR * 3,
        status="RESOLVED",
        resolved_at=owner.now - HOUR * 2,
        root_cause="DATABASE_ISSUE",
        root_cause_detail="Database connection timeout",
        checks_failed=2,
        checks_total=2,
    )
    lasting = await owner.add_incident(others[0], 2, HOUR, severity="CRITICAL")
    cared = await owner.add_incident(others[1], 3, HOUR * 2, status="ACKNOWLEDGED", kind="DEGRADED")
    for kind in ("OPENED", "NOTE"):
        await owner.insert(
            "incident_events",
            id=owner.next_id(),
            workspace_id=owner.workspace_id,
            incident_id=ended,
            at=owner.now - HOUR * 3,
            kind=kind,
            message=kind.lower(),
        )
    ids = {"ended": ended, "lasting": lasting, "cared": cared}
    return {name: encode_id(Prefix.INCIDENT, each) for name, each in ids.items()} | {
        "monitor": encode_id(Prefix.MONITOR, monitor_id)
    }


async def listed(owner, query: str) -> list[str]:
    return [each["id"] for each in (await told(owner, "GET", f"/incidents?{query}"))["incidents"]]


async def test_incidents_are_what_graphql_answers_value_by_value(owner) -> None:
    ids = await made(owner)

    page = await told(owner, "GET", "/incidents")
    whole = await told(owner, "GET", f"/incidents/{ids['ended']}")

    seen = (await owner.data(GRAPHQL))["incidents"]
    assert page["incidents"] == [as_shown(each) for each in seen["nodes"]]
    assert page["pagination"] == {"total": 3, "page": 1, "limit": 50, "totalPages": 1}
    assert [each["checksFailed"] for each in page["incidents"]] == [1, 0, 2]
    (expected,) = [each for each in seen["nodes"] if each["id"] == ids["ended"]]
    assert {name: whole[name] for name in page["incidents"][0]} == as_shown(expected)
    assert whole["mttr"] == 3600
    assert whole["updates"] == [
        {"id": each["id"], "type": each["kind"], "message": each["message"], "createdAt": each["at"]}
        for each in expected["timeline"]["nodes"]
    ]
    assert [(each["id"], each["status"]) for each in whole["checks"]] == [
        (each["id"], each["status"]) for each in expected["checks"]["nodes"]
    ]
    assert len(whole["checks"]) == 2
    assert whole["regions"] == (await told(owner, "GET", "/worker-regions"))["regions"]
    assert whole["rootCauseAnalysis"] == {
        "category": "DATABASE_ISSUE",
        "description": "Database connection timeout",
    }


async def test_incidents_are_filtered_and_sorted(owner) -> None:
    ids = await made(owner)
    ended, lasting, cared = ids["ended"], ids["lasting"], ids["cared"]

    assert await listed(owner, "") == [lasting, cared, ended]
    assert await listed(owner, "order=asc") == [ended, cared, lasting]
    # Somebody looks after an acknowledged one, and it lasts.
    assert await listed(owner, "status=open") == [lasting, cared]
    assert await listed(owner, "status=resolved") == [ended]
    assert await listed(owner, "sort=resolvedAt&order=asc&limit=1") == [ended]
    assert await listed(owner, f"monitorId={ids['monitor']}") == [ended]
    for nobody in (encode_id(Prefix.MONITOR, new_id(owner.now)), "mon_1", ""):
        assert await listed(owner, f"monitorId={nobody}") == []


async def test_an_incident_that_graphql_resolves_is_resolved_here(owner) -> None:
    ids = await made(owner)
    await owner.data(
        "mutation ($id: ID!) { resolveIncident(input: {id: $id}) { userErrors { message } } }",
        id=ids["cared"],
    )

    shown = await told(owner, "GET", f"/incidents/{ids['cared']}")

    assert (shown["status"], shown["isResolved"], shown["updates"][-1]["type"]) == (
        "resolved",
        True,
        "RESOLVED",
    )


@pytest.mark.parametrize("query", ["status=OPEN", "sort=severity", "page=0", "limit=1000"])
async def test_a_query_that_makes_no_sense_is_refused(owner, query) -> None:
    ((_, path),) = field_errors(await ask(owner, "GET", f"/incidents?{query}"))

    assert path == [query.partition("=")[0]]


async def test_what_is_another_workspaces_is_like_nothing_and_what_is_out_of_sight_is_refused(
    owner, stranger
) -> None:
    ids = await made(owner)
    project_id = await owner.add_project("his")
    confined = await owner.add_token(confined_to=[project_id])

    unknown = [
        await ask(stranger, "GET", f"/incidents/{each}")
        for each in (ids["ended"], encode_id(Prefix.INCIDENT, new_id(owner.now)), "inc_1", ids["monitor"])
    ]
    refused = await ask(confined, "GET", f"/incidents/{ids['ended']}")

    assert {(each.status_code, each.text) for each in unknown} == {
        (404, '{"error":"incident not found","code":"NOT_FOUND"}')
    }
    assert (refused.status_code, refused.json()["details"]) == (403, "DEVICE_SCOPE_FORBIDDEN")
    assert await listed(confined, "") == []


async def test_a_list_costs_the_same_statements_as_its_graphql_twin(owner, watched) -> None:
    twin = "{ incidents(first: 100) { totalCount nodes { number checksFailed affectedRegions { key } } } }"

    async def statements() -> list[str]:
        await told(owner, "GET", "/incidents?limit=100")
        watched.statements.clear()
        await told(owner, "GET", "/incidents?limit=100")
        return [each for each in watched.statements if not is_noise(each)]

    few = await statements()
    await fill(owner, 50)
    many = await statements()
    await owner.data(twin)
    watched.statements.clear()
    await owner.data(twin)

    assert sorted(many) == sorted(few)
    assert len(many) == len([each for each in watched.statements if not is_noise(each)]) == 4
