"""Tocsin is off, stands still, or is without its database for a while: that time is UNKNOWN, and nobody is told."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import httpx
import pytest

from core.ids import to_unix_ms
from tests.acceptance.conftest import Tocsin, descendants

INTERVAL_SECONDS, TIMEOUT_SECONDS, TOLERANCE_SECONDS = 5, 1, 5
REACH = timedelta(seconds=INTERVAL_SECONDS + TIMEOUT_SECONDS + TOLERANCE_SECONDS)
# Longer than a look reaches and than the heartbeat may be silent, by seconds enough for a busy machine.
ABSENCE_SECONDS = 30
SUSPENSION_SECONDS = 60
GRACE_SECONDS = 20
UNKNOWN = 4
CREATE_WEBHOOK = """
mutation ($url: String!) { createWebhook(input: {name: "receiver", url: $url,
  events: [MONITOR_DOWN, MONITOR_UP, INCIDENT_CREATED]}) { webhook { id } userErrors { path message } } }
"""
CREATE_MONITOR = """
mutation ($url: String!, $interval: Int!, $timeout: Int!) { createMonitor(input: {name: "the shop",
  probe: {http: {url: $url}}, intervalSeconds: $interval, timeoutSeconds: $timeout,
  confirmation: {failuresToOpen: 1}}) { monitor { id } userErrors { path message } } }
"""
CREATE_HEARTBEAT = """
mutation ($grace: Int!) { createMonitor(input: {name: "nightly backup",
  probe: {heartbeat: {intervalSeconds: 5, graceSeconds: $grace}}})
  { monitor { id heartbeat { pingUrl } } userErrors { path message } } }
"""
SEEN = "query ($id: ID!) { monitor(id: $id) { status statusSince uptime(period: DAY) { unknownSeconds downSeconds } } }"

Absence = Callable[[Tocsin], Awaitable[None]]


async def off(tocsin: Tocsin) -> None:
    await tocsin.stop()
    await asyncio.sleep(ABSENCE_SECONDS)  # the thing itself: time that Tocsin does not live through
    await tocsin.start()


async def suspended(tocsin: Tocsin) -> None:
    assert tocsin.process is not None
    everything = [tocsin.process.pid, *descendants(tocsin.process.pid)]
    await _standstill(everything, seconds=SUSPENSION_SECONDS)


async def without_database(tocsin: Tocsin) -> None:
    [postmaster] = tocsin.pids("postgres")[:1]
    await _standstill([postmaster, *descendants(postmaster)])


async def _standstill(processes: list[int], *, seconds: float = ABSENCE_SECONDS) -> None:
    for number in (signal.SIGSTOP, signal.SIGCONT):
        for pid in processes:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
        if number is signal.SIGSTOP:
            await asyncio.sleep(seconds)


def blind(checks: list[Any]) -> list[tuple[int, int]]:
    """Return the times, in Unix milliseconds, that the checks leave uncovered between them."""
    known = [check["slot"] for check in checks if check["status"] != UNKNOWN]
    found = []
    if known and checks[0]["slot"] < known[0]:
        found.append((to_unix_ms(checks[0]["slot"]), to_unix_ms(known[0])))
    for last, following in pairwise(known):
        blinded = [c["slot"] for c in checks if c["status"] == UNKNOWN and last < c["slot"] < following]
        ended: datetime = min([last + REACH, *blinded])
        if ended < following:
            found.append((to_unix_ms(ended), to_unix_ms(following)))
    return found


async def _pinged(url: str) -> bool:
    with contextlib.suppress(httpx.HTTPError):
        async with httpx.AsyncClient(timeout=5) as client:
            return (await client.post(url)).status_code == 200
    return False


@pytest.mark.parametrize("absence", [off, suspended, without_database], ids=lambda absence: absence.__name__)
async def test_what_tocsin_did_not_see_is_unknown_to_the_millisecond_and_nobody_is_told(
    tocsin, website, receiver, until, absence: Absence
) -> None:
    await tocsin.graphql(CREATE_WEBHOOK, url=receiver.url)
    timing = {"interval": INTERVAL_SECONDS, "timeout": TIMEOUT_SECONDS}
    monitor = (await tocsin.graphql(CREATE_MONITOR, url=website.url, **timing))["createMonitor"]["monitor"]
    job = (await tocsin.graphql(CREATE_HEARTBEAT, grace=GRACE_SECONDS))["createMonitor"]["monitor"]
    ping_url = job["heartbeat"]["pingUrl"]

    async def seen(monitor_id: str) -> dict[str, Any]:
        return (await tocsin.graphql(SEEN, id=monitor_id))["monitor"]

    async def is_up(monitor_id: str) -> bool:
        return (await seen(monitor_id))["status"] == "UP"

    assert await _pinged(ping_url)
    await until(lambda: is_up(monitor["id"]), "the first look")
    await until(lambda: is_up(job["id"]), "the first ping")
    assert await _pinged(ping_url)

    await absence(tocsin)

    async def has_seen_again() -> bool:
        async with tocsin.database() as connection:
            rows = await connection.fetch(
                "SELECT slot, status FROM checks WHERE region_id <> 0 ORDER BY slot DESC"
            )
        return bool(blind(rows[::-1])) and rows[0]["status"] == 1

    await until(lambda: _pinged(ping_url), "the door")
    await until(has_seen_again, "a look after it")
    await until(lambda: is_up(monitor["id"]), "the verdict")

    told = await seen(monitor["id"])
    async with tocsin.database() as connection:
        checks = await connection.fetch("SELECT slot, status FROM checks WHERE region_id <> 0 ORDER BY slot")
        intervals = await connection.fetch(
            "SELECT i.from_ms, i.to_ms FROM status_intervals i JOIN monitors m ON m.id = i.monitor_id"
            " WHERE i.status = $1 AND NOT m.is_passive ORDER BY i.from_ms",
            UNKNOWN,
        )
        assert await connection.fetchval("SELECT count(*) FROM checks WHERE status = 3") == 0
        assert await connection.fetchval("SELECT count(*) FROM incidents") == 0
        assert await connection.fetchval("SELECT count(*) FROM deliveries") == 0
    unseen = [tuple(row) for row in intervals]
    assert unseen == blind(checks)
    assert told["uptime"]["unknownSeconds"] == sum(until_ms - from_ms for from_ms, until_ms in unseen) / 1000
    assert told["uptime"]["downSeconds"] == 0
    assert to_unix_ms(datetime.fromisoformat(told["statusSince"])) == unseen[-1][1]
    assert (await seen(job["id"]))["status"] == "UP"
    assert receiver.requests == []
