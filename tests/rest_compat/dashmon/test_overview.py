"""How the server and the workspace stand: capabilities, posture and summary."""

from __future__ import annotations

from datetime import timedelta
from importlib import metadata

from core.access.grants import on_every_scope
from core.access.principal import Grant, Role, TokenPermission, TokenScope
from core.moments import write_moment
from core.monitors.status import MonitorStatus
from tests.graphql_schema.personas import signed_in
from tests.rest_compat.dashmon.asking import told

READ = TokenPermission.READ
DELIVERIES = "query ($status: [DeliveryStatus!]) { deliveries(filter: {status: $status}) { nodes { id createdAt error } } }"


async def seed(owner, first_number: int = 1) -> None:
    for place, status in enumerate(MonitorStatus):
        await owner.add_monitors([str(number) for number in range(place + 1)], status=status)
    resting = await owner.add_monitor(paused_at=owner.now, status=MonitorStatus.DOWN)
    kinds = ("OUTAGE", "DEGRADED", "EXPIRY", "REGRESSION")
    statuses = ("OPEN", "ACKNOWLEDGED", "ACKNOWLEDGED", "RESOLVED")
    for number, (kind, status) in enumerate(zip(kinds, statuses, strict=True), first_number):
        resolved_at = owner.now if status == "RESOLVED" else None
        await owner.add_incident(
            resting, number, timedelta(hours=2), kind=kind, status=status, resolved_at=resolved_at
        )
    channel, webhook = await owner.add_channel(), await owner.add_webhook(is_active=False)
    for number in range(7):
        at = owner.now - timedelta(hours=number)
        await owner.add_delivery(channel_id=channel, status="FAILED", error=f"failed {number}", created_at=at)
    await owner.add_delivery(webhook_id=webhook, status="PENDING", delivered_at=None)
    await owner.add_delivery(webhook_id=webhook, created_at=owner.now - timedelta(hours=25))
    await owner.add_delivery(webhook_id=webhook)


async def test_the_summary_has_true_figures(owner) -> None:
    await seed(owner)

    summary = await told(owner, "GET", "/api/support/summary")

    assert (summary["generatedAt"], summary["serverVersion"]) == (
        write_moment(owner.now),
        metadata.version("tocsin"),
    )
    assert summary["devices"] == {
        "total": 16,
        "pending": 1,
        "up": 2,
        "degraded": 3,
        "down": 4,
        "unknown": 5,
        "paused": 1,
    }
    assert summary["incidents"] == {"open": 3, "acknowledged": 2}
    assert summary["deliveries"]["last24Hours"] == {
        "pending": 1,
        "delivered": 1,
        "failed": 7,
        "suppressed": 0,
    }
    failures = summary["deliveries"]["latestFailures"]
    nodes = (await owner.data(DELIVERIES, status=["FAILED"]))["deliveries"]["nodes"]
    assert [(each["id"], each["createdAt"], each["error"]) for each in failures] == [
        (node["id"], node["createdAt"], node["error"]) for node in nodes[:5]
    ]
    assert {each["destination"] for each in failures} == {"channel"}
    me = await told(owner, "GET", "/api/me")
    assert {name: summary[name] for name in ("workspace", "plan", "limits", "writeLocked")} == {
        name: me[name] for name in ("workspace", "plan", "limits", "writeLocked")
    }


async def test_the_posture_has_true_figures(owner) -> None:
    await seed(owner)
    await owner.add_token(*on_every_scope(READ), expires_at=owner.now + timedelta(days=29))
    await owner.add_token(*on_every_scope(TokenPermission.WRITE), expires_at=owner.now + timedelta(days=31))
    await owner.add_token(Grant(scope=TokenScope.INCIDENTS, permission=READ))
    await owner.add_token(expires_at=owner.now - timedelta(seconds=1))

    posture = await told(owner, "GET", "/api/user/integration-posture")

    assert posture["tokens"] == {
        "active": 4,
        "readOnly": 2,
        "readWrite": 1,
        "narrower": 1,
        "expiringWithin30Days": 1,
        "neverExpiring": 2,
        "neverUsed": 3,
    }
    assert posture["routing"] == {
        "devices": {"total": 16, "withChannel": 16, "withoutChannel": 0},
        "channels": {"total": 1, "active": 1},
        "webhooks": {"total": 1, "active": 0},
    }
    assert posture["deliveriesLast24Hours"] == {"pending": 1, "delivered": 1, "failed": 7, "suppressed": 0}
    await owner.fetch("UPDATE channels SET is_active = false")
    routing = (await told(owner, "GET", "/api/user/integration-posture"))["routing"]
    assert routing["devices"] == {"total": 16, "withChannel": 0, "withoutChannel": 16}


