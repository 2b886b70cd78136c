"""A job pings, falls silent, and comes back."""

from __future__ import annotations

import httpx

CREATE = """
mutation { createMonitor(input: {name: "nightly backup", probe: {heartbeat: {intervalSeconds: 5, graceSeconds: 1}}})
  { monitor { id intervalSeconds heartbeat { pingUrl lastPingAt expectedBy graceSeconds } } userErrors { path message } } }
"""
CREATE_WEBHOOK = """
mutation ($url: String!) { createWebhook(input: {name: "receiver", url: $url,
  events: [MONITOR_DOWN, MONITOR_UP, INCIDENT_CREATED, INCIDENT_RESOLVED]}) { webhook { id } userErrors { path message } } }
"""
STATUS = """
query ($id: ID!) { monitor(id: $id) { status heartbeat { lastPingAt expectedBy events(first: 20) { nodes { kind message exitCode } } }
  checks(first: 20) { nodes { status region { key } error } } } }
"""


async def test_a_heartbeat_goes_overdue_and_comes_back(tocsin, receiver, until) -> None:
    await tocsin.graphql(CREATE_WEBHOOK, url=receiver.url)
    monitor = (await tocsin.graphql(CREATE))["createMonitor"]["monitor"]
    ping_url = monitor["heartbeat"]["pingUrl"]

    async def status_is(status: str) -> bool:
        return (await tocsin.graphql(STATUS, id=monitor["id"]))["monitor"]["status"] == status

    assert await status_is("PENDING")
    assert ping_url.startswith(f"{tocsin.url}/api/v1/heartbeat/")
    assert _ping(f"{ping_url}/start").json() == {"message": "OK"}
    assert _ping(ping_url, json={"message": "1.2 GB"}).status_code == 200
    await until(lambda: status_is("UP"), "the first ping to count")

    await until(lambda: status_is("DOWN"), "the missed deadline")
    await until(lambda: len(receiver.requests) == 2, "word of the silence")
    assert receiver.requests[0].payload["monitor"]["type"] == "CRON"

    assert _ping(ping_url).status_code == 200
    await until(lambda: status_is("UP"), "the return")
    await until(lambda: len(receiver.requests) == 4, "word of the return")
    assert receiver.events() == ["monitor.down", "incident.created", "incident.resolved", "monitor.up"]

    seen = (await tocsin.graphql(STATUS, id=monitor["id"]))["monitor"]
    assert [event["kind"] for event in seen["heartbeat"]["events"]["nodes"]] == [
        "SUCCESS",
        "SUCCESS",
        "START",
    ]
    assert all(check["region"] is None for check in seen["checks"]["nodes"])


async def test_a_job_that_reports_its_failure_is_down_at_once(tocsin, until) -> None:
    monitor = (await tocsin.graphql(CREATE))["createMonitor"]["monitor"]
    assert _ping(f"{monitor['heartbeat']['pingUrl']}/3").status_code == 200

    async def story() -> object:
        seen = (await tocsin.graphql(STATUS, id=monitor["id"]))["monitor"]
        return seen if seen["status"] == "DOWN" else None

    seen = await until(story, "the failure to count")
    (event,) = seen["heartbeat"]["events"]["nodes"]
    assert (event["kind"], event["exitCode"]) == ("FAIL", 3)


def _ping(url: str, **kwargs: object) -> httpx.Response:
    return httpx.post(url, timeout=20, **kwargs)
