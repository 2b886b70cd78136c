"""The database goes away, stands still, or moves: nobody is told of an outage, and nothing acknowledged is lost."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import msgspec
import pytest

from core.monitors.status import MonitorStatus
from tests.acceptance.conftest import OWNER_TOKEN, PATIENCE_SECONDS, Receiver, Tocsin
from tests.own_postgres import OwnPostgres, url_of

AWAY_SECONDS = 20
PROCESSES = ("api", "worker")
# How long a check of the monitor below speaks for it: interval, timeout and tolerance.
COVERED_SECONDS = 5 + 3 + 5

CREATE_WEBHOOK = """
mutation ($url: String!) { createWebhook(input: {name: "receiver", url: $url,
  events: [MONITOR_DOWN, MONITOR_UP, INCIDENT_CREATED, INCIDENT_RESOLVED]}) { webhook { id } userErrors { path message } } }
"""
CREATE_MONITOR = """
mutation ($url: String!) { createMonitor(input: {name: "the shop", probe: {http: {url: $url}}, intervalSeconds: 5,
  timeoutSeconds: 3, confirmation: {recheckSeconds: 1, failuresToOpen: 3}}) { monitor { id } userErrors { path message } } }
"""
CREATE_HEARTBEAT = """
mutation { createMonitor(input: {name: "job", probe: {heartbeat: {intervalSeconds: 6, graceSeconds: 3}}})
  { monitor { id heartbeat { pingUrl } } userErrors { path message } } }
"""
STATUS = "query ($id: ID!) { monitor(id: $id) { status incidentCount checkCount } }"

Until = Callable[[Callable[[], Any], str], Any]


class Watch:
    """A monitor, a heartbeat whose job reports again and again, and what the job was told."""

    def __init__(self, tocsin: Tocsin) -> None:
        self.tocsin = tocsin
        self.monitor_id = self.heartbeat_id = self.ping_url = ""
        self.acknowledged: list[str] = []
        self.refused: list[httpx.Response] = []

    async def begin(self, website_url: str, receiver: Receiver) -> None:
        await self.tocsin.graphql(CREATE_WEBHOOK, url=receiver.url)
        created = await self.tocsin.graphql(CREATE_MONITOR, url=website_url)
        self.monitor_id = created["createMonitor"]["monitor"]["id"]
        created = await self.tocsin.graphql(CREATE_HEARTBEAT)
        self.heartbeat_id = created["createMonitor"]["monitor"]["id"]
        self.ping_url = created["createMonitor"]["monitor"]["heartbeat"]["pingUrl"]

    async def report(self) -> None:
        """Ping twice a second, for ever."""
        async with httpx.AsyncClient(timeout=PATIENCE_SECONDS) as client:
            number = 0
            while True:
                number += 1
                with contextlib.suppress(httpx.HTTPError):
                    response = await client.post(self.ping_url, json={"message": f"number {number}"})
                    if response.status_code == 200:
                        self.acknowledged.append(f"number {number}")
                    else:
                        self.refused.append(response)
                await asyncio.sleep(0.5)

    async def both_are_up(self) -> bool:
        for monitor_id in (self.monitor_id, self.heartbeat_id):
            if (await self.tocsin.graphql(STATUS, id=monitor_id))["monitor"]["status"] != "UP":
                return False
        return True

    async def checks(self) -> int:
        return int((await self.tocsin.graphql(STATUS, id=self.monitor_id))["monitor"]["checkCount"])

    async def reported_after(self, count: int) -> bool:
        return len(self.acknowledged) > count


@pytest.fixture
async def served(tmp_path: Path, own_postgres: OwnPostgres) -> AsyncIterator[Tocsin]:
    """A Tocsin, not started, on a server of the test's own."""
    tocsin = Tocsin(
        data_dir=tmp_path / "data",
        environment={
            "TOCSIN_OWNER_EMAIL": "owner@example.org",
            "TOCSIN_OWNER_PASSWORD": "a long password",
            "TOCSIN_OWNER_TOKEN": OWNER_TOKEN,
            "TOCSIN_DATABASE_URL": own_postgres.url,
        },
    )
    try:
        yield tocsin
    finally:
        await tocsin.stop()


