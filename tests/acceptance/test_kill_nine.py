"""`kill -9` at named points: everything is told at least once, and nothing acknowledged is lost."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

import httpx
import pytest

CREATE_WEBHOOK = """
mutation ($url: String!) { createWebhook(input: {name: "receiver", url: $url,
  events: [MONITOR_DOWN, MONITOR_UP, INCIDENT_CREATED, INCIDENT_RESOLVED]}) { webhook { id } userErrors { path message } } }
"""
CREATE_MONITOR = """
mutation ($url: String!) { createMonitor(input: {name: "the shop", probe: {http: {url: $url}}, intervalSeconds: 5,
  timeoutSeconds: 5, confirmation: {recheckSeconds: 1}}) { monitor { id } userErrors { path message } } }
"""
CREATE_HEARTBEAT = """
mutation { createMonitor(input: {name: "job", probe: {heartbeat: {intervalSeconds: 600}}})
  { monitor { id heartbeat { pingUrl } } userErrors { path message } } }
"""
MONITOR = "query ($id: ID!) { monitor(id: $id) { status incidentCount } }"
CHECKS = "query ($id: ID!) { monitor(id: $id) { checkCount } }"
PINGS = "query ($id: ID!) { monitor(id: $id) { status heartbeat { events(first: 100) { nodes { kind message } } } } }"

DOWN = ["monitor.down", "incident.created"]
ALL = [*DOWN, "incident.resolved", "monitor.up"]

ASLEEP = "FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()"


@contextlib.asynccontextmanager
async def stalled(tocsin, table: str, moment: str) -> AsyncIterator[Callable[[], Awaitable[bool]]]:
    """Stall whoever reaches a write of `table`; give a question that says whether somebody has.

    The gate is a row, which a server that stops leaves closed: nobody slips through it at the very end.
    """
    async with tocsin.database() as connection:
        await connection.execute("CREATE TABLE gate (); INSERT INTO gate DEFAULT VALUES")
        await connection.execute(
            "CREATE FUNCTION stall() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN IF EXISTS (SELECT FROM gate) THEN PERFORM pg_sleep(3600); END IF; RETURN NULL; END $$"
        )
        await connection.execute(f"CREATE {moment} ON {table} FOR EACH ROW EXECUTE FUNCTION stall()")

        async def somebody_waits() -> bool:
            return await connection.fetchval(f"SELECT EXISTS (SELECT {ASLEEP})")

        yield somebody_waits
    # The connection may have gone down with its server, so that another one clears up. The trigger
    # stays, harmless once the gate is open: dropping it would lock out live writers.
    async with tocsin.database() as connection:
        await connection.execute("DELETE FROM gate")
        # Whoever was killed here leaves a backend asleep; it must not go on to commit.
        await connection.execute(f"SELECT pg_terminate_backend(pid, 10_000) {ASLEEP}")


AFTER_T1 = ("alert_decisions", "TRIGGER stall AFTER INSERT")
BEFORE_MARK = ("deliveries", "TRIGGER stall AFTER UPDATE OF status")
APPLICATION = ("checks", "TRIGGER stall AFTER INSERT")
PING_COMMIT = ("pings", "CONSTRAINT TRIGGER stall AFTER INSERT")


async def _watch(tocsin, website, receiver, until) -> str:
    await tocsin.graphql(CREATE_WEBHOOK, url=receiver.url)
    monitor_id = (await tocsin.graphql(CREATE_MONITOR, url=website.url))["createMonitor"]["monitor"]["id"]
    await until(lambda: _status_is(tocsin, monitor_id, "UP"), "the first look")
    return monitor_id


async def _status_is(tocsin, monitor_id: str, status: str) -> bool:
    with contextlib.suppress(httpx.HTTPError):  # the API may just be coming back
        return (await tocsin.graphql(MONITOR, id=monitor_id))["monitor"]["status"] == status
    return False


async def _restart(tocsin, victim: str) -> None:
    """Kill the victim; where nobody would bring it back, start the whole again."""
    if victim == "everything":
        await tocsin.kill_everything()
        await tocsin.start()
    elif victim == "supervisor":
        tocsin.kill("supervisor")
        await tocsin.process.wait()
        await tocsin.start()
    else:
        tocsin.kill(victim)


@pytest.mark.parametrize("victim", ["worker", "postgres", "supervisor", "everything"])
async def test_an_outage_recorded_but_not_yet_routed_is_told(
    tocsin, website, receiver, until, victim
) -> None:
    monitor_id = await _watch(tocsin, website, receiver, until)
    async with stalled(tocsin, *AFTER_T1) as somebody_waits:
        website.status = 500
        await until(somebody_waits, "the alert engine to reach its decisions")
        assert receiver.requests == []
        await _restart(tocsin, victim)

    await until(lambda: receiver.events() == DOWN, "the failure's webhooks after the kill")
    website.status = 200
    await until(lambda: receiver.events() == ALL, "the recovery's webhooks")
    assert (await tocsin.graphql(MONITOR, id=monitor_id))["monitor"]["incidentCount"] == 1


@pytest.mark.parametrize("victim", ["worker", "supervisor"])
async def test_a_webhook_sent_but_not_marked_is_sent_again_under_the_same_id(
    tocsin, website, receiver, until, victim
) -> None:
    await _watch(tocsin, website, receiver, until)
    async with stalled(tocsin, *BEFORE_MARK) as somebody_waits:
        website.status = 500
        await until(somebody_waits, "the dispatcher to mark what it has sent")
        assert [request.event for request in receiver.requests] == ["monitor.down"]
        await _restart(tocsin, victim)

    await until(lambda: receiver.events() == DOWN, "both webhooks of the failure")
    _expect_one_message_sent_at_least(2, receiver)


@pytest.mark.parametrize("victim", ["worker", "postgres"])
async def test_a_webhook_on_its_way_is_told_at_least_once(tocsin, website, receiver, until, victim) -> None:
    await _watch(tocsin, website, receiver, until)
    receiver.gate.clear()
    website.status = 500
    await until(lambda: len(receiver.requests) == 1, "the webhook to be on its way")
    await _restart(tocsin, victim)
    receiver.gate.set()

    await until(lambda: receiver.events() == DOWN, "both webhooks of the failure")
    _expect_one_message_sent_at_least(1, receiver)


def _expect_one_message_sent_at_least(times: int, receiver) -> None:
    sent = [request for request in receiver.requests if request.event == "monitor.down"]
    assert len(sent) >= times
    assert len({(request.id, request.body) for request in sent}) == 1


@pytest.mark.parametrize("victim", ["worker", "postgres"])
async def test_a_ping_whose_application_is_cut_counts_once(tocsin, until, victim) -> None:
    monitor = (await tocsin.graphql(CREATE_HEARTBEAT))["createMonitor"]["monitor"]
    async with httpx.AsyncClient(timeout=30) as client, stalled(tocsin, *APPLICATION) as somebody_waits:
        assert (await client.post(monitor["heartbeat"]["pingUrl"])).status_code == 200
        await until(somebody_waits, "the worker to apply the ping")
        await _restart(tocsin, victim)

    await until(lambda: _status_is(tocsin, monitor["id"], "UP"), "the ping to count")
    assert (await tocsin.graphql(CHECKS, id=monitor["id"]))["monitor"]["checkCount"] == 1


@pytest.mark.parametrize("victim", ["api", "postgres", "supervisor", "everything"])
async def test_no_acknowledged_ping_is_lost_when_its_commit_is_cut(tocsin, until, victim) -> None:
    monitor = (await tocsin.graphql(CREATE_HEARTBEAT))["createMonitor"]["monitor"]
    url = monitor["heartbeat"]["pingUrl"]
    async with httpx.AsyncClient(timeout=30) as client:
        acknowledged = ["first"]
        assert (await client.post(url, json={"message": "first"})).status_code == 200
        async with stalled(tocsin, *PING_COMMIT) as somebody_waits:
            cut = asyncio.create_task(client.post(url, json={"message": "cut"}))
            await until(somebody_waits, "the ping to reach its commit")
            await _restart(tocsin, victim)
        with contextlib.suppress(httpx.HTTPError):
            if (await cut).status_code == 200:
                acknowledged.append("cut")

    async def pinged_again() -> bool:
        with contextlib.suppress(httpx.HTTPError):
            async with httpx.AsyncClient(timeout=30) as client:
                return (await client.post(url, json={"message": "last"})).status_code == 200
        return False

    await until(pinged_again, "the door to open again")
    acknowledged.append("last")

    async def applied() -> list[str]:
        seen = (await tocsin.graphql(PINGS, id=monitor["id"]))["monitor"]
        return (
            [event["message"] for event in seen["heartbeat"]["events"]["nodes"]]
            if seen["status"] == "UP"
            else []
        )

    messages = await until(applied, "the pings to count")
    assert set(acknowledged) <= set(messages)
    assert len(messages) == len(set(messages))
