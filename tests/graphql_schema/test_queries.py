"""What every query shows of the rows behind it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.ids import Prefix, encode_id
from core.moments import write_moment
from core.monitors.status import MonitorStatus

MONITOR = """
query ($id: ID!) { monitor(id: $id) {
  id name kind target intervalSeconds timeoutSeconds status statusSince flapping paused createdAt updatedAt revision
  probe { __typename kind summary secretsSet ... on HttpProbeConfig { url method } }
  project { id name isDefault } tags { name monitorCount } regions { key city isActive workers }
  confirmation { failuresToOpen successesToClose regionsToAgree recheckSeconds }
  lastCheck { id status checkedAt responseTimeMs statusCode error region { key } monitor { id }
    timings { dnsMs connectMs tlsMs firstByteMs transferMs totalMs } assertions { name passed expected actual } evidence }
  checkCount incidentCount openIncident { number } heartbeat { pingUrl }
  uptime(period: DAY) { ratio upSeconds downSeconds pendingSeconds incidents checks checksUp checksDown }
  latency(period: HOUR) { averageMs minMs maxMs p50Ms p95Ms p99Ms byRegion { region { key } averageMs p95Ms } }
  latencySeries(period: HOUR, points: 2) { at averageMs p95Ms checks checksDown }
} }
"""


async def test_a_monitor_shows_all_that_is_known_of_it(owner):
    monitor_id = await owner.add_monitor("The shop", status=MonitorStatus.DOWN, since=timedelta(minutes=5))
    await owner.insert("monitor_regions", monitor_id=monitor_id, region_id=1, workspace_id=owner.workspace_id)
    tag_id = owner.next_id()
    await owner.insert("tags", id=tag_id, workspace_id=owner.workspace_id, name="Web")
    await owner.insert("monitor_tags", monitor_id=monitor_id, tag_id=tag_id, workspace_id=owner.workspace_id)
    await owner.add_checks(monitor_id, [timedelta(minutes=50), timedelta(minutes=40)])
    (last,) = await owner.add_checks(
        monitor_id,
        [timedelta(minutes=5)],
        status=3,
        error="status 500",
        status_code=500,
        response_us=20_000,
        dns_us=1_500,
    )
    await owner.insert(
        "check_details",
        monitor_id=monitor_id,
        slot=owner.now - timedelta(minutes=5),
        region_id=1,
        workspace_id=owner.workspace_id,
        assertions=[{"name": "status", "passed": False, "expected": "200-299", "actual": "500"}],
        evidence={"body": "oops"},
    )
    await owner.add_incident(monitor_id, 42, timedelta(minutes=5))

    monitor = (await owner.data(MONITOR, id=encode_id(Prefix.MONITOR, monitor_id)))["monitor"]

    assert monitor["name"] == "The shop"
    assert (monitor["kind"], monitor["target"], monitor["status"]) == ("http", "https://example.org/", "DOWN")
    assert monitor["statusSince"] == write_moment(owner.now - timedelta(minutes=5))
    assert monitor["createdAt"] == write_moment(owner.now - timedelta(days=30))
    assert monitor["probe"] == {
        "__typename": "HttpProbeConfig",
        "kind": "http",
        "summary": "https://example.org/",
        "secretsSet": [],
        "url": "https://example.org/",
        "method": "GET",
    }
    assert monitor["project"] == {
        "id": encode_id(Prefix.PROJECT, owner.project_id),
        "name": "Default",
        "isDefault": True,
    }
    assert monitor["tags"] == [{"name": "Web", "monitorCount": 1}]
    assert monitor["regions"] == [{"key": "local", "city": "Bern", "isActive": False, "workers": 0}]
    assert monitor["confirmation"] == {
        "failuresToOpen": 2,
        "successesToClose": 1,
        "regionsToAgree": 1,
        "recheckSeconds": 20,
    }
    assert monitor["lastCheck"] == {
        "id": encode_id(Prefix.CHECK, last),
        "status": "DOWN",
        "checkedAt": write_moment(owner.now - timedelta(minutes=5)),
        "responseTimeMs": 20.0,
        "statusCode": 500,
        "error": "status 500",
        "region": {"key": "local"},
        "monitor": {"id": monitor["id"]},
        "timings": {
            "dnsMs": 1.5,
            "connectMs": None,
            "tlsMs": None,
            "firstByteMs": None,
            "transferMs": None,
            "totalMs": 20.0,
        },
        "assertions": [{"name": "status", "passed": False, "expected": "200-299", "actual": "500"}],
        "evidence": {"body": "oops"},
    }
    assert (monitor["checkCount"], monitor["incidentCount"]) == (3, 1)
    assert monitor["openIncident"] == {"number": "INC-2026-0042"}
    assert monitor["heartbeat"] is None
    assert monitor["uptime"] == {
        "ratio": 0.0,
        "upSeconds": 0.0,
        "downSeconds": 86_400.0,
        "pendingSeconds": 0.0,
        "incidents": 1,
        "checks": 3,
        "checksUp": 2,
        "checksDown": 1,
    }
    assert monitor["latency"]["averageMs"] == pytest.approx((12.345 * 2 + 20) / 3)
    assert (monitor["latency"]["minMs"], monitor["latency"]["p50Ms"], monitor["latency"]["maxMs"]) == (
        12.345,
        12.345,
        20.0,
    )
    assert monitor["latency"]["byRegion"][0]["region"] == {"key": "local"}
    assert monitor["latencySeries"] == [
        {
            "at": write_moment(owner.now - timedelta(hours=1)),
            "averageMs": 12.345,
            "p95Ms": 12.345,
            "checks": 2,
            "checksDown": 0,
        },
        {
            "at": write_moment(owner.now - timedelta(minutes=30)),
            "averageMs": 20.0,
            "p95Ms": 20.0,
            "checks": 1,
            "checksDown": 1,
        },
    ]


INCIDENT = """
query ($id: ID!) { incident(id: $id) {
  number kind status severity monitorName startedAt resolvedAt timeToRecoverySeconds rootCause
  monitor { name } affectedRegions { key } checksFailed checksTotal
  checks { totalCount nodes { status monitor { name } } }
  timeline { nodes { kind message actor { name } } }
  alertDecisions { nodes { step outcome reason channel { name } delivery { status recipient statusCode } } }
} }
"""


async def add_story(owner, monitor_id, **columns):
    """Add an incident of ten minutes with two failed checks and a good one, a line and a decision."""
    incident_id = await owner.add_incident(monitor_id, 3, timedelta(minutes=10), **columns)
    await owner.add_checks(monitor_id, [timedelta(minutes=9), timedelta(minutes=8)], status=3)
    await owner.add_checks(monitor_id, [timedelta(minutes=7), timedelta(minutes=20)])
    channel_id = await owner.add_channel("Ops")
    delivery_id = await owner.add_delivery(channel_id=channel_id, incident_id=incident_id)
    story = {"workspace_id": owner.workspace_id, "incident_id": incident_id, "at": owner.now}
    await owner.insert("incident_events", id=owner.next_id(), kind="OPENED", message="status 500", **story)
    await owner.insert(
        "alert_decisions",
        id=owner.next_id(),
        step="ROUTE",
        outcome="NOTIFY",
        reason="no policy: every active channel is told",
        channel_id=channel_id,
        delivery_id=delivery_id,
        **story,
    )
    return incident_id


async def test_an_incident_that_lasts_counts_its_checks_so_far(owner):
    monitor_id = await owner.add_monitor("The shop", status=MonitorStatus.DOWN)
    incident_id = await add_story(owner, monitor_id)

    incident = (await owner.data(INCIDENT, id=encode_id(Prefix.INCIDENT, incident_id)))["incident"]

    assert incident == {
        "number": "INC-2026-0003",
        "kind": "OUTAGE",
        "status": "OPEN",
        "severity": "HIGH",
        "monitorName": "as it was called",
        "startedAt": write_moment(owner.now - timedelta(minutes=10)),
        "resolvedAt": None,
        "timeToRecoverySeconds": None,
        "rootCause": "UNKNOWN",
        "monitor": {"name": "The shop"},
        "affectedRegions": [{"key": "local"}],
        "checksFailed": 2,
        "checksTotal": 3,
        "checks": {
            "totalCount": 3,
            "nodes": [
                {"status": status, "monitor": {"name": "The shop"}} for status in ("UP", "DOWN", "DOWN")
            ],
        },
        "timeline": {"nodes": [{"kind": "OPENED", "message": "status 500", "actor": None}]},
        "alertDecisions": {
            "nodes": [
                {
                    "step": "ROUTE",
                    "outcome": "NOTIFY",
                    "reason": "no policy: every active channel is told",
                    "channel": {"name": "Ops"},
                    "delivery": {
                        "status": "DELIVERED",
                        "recipient": "https://hooks.example.org/",
                        "statusCode": 204,
                    },
                }
            ]
        },
    }


async def test_an_incident_outlives_its_monitor_with_the_figures_of_its_end(owner):
    monitor_id = await owner.add_monitor(deleted_at=owner.now)
    incident_id = await add_story(
        owner,
        monitor_id,
        status="RESOLVED",
        resolved_at=owner.now - timedelta(minutes=7),
        checks_failed=5,
        checks_total=6,
    )

    incident = (await owner.data(INCIDENT, id=encode_id(Prefix.INCIDENT, incident_id)))["incident"]

    assert incident["monitor"] is None
    assert incident["monitorName"] == "as it was called"
    assert (incident["checksFailed"], incident["checksTotal"]) == (5, 6)
    assert incident["timeToRecoverySeconds"] == 180.0
    assert incident["checks"] == {"totalCount": 0, "nodes": []}


async def test_a_heartbeat_shows_what_was_reported_latest_first(owner):
    monitor_id = await owner.add_heartbeat()
    for minutes, kind, more in ((5, "START", {}), (4, "SUCCESS", {"duration_ms": 60_000.0, "exit_code": 0})):
        await owner.insert(
            "pings",
            id=owner.next_id(),
            monitor_id=monitor_id,
            workspace_id=owner.workspace_id,
            arrived_at=owner.now - timedelta(minutes=minutes),
            kind=kind,
            message="done",
            run_id="r1",
            **more,
        )
    document = """{ monitors { nodes { target intervalSeconds regions { key } heartbeat { lastPingAt expectedBy
      graceSeconds events { totalCount nodes { kind at message durationMs exitCode runId } } } } } }"""

    (monitor,) = (await owner.data(document))["monitors"]["nodes"]

    assert (monitor["target"], monitor["intervalSeconds"], monitor["regions"]) == ("every 10 min", 600, [])
    heartbeat = monitor["heartbeat"]
    assert heartbeat["lastPingAt"] == write_moment(owner.now - timedelta(minutes=4))
    assert heartbeat["expectedBy"] == write_moment(owner.now + timedelta(minutes=6))
    assert heartbeat["graceSeconds"] == 90
    assert heartbeat["events"]["totalCount"] == 2
    assert [event["kind"] for event in heartbeat["events"]["nodes"]] == ["SUCCESS", "START"]
    assert heartbeat["events"]["nodes"][0]["durationMs"] == 60_000.0


async def test_uptime_counts_from_the_making_of_the_monitor_and_its_parts_sum_to_it(owner):
    monitor_id = await owner.add_monitor(age=timedelta(hours=3), status=MonitorStatus.UP)
    made = owner.now - timedelta(hours=3)
    await owner.fetch("DELETE FROM status_intervals")
    hour = timedelta(hours=1)
    await owner.add_interval(monitor_id, made, made + hour / 2, MonitorStatus.PENDING)
    await owner.add_interval(monitor_id, made + hour / 2, made + hour, MonitorStatus.UP)
    await owner.add_interval(monitor_id, made + hour, made + 1.5 * hour, MonitorStatus.DOWN)
    await owner.add_interval(monitor_id, made + 1.5 * hour, made + 2 * hour, MonitorStatus.DEGRADED)
    await owner.add_interval(monitor_id, made + 2 * hour, None, MonitorStatus.UNKNOWN)
    parts = """{ ratio upSeconds degradedSeconds downSeconds unknownSeconds maintenanceSeconds pausedSeconds
      pendingSeconds }"""

    (monitor,) = (
        await owner.data(
            f"{{ monitors {{ nodes {{ day: uptime(period: DAY) {parts} hour: uptime(period: HOUR) {parts} }} }} }}"
        )
    )["monitors"]["nodes"]

    assert monitor["day"] == {
        "ratio": 2 / 3,
        "upSeconds": 1_800.0,
        "degradedSeconds": 1_800.0,
        "downSeconds": 1_800.0,
        "unknownSeconds": 3_600.0,
        "maintenanceSeconds": 0.0,
        "pausedSeconds": 0.0,
        "pendingSeconds": 1_800.0,
    }
    assert monitor["hour"]["ratio"] is None
    assert monitor["hour"]["unknownSeconds"] == 3_600.0


async def test_a_project_is_as_well_as_its_gravest_monitor_that_is_not_paused(owner):
    async def status() -> str:
        return (await owner.data("{ projects { nodes { status } } }"))["projects"]["nodes"][0]["status"]

    assert await status() == "PENDING"
    await owner.add_monitor(status=MonitorStatus.UP)
    await owner.add_monitor(status=MonitorStatus.PENDING)
    assert await status() == "UP"
    await owner.add_monitor(status=MonitorStatus.DOWN, paused_at=owner.now)
    assert await status() == "UP"
    await owner.add_monitor(status=MonitorStatus.DEGRADED)
    assert await status() == "DEGRADED"


@pytest.mark.parametrize("points", [0, -1, 1_001])
async def test_too_many_points_or_none_are_refused(owner, points):
    await owner.add_monitor()

    answer = await owner.ask(
        "query ($points: Int!) { monitors { nodes { latencySeries(period: HOUR, points: $points) { at } } } }",
        points=points,
    )

    assert answer.codes == ["INVALID_INPUT"]


async def test_a_region_is_active_while_a_worker_of_it_lives(owner):
    for age, stopped_at in ((5, None), (600, None), (5, owner.now)):
        await owner.insert(
            "workers",
            id=owner.next_id(),
            region_id=1,
            started_at=owner.now,
            seen_at=owner.now - timedelta(seconds=age),
            stopped_at=stopped_at,
        )

    data = await owner.data("{ regions { key city isActive workers } }")

    assert data == {"regions": [{"key": "local", "city": "Bern", "isActive": True, "workers": 1}]}


async def test_the_kinds_tell_what_their_configuration_is(owner):
    data = await owner.data(
        "{ probeKinds { key mode configSchema distribution } notifierKinds { key configSchema distribution } }"
    )

    kinds = {kind["key"]: kind for kind in data["probeKinds"]}
    assert (kinds["http"]["mode"], kinds["heartbeat"]["mode"]) == ("ACTIVE", "PASSIVE")
    assert kinds["http"]["configSchema"]["properties"]["url"]["type"] == "string"
    assert {kind["key"] for kind in data["notifierKinds"]} == {"email", "webhook"}
    assert {kind["distribution"] for kind in data["probeKinds"]} == {"tocsin"}
