"""The plan's days of history bound what is shown and counted, though more of it is still stored."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.access.plans import TERMS, Plan
from core.access.sight import Sight
from core.checks.reading import CheckFilter
from core.ids import Prefix, encode_id
from core.monitors.status import MonitorStatus
from core.statistics.period import Window
from core.statistics.reading import check_counts, latencies, latency_series
from tests.graphql_schema.conftest import Tenant

NODES = "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }"
HISTORY = """
{ monitors { nodes { name checkCount incidentCount lastCheck { status }
    checks(first: 9) { totalCount nodes { checkedAt } } openIncident { number checksTotal }
    heartbeat { lastPingAt events(first: 9) { totalCount nodes { message } } } } }
  incidents { totalCount nodes { number checks(first: 9) { totalCount } timeline { totalCount } } }
  deliveries { totalCount nodes { recipient } }
  channels { nodes { deliveries { totalCount } } } }
"""


@pytest.fixture
async def past(owner: Tenant) -> dict[str, str]:
    """A monitor and a job with a history around the beginning of FREE's; ids of what is older than that."""
    begins = timedelta(days=TERMS[Plan.FREE].retention_days)
    moment = timedelta(microseconds=1)
    monitor_id = await owner.add_monitor("Door")
    job_id = await owner.add_heartbeat("Job")
    checks = await owner.add_checks(
        monitor_id, [timedelta(minutes=1), begins, begins + timedelta(milliseconds=1)]
    )
    for place, age in enumerate((timedelta(minutes=1), begins, begins + moment)):
        await owner.insert(
            "pings",
            id=owner.next_id(),
            monitor_id=job_id,
            workspace_id=owner.workspace_id,
            kind="SUCCESS",
            arrived_at=owner.now - age,
            message=f"ping {place}",
        )
    open_id = await owner.add_incident(monitor_id, 1, begins + timedelta(days=1))
    ended = {"status": "RESOLVED", "kind": "DEGRADED", "checks_failed": 1, "checks_total": 2}
    kept = await owner.add_incident(
        monitor_id, 2, begins + timedelta(days=2), resolved_at=owner.now - begins, **ended
    )
    gone = await owner.add_incident(
        monitor_id, 3, begins + timedelta(days=3), resolved_at=owner.now - begins - moment, **ended
    )
    channel_id = await owner.add_channel()
    for incident_id, age in ((open_id, timedelta(0)), (kept, begins), (gone, begins + moment)):
        delivery_id = await owner.add_delivery(
            channel_id=channel_id,
            incident_id=incident_id,
            created_at=owner.now - age,
            recipient=f"{age}",
        )
    await owner.insert(
        "incident_events",
        id=owner.next_id(),
        workspace_id=owner.workspace_id,
        incident_id=open_id,
        at=owner.now - begins - timedelta(days=1),
        kind="OPENED",
        message="it began",
    )
    return {
        "check": encode_id(Prefix.CHECK, checks[2]),
        "incident": encode_id(Prefix.INCIDENT, gone),
        "delivery": encode_id(Prefix.DELIVERY, delivery_id),
    }


async def on_plan(owner: Tenant, plan: Plan) -> Tenant:
    """Book a plan and return an owner who has not asked before: what is known of him is not of an earlier one."""
    await owner.fetch("UPDATE workspaces SET plan = $2 WHERE id = $1", owner.workspace_id, plan.value)
    return await owner.add_token()


async def as_free(owner: Tenant) -> Tenant:
    """Return an owner on the plan FREE."""
    return await on_plan(owner, Plan.FREE)


