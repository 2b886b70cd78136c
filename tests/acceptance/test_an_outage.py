"""A website fails and recovers: incident, signed webhooks, decisions, uptime, in order and once each."""

from __future__ import annotations

import hashlib
import hmac

SECRET = "a webhook secret"

CREATE_WEBHOOK = """
mutation ($url: String!, $secret: String!) { createWebhook(input: {name: "receiver", url: $url, secret: $secret,
  events: [MONITOR_DOWN, MONITOR_UP, INCIDENT_CREATED, INCIDENT_RESOLVED]}) { webhook { id } userErrors { path message } } }
"""
CREATE_CHANNEL = """
mutation ($url: String!) { createChannel(input: {name: "ops", notifier: {webhook: {url: $url}}})
  { channel { id } userErrors { path message } } }
"""
CREATE_MONITOR = """
mutation ($url: String!) { createMonitor(input: {name: "the shop", probe: {http: {url: $url}}, intervalSeconds: 5,
  timeoutSeconds: 5, confirmation: {recheckSeconds: 1}}) { monitor { id status } userErrors { path message } } }
"""
MONITOR = """
query ($id: ID!) { monitor(id: $id) { status lastCheck { status statusCode error timings { totalMs } }
  openIncident { number } incidentCount checkCount
  uptime(period: HOUR) { ratio upSeconds degradedSeconds downSeconds unknownSeconds maintenanceSeconds pausedSeconds
    pendingSeconds incidents checks checksUp checksDown } } }
"""
INCIDENTS = """
query { incidents(first: 5) { totalCount nodes { id number kind status severity startedAt resolvedAt rootCause
  monitor { name } monitorName checksFailed timeToRecoverySeconds
  timeline(first: 50) { nodes { kind } }
  alertDecisions(first: 50) { nodes { step outcome reason channel { name } delivery { status } } } } } }
"""
DELIVERIES = "query { deliveries(first: 100) { nodes { event status attempts statusCode } } }"


async def test_an_outage_is_seen_told_and_over_once_each(tocsin, website, receiver, until) -> None:
    await tocsin.graphql(CREATE_WEBHOOK, url=receiver.url, secret=SECRET)
    monitor_id = (await tocsin.graphql(CREATE_MONITOR, url=website.url))["createMonitor"]["monitor"]["id"]

    async def status_is(status: str) -> bool:
        return (await tocsin.graphql(MONITOR, id=monitor_id))["monitor"]["status"] == status

    await until(lambda: status_is("UP"), "the first look")
    website.status = 503
    await until(lambda: status_is("DOWN"), "the outage")
    await until(lambda: len(receiver.requests) >= 2, "the failure's webhooks")
    down = (await tocsin.graphql(MONITOR, id=monitor_id))["monitor"]
    assert down["openIncident"]["number"].startswith("INC-")
    assert down["lastCheck"]["statusCode"] == 503

    website.status = 200
    await until(lambda: status_is("UP"), "the recovery")
    await until(lambda: len(receiver.requests) >= 4, "the recovery's webhooks")

    assert receiver.events() == ["monitor.down", "incident.created", "incident.resolved", "monitor.up"]
    assert len(receiver.requests) == 4
    for request in receiver.requests:
        assert request.signature == hmac.new(SECRET.encode(), request.body, hashlib.sha256).hexdigest()
        assert request.payload["monitor"]["name"] == "the shop"
        assert request.payload["monitor"]["type"] == "WEBSITE"

    await _expect_the_whole_story(tocsin, monitor_id, until)


async def _expect_the_whole_story(tocsin, monitor_id: str, until) -> None:
    async def told() -> list[dict[str, object]]:
        nodes = (await tocsin.graphql(DELIVERIES))["deliveries"]["nodes"]
        return nodes if all(node["status"] == "DELIVERED" for node in nodes) else []

    deliveries = await until(told, "all deliveries to be marked")
    assert sorted(node["event"] for node in deliveries) == [
        "INCIDENT_CREATED",
        "INCIDENT_RESOLVED",
        "MONITOR_DOWN",
        "MONITOR_UP",
    ]
    assert all(node["attempts"] == 1 and node["statusCode"] == 200 for node in deliveries)

    incidents = (await tocsin.graphql(INCIDENTS))["incidents"]
    assert incidents["totalCount"] == 1
    (incident,) = incidents["nodes"]
    assert (incident["kind"], incident["status"], incident["severity"]) == ("OUTAGE", "RESOLVED", "HIGH")
    assert incident["checksFailed"] >= 2
    assert incident["monitor"]["name"] == incident["monitorName"] == "the shop"
    assert incident["timeToRecoverySeconds"] > 0
    kinds = [event["kind"] for event in incident["timeline"]["nodes"]]
    assert kinds.count("OPENED") == kinds.count("RESOLVED") == 1
    decisions = incident["alertDecisions"]["nodes"]
    assert [node["outcome"] for node in decisions if node["step"] == "DELIVERY"] == ["DELIVERED"] * 4

    uptime = (await tocsin.graphql(MONITOR, id=monitor_id))["monitor"]["uptime"]
    assert uptime["incidents"] == 1
    assert uptime["downSeconds"] > 0
    assert uptime["checks"] == uptime["checksUp"] + uptime["checksDown"]
    assert 0 < uptime["ratio"] < 1


async def test_a_channel_is_told_of_the_failure_and_of_the_recovery(tocsin, website, receiver, until) -> None:
    await tocsin.graphql(CREATE_CHANNEL, url=receiver.url)
    website.status = 500
    await tocsin.graphql(CREATE_MONITOR, url=website.url)

    await until(lambda: len(receiver.requests) == 1, "word of the failure")
    website.status = 200
    await until(lambda: len(receiver.requests) == 2, "word of the recovery")

    assert [request.payload["event"] for request in receiver.requests] == ["monitor.down", "monitor.up"]