@contextlib.asynccontextmanager
async def watching(
    tocsin: Tocsin, website_url: str, receiver: Receiver, until: Until
) -> AsyncIterator[Watch]:
    watch = Watch(tocsin)
    await watch.begin(website_url, receiver)
    reporting = asyncio.create_task(watch.report())
    try:
        await until(watch.both_are_up, "the first look and the first report")
        yield watch
    finally:
        reporting.cancel()
        await asyncio.gather(reporting, return_exceptions=True)


async def status_of(tocsin: Tocsin, path: str) -> int:
    async with httpx.AsyncClient(timeout=PATIENCE_SECONDS) as client:
        return (await client.get(tocsin.url + path)).status_code


async def is_ready(tocsin: Tocsin) -> bool:
    with contextlib.suppress(httpx.HTTPError):
        return await status_of(tocsin, "/readyz") == 200
    return False


async def is_not_ready(tocsin: Tocsin) -> bool:
    return await status_of(tocsin, "/readyz") == 503


async def codes_of(tocsin: Tocsin) -> set[str]:
    """Return the codes of what GraphQL answers."""
    async with httpx.AsyncClient(timeout=PATIENCE_SECONDS) as client:
        response = await client.post(
            f"{tocsin.url}/graphql",
            json={"query": "{ monitors { nodes { id } } }"},
            headers={"Authorization": f"Bearer {OWNER_TOKEN}"},
        )
    return {error["extensions"]["code"] for error in response.json().get("errors", ())}


async def expect_no_harm(watch: Watch, receiver: Receiver, server: OwnPostgres) -> list[asyncpg.Record]:
    """Nothing went down, nobody was told anything, no report is lost; return the intervals of the monitor."""
    connection = await asyncpg.connect(server.url)
    try:
        intervals = await connection.fetch(
            "SELECT i.*, m.is_passive FROM status_intervals AS i JOIN monitors AS m ON m.id = i.monitor_id"
            " ORDER BY from_ms"
        )
        assert MonitorStatus.DOWN not in {row["status"] for row in intervals}
        assert await connection.fetchval("SELECT count(*) FROM incidents") == 0
        assert receiver.requests == []
        stored = await connection.fetch("SELECT message FROM pings")
        assert set(watch.acknowledged) <= {row["message"] for row in stored}
        assert len(stored) == len({row["message"] for row in stored})
        slots = await connection.fetch("SELECT slot, checked_at FROM checks WHERE region_id <> 0")
        assert max(abs((row["checked_at"] - row["slot"]).total_seconds()) for row in slots) < COVERED_SECONDS
    finally:
        await connection.close()
    return [row for row in intervals if not row["is_passive"]]


def events_in_log(tocsin: Tocsin) -> list[str]:
    whole = [line for line in tocsin.log.read_bytes().splitlines() if line[:1] + line[-1:] == b"{}"]
    return [msgspec.json.decode(line)["event"] for line in whole]