async def test_nothing_older_than_the_plans_history_is_shown_or_counted(owner, past) -> None:
    data = await (await as_free(owner)).data(HISTORY)

    door, job = data["monitors"]["nodes"]
    assert (door["checkCount"], door["checks"]["totalCount"], len(door["checks"]["nodes"])) == (2, 2, 2)
    assert door["incidentCount"] == 2
    # What lasts is shown whole, however long it has lasted; what is counted of it is what can be shown.
    assert door["openIncident"] == {"number": "INC-2026-0001", "checksTotal": 2}
    assert (job["heartbeat"]["lastPingAt"] is not None, job["heartbeat"]["events"]["totalCount"]) == (True, 2)
    assert [event["message"] for event in job["heartbeat"]["events"]["nodes"]] == ["ping 0", "ping 1"]
    assert data["incidents"] == {
        "totalCount": 2,
        "nodes": [
            {"number": "INC-2026-0001", "checks": {"totalCount": 2}, "timeline": {"totalCount": 1}},
            {"number": "INC-2026-0002", "checks": {"totalCount": 0}, "timeline": {"totalCount": 0}},
        ],
    }
    assert data["deliveries"]["totalCount"] == 2
    assert data["channels"]["nodes"] == [{"deliveries": {"totalCount": 2}}]


async def test_what_is_older_is_like_none_by_its_id(owner, past) -> None:
    ids = list(past.values())

    assert (await (await as_free(owner)).data(NODES, ids=ids))["nodes"] == [None] * 3
    enterprise = await on_plan(owner, Plan.ENTERPRISE)
    assert (await enterprise.data(NODES, ids=ids))["nodes"] == [{"id": each} for each in ids]


async def test_after_an_upgrade_what_is_still_stored_shows_again(owner, past) -> None:
    free = await as_free(owner)
    assert (await free.data("{ incidents { totalCount } }"))["incidents"]["totalCount"] == 2

    data = await (await on_plan(owner, Plan.STARTER)).data(HISTORY)

    assert data["incidents"]["totalCount"] == data["deliveries"]["totalCount"] == 3
    assert data["monitors"]["nodes"][0]["checkCount"] == 3


async def test_a_monitor_that_was_last_checked_before_the_history_shows_no_last_check(owner) -> None:
    monitor_id = await owner.add_monitor(status=MonitorStatus.UP)
    await owner.add_checks(monitor_id, [timedelta(days=8)])
    document = "{ monitors { nodes { status lastCheck { status } checks { totalCount } } } }"

    (hidden,) = (await (await as_free(owner)).data(document))["monitors"]["nodes"]
    (shown,) = (await (await on_plan(owner, Plan.STARTER)).data(document))["monitors"]["nodes"]

    assert shown == {"status": "UP", "lastCheck": {"status": "UP"}, "checks": {"totalCount": 1}}
    assert hidden == {"status": "UP", "lastCheck": None, "checks": {"totalCount": 0}}


async def test_figures_are_of_a_window_that_begins_within_history(owner) -> None:
    monitor_id = await owner.add_monitor()
    await owner.add_checks(monitor_id, [timedelta(days=1), timedelta(days=6), timedelta(days=8)])
    sight = Sight(workspace_id=owner.workspace_id, project_ids=None, since=owner.now - timedelta(days=7))
    window = Window(start=sight.since, end=owner.now)

    async with owner.database.acquire() as connection:
        counted = (await check_counts(connection, sight, [monitor_id], window))[monitor_id]["total"]
        kept = (await check_counts(connection, sight, [monitor_id]))[monitor_id]["total"]
        series = (await latency_series(connection, sight, [monitor_id], window, 7))[monitor_id]
        latency = await latencies(connection, sight, [monitor_id], window)

    assert (counted, kept, sum(part["checks"] for part in series.values())) == (2, 2, 2)
    assert latency[monitor_id]["average_ms"] == 12.345


async def test_a_filter_that_reaches_further_back_finds_no_more(owner) -> None:
    sight = Sight(workspace_id=owner.workspace_id, project_ids=None, since=owner.now - timedelta(days=7))
    wanted = CheckFilter(since=owner.now - timedelta(days=30))

    assert wanted.arguments(sight)[1] == sight.since