async def test_a_device_is_covered_by_whatever_active_channel_is_told_of_it(owner) -> None:
    shop, till = await owner.add_monitors(["The shop", "The till"])

    async def covered() -> int:
        posture = await told(owner, "GET", "/api/user/integration-posture")
        found: int = posture["routing"]["devices"]["withChannel"]
        return found

    assert await covered() == 0
    await owner.add_channel("Till's own", monitor_id=till)
    assert await covered() == 1
    shared = await owner.add_channel("Everybody's")
    assert await covered() == 2
    await owner.insert(
        "monitor_channels",
        monitor_id=shop,
        channel_id=shared,
        workspace_id=owner.workspace_id,
        place=1,
        is_enabled=False,
    )
    assert await covered() == 1
    await owner.fetch("UPDATE channels SET is_active = false WHERE monitor_id IS NOT NULL")
    assert await covered() == 1  # the till is told to everybody's
    await owner.fetch("UPDATE channels SET deleted_at = $1", owner.now)
    assert await covered() == 0


async def test_what_may_not_be_seen_is_null_and_not_counted(owner) -> None:
    await seed(owner)
    zoo = await owner.add_project("Zoo")
    await owner.add_monitor("Lion", project_id=zoo)
    keeper = await signed_in(owner, Role.MEMBER, confined_to=[zoo])
    narrow = await owner.add_token(Grant(scope=TokenScope.WEBHOOKS, permission=READ))

    summary = await told(owner, "GET", "/api/support/summary", by=keeper)
    posture = await told(owner, "GET", "/api/user/integration-posture", by=keeper)
    assert summary["devices"]["total"] == 1
    assert summary["incidents"] == {"open": 0, "acknowledged": 0}
    assert summary["deliveries"]["last24Hours"] == {
        "pending": 0,
        "delivered": 0,
        "failed": 0,
        "suppressed": 0,
    }
    assert (posture["tokens"], posture["routing"]["webhooks"]) == (None, None)
    assert posture["routing"]["devices"] == {"total": 1, "withChannel": 1, "withoutChannel": 0}
    summary = await told(narrow, "GET", "/api/support/summary")
    posture = await told(narrow, "GET", "/api/user/integration-posture")
    assert (summary["devices"], summary["incidents"]) == (None, None)
    assert summary["deliveries"]["last24Hours"]["failed"] == 0
    assert summary["deliveries"]["latestFailures"] == []
    assert posture["routing"] == {"devices": None, "channels": None, "webhooks": {"total": 1, "active": 0}}
    blind = await owner.add_token(Grant(scope=TokenScope.INCIDENTS, permission=READ))
    assert (await told(blind, "GET", "/api/support/summary"))["deliveries"] is None
    assert (await told(blind, "GET", "/api/user/integration-posture"))["deliveriesLast24Hours"] is None


async def test_figures_take_as_many_statements_however_much_there_is(owner, watched) -> None:
    counts = set()
    for first_number in (1, 11):
        await seed(owner, first_number)
        await owner.add_token()
        for path in ("/api/support/summary", "/api/user/integration-posture", "/api/me"):
            await told(owner, "GET", path)
            watched.statements.clear()
            await told(owner, "GET", path)
            counts.add((path, len(watched.statements)))

    assert counts == {("/api/support/summary", 6), ("/api/user/integration-posture", 5), ("/api/me", 3)}


async def test_the_basics_are_told_to_everybody_and_its_links_lead_somewhere(owner) -> None:
    answer = await owner.client.get("/api/meta/capabilities")

    basics = answer.json()
    assert answer.status_code == 200
    assert (basics["apiVersion"], basics["serverVersion"]) == ("1", metadata.version("tocsin"))
    assert basics["tracing"] == {"requestIdHeader": "X-Request-Id"}
    assert basics["auth"]["modes"] == ["session", "bearer"]
    assert basics["auth"]["sessionCookie"] == "dashmon_session"
    assert basics["tokenPolicy"]["accessLevels"] == ["read_only", "read_write"]
    for link in basics["links"].values():
        path = link.removeprefix("https://tocsin.example.org")
        assert (await owner.client.get(path, headers={"Accept": "text/html"})).status_code == 200, path
