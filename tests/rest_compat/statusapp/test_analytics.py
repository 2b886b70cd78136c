"""StatusApp's figures, and the same in GraphQL."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.access.principal import Grant, TokenPermission, TokenScope
from core.ids import Prefix, encode_id
from core.monitors.status import MonitorStatus
from tests.graphql_schema.test_statement_counts import fill, is_noise
from tests.rest_compat.statusapp.asking import ask, field_errors, told

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
DASHBOARD = """
{ analytics { monitorsTotal monitorsActive monitorsPaused monitorsUp monitorsDown monitorsDegraded incidentsOpen
  incidentsResolvedToday incidentsResolvedThisWeek averageTimeToRecoverySeconds averageResponseTimeMs p95ResponseTimeMs
  overallUptime } }
"""
MONITOR = """
query ($id: ID!, $period: Period!) { monitor(id: $id) { id
  uptime(period: $period) { ratio checks checksUp checksDown incidents }
  latency(period: $period) { averageMs p50Ms p95Ms p99Ms byRegion { region { key } averageMs } } } }
"""


def rounded(number: float | None) -> int | None:
    return None if number is None else round(number)


async def watch(owner) -> str:
    """Add a monitor that was down for half an hour of the day, and others; return its id."""
    monitor_id = await owner.add_monitor("m", status=MonitorStatus.UP, age=40 * DAY)
    await owner.fetch("UPDATE status_intervals SET to_ms = from_ms + 1000 WHERE monitor_id = $1", monitor_id)
    await owner.add_interval(monitor_id, owner.now - 39 * DAY, owner.now - HOUR, MonitorStatus.UP)
    await owner.add_interval(monitor_id, owner.now - HOUR, owner.now - HOUR / 2, MonitorStatus.DOWN)
    await owner.add_interval(monitor_id, owner.now - HOUR / 2, None, MonitorStatus.UP)
    for number, age in enumerate((HOUR / 4, HOUR / 3, 5 * HOUR, 3 * DAY, 9 * DAY)):
        await owner.add_checks(monitor_id, [age], response_us=1_000 * (number + 1) ** 2)
    await owner.add_checks(monitor_id, [HOUR * 0.75], status=3, response_us=None)
    await owner.add_monitor("paused", paused_at=owner.now, status=MonitorStatus.DOWN)
    await owner.add_monitor("slow", status=MonitorStatus.DEGRADED)
    await owner.add_incident(
        monitor_id, 1, HOUR, status="RESOLVED", resolved_at=owner.now - timedelta(seconds=1)
    )
    await owner.add_incident(
        monitor_id, 2, 20 * DAY, status="RESOLVED", resolved_at=owner.now - 20 * DAY + HOUR
    )
    await owner.add_incident(monitor_id, 3, HOUR, kind="EXPIRY")
    return encode_id(Prefix.MONITOR, monitor_id)


async def test_the_dashboard_is_what_graphql_answers(owner) -> None:
    await watch(owner)

    shown = await told(owner, "GET", "/analytics")

    seen = (await owner.data(DASHBOARD))["analytics"]
    assert shown == {
        "monitors": {
            "total": seen["monitorsTotal"],
            "active": seen["monitorsActive"],
            "paused": seen["monitorsPaused"],
            "up": seen["monitorsUp"],
            "down": seen["monitorsDown"],
            "degraded": seen["monitorsDegraded"],
        },
        "incidents": {
            "open": seen["incidentsOpen"],
            "resolvedToday": seen["incidentsResolvedToday"],
            "resolvedThisWeek": seen["incidentsResolvedThisWeek"],
            "avgMttr": rounded(seen["averageTimeToRecoverySeconds"]),
        },
        "performance": {
            "avgResponseTime": rounded(seen["averageResponseTimeMs"]),
            "p95ResponseTime": rounded(seen["p95ResponseTimeMs"]),
            "overallUptime": seen["overallUptime"] * 100,
        },
    }
    assert shown["monitors"] == {"total": 3, "active": 2, "paused": 1, "up": 1, "down": 0, "degraded": 1}
    assert (shown["incidents"]["open"], shown["incidents"]["avgMttr"]) == (1, 3600)


@pytest.mark.parametrize(("period", "named"), [("1h", "HOUR"), ("24h", "DAY")])
async def test_the_figures_of_a_monitor_are_those_of_graphql(owner, period, named) -> None:
    monitor_id = await watch(owner)

    shown = await told(owner, "GET", f"/analytics/monitors/{monitor_id}?period={period}")

    seen = (await owner.data(MONITOR, id=monitor_id, period=named))["monitor"]
    uptime, latency = seen["uptime"], seen["latency"]
    assert shown == {
        "monitorId": seen["id"],
        "period": period,
        "uptime": uptime["ratio"] * 100,
        "avgResponseTime": rounded(latency["averageMs"]),
        "p50ResponseTime": rounded(latency["p50Ms"]),
        "p95ResponseTime": rounded(latency["p95Ms"]),
        "p99ResponseTime": rounded(latency["p99Ms"]),
        "totalChecks": uptime["checks"],
        "checksUp": uptime["checksUp"],
        "checksDown": uptime["checksDown"],
        "incidents": uptime["incidents"],
        "responseTimeByRegion": {
            each["region"]["key"]: rounded(each["averageMs"]) for each in latency["byRegion"]
        },
    }


async def test_a_week_and_a_month_are_told_from_the_checks_and_intervals_themselves(owner) -> None:
    path = f"/analytics/monitors/{await watch(owner)}"

    week = await told(owner, "GET", f"{path}?period=7d")
    month = await told(owner, "GET", f"{path}?period=30d")

    assert (week["totalChecks"], week["checksUp"], week["checksDown"], week["incidents"]) == (5, 4, 1, 2)
    assert (month["totalChecks"], month["checksUp"], month["incidents"]) == (6, 5, 3)
    assert week["uptime"] == pytest.approx(100 * (1 - 0.5 / 168), abs=1e-9)
    assert month["uptime"] == pytest.approx(100 * (1 - 0.5 / 720), abs=1e-9)
    assert (month["avgResponseTime"], month["p50ResponseTime"]) == (11, 9)
    assert month["responseTimeByRegion"] == {"local": 11}
    assert await told(owner, "GET", path) == await told(owner, "GET", f"{path}?period=24h")


async def test_of_what_nothing_is_known_nothing_is_told(owner) -> None:
    monitor_id = encode_id(Prefix.MONITOR, await owner.add_monitor("new", status=MonitorStatus.PENDING))

    shown = await told(owner, "GET", f"/analytics/monitors/{monitor_id}")
    dashboard = await told(owner, "GET", "/analytics")

    assert (shown["uptime"], shown["avgResponseTime"], shown["p99ResponseTime"]) == (None, None, None)
    assert (shown["totalChecks"], shown["responseTimeByRegion"]) == (0, {})
    assert dashboard["performance"] == {
        "avgResponseTime": None,
        "p95ResponseTime": None,
        "overallUptime": None,
    }
    assert dashboard["incidents"]["avgMttr"] is None


async def test_whoever_is_confined_gets_figures_of_his_projects_alone(owner) -> None:
    others = await watch(owner)
    project_id = await owner.add_project("his")
    confined = await owner.add_token(confined_to=[project_id])
    his = encode_id(Prefix.MONITOR, await owner.add_monitor("his", project_id=project_id))

    dashboard = await told(confined, "GET", "/analytics")

    assert dashboard["monitors"] == {"total": 1, "active": 1, "paused": 0, "up": 1, "down": 0, "degraded": 0}
    assert dashboard["incidents"] == {"open": 0, "resolvedToday": 0, "resolvedThisWeek": 0, "avgMttr": None}
    assert dashboard["performance"]["avgResponseTime"] is None
    assert (await told(confined, "GET", f"/analytics/monitors/{his}"))["monitorId"] == his
    refused = await ask(confined, "GET", f"/analytics/monitors/{others}")
    assert (refused.status_code, refused.json()["details"]) == (403, "DEVICE_SCOPE_FORBIDDEN")


async def test_figures_need_their_own_grant(owner) -> None:
    monitor_id = await watch(owner)
    granted = await owner.add_token(Grant(scope=TokenScope.ANALYTICS, permission=TokenPermission.READ))
    other = await owner.add_token(Grant(scope=TokenScope.UPTIME_CHECKS, permission=TokenPermission.DELETE))

    for path in ("/analytics", f"/analytics/monitors/{monitor_id}"):
        assert (await ask(granted, "GET", path)).status_code == 200
        refused = await ask(other, "GET", path)
        assert (refused.status_code, refused.json()["details"]) == (403, "API_TOKEN_SCOPE_DENIED")


async def test_another_period_is_refused_and_a_monitor_of_nobody_is_not_found(owner, stranger) -> None:
    monitor_id = await watch(owner)

    assert field_errors(await ask(owner, "GET", f"/analytics/monitors/{monitor_id}?period=1y")) == [
        ("invalid_enum_value", ["period"])
    ]
    for tenant, each in ((stranger, monitor_id), (owner, "mon_1")):
        assert (await ask(tenant, "GET", f"/analytics/monitors/{each}")).status_code == 404


async def test_the_dashboard_costs_the_same_statements_however_many_monitors_there_are(
    owner, watched
) -> None:
    async def statements() -> list[str]:
        await told(owner, "GET", "/analytics")
        watched.statements.clear()
        await told(owner, "GET", "/analytics")
        return [each for each in watched.statements if not is_noise(each)]

    few = await statements()
    await fill(owner, 200)
    many = await statements()

    assert sorted(many) == sorted(few)
    assert len(few) == 4