async def test_a_database_away_for_a_while(
    served: Tocsin, own_postgres: OwnPostgres, website, receiver, until: Until
) -> None:
    await served.start()
    async with watching(served, website.url, receiver, until) as watch:
        own_postgres.stop(signal.SIGQUIT)
        away_since = time.monotonic()
        await until(lambda: is_not_ready(served), "the absence to be noticed")
        assert await status_of(served, "/healthz") == 200
        assert await codes_of(served) == {"UNAVAILABLE"}
        await until(lambda: watch.refused, "a report to be refused")
        assert watch.refused[0].status_code == 503
        assert watch.refused[0].headers["retry-after"] == "5"
        await asyncio.sleep(max(0.0, AWAY_SECONDS - (time.monotonic() - away_since)))

        await own_postgres.start()
        back_at = time.monotonic()
        acknowledged = len(watch.acknowledged)
        await until(lambda: is_ready(served), "the database to be used again")
        checks = await watch.checks()
        await until(lambda: watch.reported_after(acknowledged), "a report to be taken again")
        await until(lambda: _has_more(watch, checks), "a look")
        assert time.monotonic() - back_at < PATIENCE_SECONDS / 2
        await until(watch.both_are_up, "both to be up")
        await until(
            lambda: events_in_log(served).count("database.reachable") >= len(PROCESSES), "word of its return"
        )

    intervals = await expect_no_harm(watch, receiver, own_postgres)
    unknown = [row for row in intervals if row["status"] == MonitorStatus.UNKNOWN]
    dark_ms = sum(row["to_ms"] - row["from_ms"] for row in unknown)
    assert dark_ms >= (AWAY_SECONDS - COVERED_SECONDS - 5) * 1000
    # Once for each process, and not for every attempt.
    assert events_in_log(served).count("database.unreachable") <= 2 * len(PROCESSES)


async def _has_more(watch: Watch, checks: int) -> bool:
    return await watch.checks() > checks


async def test_a_database_that_stands_still_holds_up_nobody(
    served: Tocsin, own_postgres: OwnPostgres, website, receiver, until: Until
) -> None:
    await served.start()
    async with watching(served, website.url, receiver, until) as watch:
        own_postgres.freeze()
        asked_at = time.monotonic()
        assert await status_of(served, "/readyz") == 503
        assert await codes_of(served) == {"UNAVAILABLE"}
        await until(lambda: watch.refused, "a report to be refused")
        assert time.monotonic() - asked_at < PATIENCE_SECONDS / 2
        # What begins meanwhile waits; the API answers what can be answered.
        served.kill("api")
        served.kill("worker")
        await until(lambda: _answers(served), "another api process")
        own_postgres.thaw()

        acknowledged = len(watch.acknowledged)
        await until(lambda: is_ready(served), "the database to be used again")
        checks = await watch.checks()
        await until(lambda: watch.reported_after(acknowledged), "a report to be taken again")
        await until(lambda: _has_more(watch, checks), "a look")
        await until(watch.both_are_up, "both to be up")
        await expect_no_harm(watch, receiver, own_postgres)

    own_postgres.freeze()
    seconds = await served.stop()
    assert seconds < 10
    own_postgres.thaw()


async def _answers(tocsin: Tocsin) -> bool:
    with contextlib.suppress(httpx.HTTPError):
        return await status_of(tocsin, "/healthz") == 200
    return False


async def test_a_database_that_fails_over_to_another_address(
    served: Tocsin, own_postgres: OwnPostgres, website, receiver, until: Until, tmp_path: Path
) -> None:
    standby = own_postgres.copy_to(tmp_path / "standby")
    # What is acknowledged is on both: else a failover may lose it, whatever its user does.
    await own_postgres.execute("ALTER SYSTEM SET synchronous_standby_names = '*'")
    own_postgres.stop()
    own_postgres.settings = standby.settings = {"synchronous_commit": "on"}
    await own_postgres.start()
    await standby.start()
    served.environment["TOCSIN_DATABASE_URL"] = url_of(own_postgres.address, standby.address)
    try:
        await served.start()
        async with watching(served, website.url, receiver, until) as watch:
            own_postgres.stop(signal.SIGKILL)
            await standby.execute("ALTER SYSTEM SET synchronous_standby_names = ''")
            standby.promote()
            acknowledged = len(watch.acknowledged)
            await until(lambda: is_ready(served), "the other server to be used")
            checks = await watch.checks()
            await until(
                lambda: watch.reported_after(acknowledged), "a report to be taken by the other server"
            )
            await until(lambda: _has_more(watch, checks), "a look recorded by the other server")
            await until(watch.both_are_up, "both to be up")
        await expect_no_harm(watch, receiver, standby)
        await served.stop()
    finally:
        standby.stop(signal.SIGKILL)
