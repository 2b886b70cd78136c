"""Several workers and regions as processes: they share, they die, they stop and go on, and their clocks are wrong."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest

PATIENCE_SECONDS = 60

CREATE_MONITOR = """
mutation ($url: String!, $regions: [String!], $agree: Int) { createMonitor(input: {name: "the shop",
  probe: {http: {url: $url}}, intervalSeconds: 5, timeoutSeconds: 5, regionKeys: $regions,
  confirmation: {recheckSeconds: 1, regionsToAgree: $agree}}) { monitor { id } userErrors { path message } } }
"""
CREATE_SLOW_MONITOR = """
mutation ($url: String!) { createMonitor(input: {name: "the shop", probe: {http: {url: $url}}, intervalSeconds: 3600,
  timeoutSeconds: 10, regionKeys: ["eu"]}) { monitor { id } userErrors { path message } } }
"""
MONITOR = """
query ($id: ID!) { monitor(id: $id) { status incidentCount openIncident { affectedRegions { key } } } }
"""
STATUSES = "query { monitors(first: 100) { nodes { status incidentCount } } }"
REGIONS = "query { regions { key isActive workers } }"


@dataclass
class Worker:
    """A `tocsin worker` of its own, and the id under which it is known."""

    process: asyncio.subprocess.Process
    id: UUID

    def send(self, order: signal.Signals) -> None:
        self.process.send_signal(order)


@contextlib.asynccontextmanager
async def worker(tocsin, until, region: str, **environment: str) -> AsyncIterator[Worker]:
    """Start a worker and wait until it is seen; whatever is left of it at the end is killed."""
    async with tocsin.database() as connection:

        async def ids() -> set[UUID]:
            return {row["id"] for row in await connection.fetch("SELECT id FROM workers")}

        before = await ids()
        with (tocsin.data_dir.parent / "workers.log").open("ab") as log:
            words = ("-m", "core.cli", "worker", "--region", region, "--data-dir", str(tocsin.data_dir))
            process = await asyncio.create_subprocess_exec(
                sys.executable, *words, env={**os.environ, **environment}, stderr=log, start_new_session=True
            )

        async def arrived() -> UUID | None:
            return next(iter(await ids() - before), None)

        try:
            yield Worker(process=process, id=await until(arrived, "the worker to be seen"))
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()


async def create(tocsin, document: str, **variables: object) -> str:
    return (await tocsin.graphql(document, **variables))["createMonitor"]["monitor"]["id"]


async def test_a_quorum_of_two_regions_outlives_one_of_them(tocsin, website, until) -> None:
    async with contextlib.AsyncExitStack() as workers:
        europeans = [await workers.enter_async_context(worker(tocsin, until, "eu")) for _ in range(2)]
        assert await regions(tocsin) == {"eu": (True, 2), "local": (True, 1)}
        both = {"url": website.url, "regions": ["local", "eu"]}
        strict = await create(tocsin, CREATE_MONITOR, **both, agree=2)
        touchy = await create(tocsin, CREATE_MONITOR, **both, agree=1)

        async def statuses(*expected: str) -> bool:
            return [await status(tocsin, monitor) for monitor in (strict, touchy)] == list(expected)

        await until(lambda: statuses("UP", "UP"), "both regions to find it up")
        website.status = 503
        await until(lambda: statuses("DOWN", "DOWN"), "both regions to find it down")
        assert await affected_regions(tocsin, strict) == ["eu", "local"]

        for european in europeans:
            european.send(signal.SIGKILL)
        website.status = 200
        # What Europe thought last stands for a while, and then is forgotten.
        await until(lambda: statuses("UP", "UP"), "the living region to decide alone")

        async def europe_is_gone() -> bool:
            return await regions(tocsin) == {"eu": (False, 0), "local": (True, 1)}

        await until(europe_is_gone, "the region to be told as gone")
        await until(lambda: "region.without_worker" in tocsin.log.read_text(), "the watch to notice")

        website.status = 503
        await until(lambda: statuses("DOWN", "DOWN"), "the living region to find it down")
        assert await affected_regions(tocsin, strict) == ["local"]

        await workers.enter_async_context(worker(tocsin, until, "eu"))
        assert await regions(tocsin) == {"eu": (True, 1), "local": (True, 1)}
        website.status = 200
        await until(lambda: statuses("UP", "UP"), "both regions to find it up again")
        assert [(await monitor_of(tocsin, each))["incidentCount"] for each in (strict, touchy)] == [2, 2]


async def regions(tocsin) -> dict[str, tuple[bool, int]]:
    return {
        each["key"]: (each["isActive"], each["workers"])
        for each in (await tocsin.graphql(REGIONS))["regions"]
    }


async def monitor_of(tocsin, monitor_id: str):
    return (await tocsin.graphql(MONITOR, id=monitor_id))["monitor"]


async def status(tocsin, monitor_id: str) -> str:
    return (await monitor_of(tocsin, monitor_id))["status"]


async def affected_regions(tocsin, monitor_id: str) -> list[str]:
    incident = (await monitor_of(tocsin, monitor_id))["openIncident"]
    return sorted(region["key"] for region in incident["affectedRegions"])


@pytest.mark.parametrize("ending", ["killed", "stopped for a while"])
async def test_what_a_worker_held_is_looked_at_by_the_other_and_nothing_is_harmed(
    tocsin, website, until, ending: str
) -> None:
    async with (
        worker(tocsin, until, "eu") as one,
        worker(tocsin, until, "eu") as two,
        tocsin.database() as db,
    ):
        website.gate.clear()  # every first look is on its way until it opens
        for _ in range(12):
            await create(tocsin, CREATE_SLOW_MONITOR, url=website.url)
        held = await until(lambda: all_claimed(db, 12), "every first look to be claimed")
        victim = max(one, two, key=lambda each: sum(row["worker_id"] == each.id for row in held))
        victim.send(signal.SIGKILL if ending == "killed" else signal.SIGSTOP)
        website.gate.set()

        async def taken_over() -> bool:
            rows = await db.fetch("SELECT monitor_id, max(slot) AS slot FROM checks GROUP BY 1")
            looked = {row["monitor_id"]: row["slot"] for row in rows}
            return all(
                looked.get(row["monitor_id"], row["slot"] - timedelta(1)) >= row["slot"] for row in held
            )

        await until(taken_over, "the other worker to look at what the victim held")
        checks = await checks_of(db, held)
        if ending != "killed":
            stopped_at = await seen_at(db, victim)
            victim.send(signal.SIGCONT)
            # Said twice that it lives, it has recorded what it found late.
            await until(lambda: seen_since(db, victim, stopped_at, 20), "the stopped worker to go on")
            await until(lambda: seen_since(db, victim, stopped_at, 24), "the stopped worker to stay")

        assert await all_up(tocsin)
        assert await checks_of(db, held) == checks
        assert await db.fetchval("SELECT count(*) FROM status_intervals WHERE status NOT IN (0, 1)") == 0


async def checks_of(connection, leases):
    return await connection.fetch(
        "SELECT c.* FROM checks AS c JOIN unnest($1::uuid[], $2::timestamptz[]) AS l (monitor_id, slot)"
        " ON l.monitor_id = c.monitor_id AND l.slot = c.slot ORDER BY c.monitor_id",
        [lease["monitor_id"] for lease in leases],
        [lease["slot"] for lease in leases],
    )


async def seen_at(connection, somebody: Worker) -> datetime:
    return await connection.fetchval("SELECT seen_at FROM workers WHERE id = $1", somebody.id)


async def seen_since(connection, somebody: Worker, moment: datetime, seconds: int) -> bool:
    return await seen_at(connection, somebody) > moment + timedelta(seconds=seconds)


async def all_claimed(connection, number: int):
    rows = await connection.fetch(
        "SELECT monitor_id, slot, worker_id FROM leases WHERE worker_id IS NOT NULL"
    )
    return rows if len(rows) == number else None


async def all_up(tocsin) -> bool:
    nodes = (await tocsin.graphql(STATUSES))["monitors"]["nodes"]
    return all(node == {"status": "UP", "incidentCount": 0} for node in nodes)


HOUR_OFF = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <sys/time.h>
#include <time.h>

int clock_gettime(clockid_t clock, struct timespec *now) {
    static int (*real)(clockid_t, struct timespec *);
    if (!real) real = dlsym(RTLD_NEXT, "clock_gettime");
    int failed = real(clock, now);
    if (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE) now->tv_sec += SECONDS_OFF;
    return failed;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
    struct timespec precise;
    clock_gettime(CLOCK_REALTIME, &precise);
    now->tv_sec = precise.tv_sec;
    now->tv_usec = precise.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *now) {
    struct timespec precise;
    clock_gettime(CLOCK_REALTIME, &precise);
    if (now) *now = precise.tv_sec;
    return precise.tv_sec;
}
"""


@pytest.mark.compiler
@pytest.mark.parametrize("seconds_off", [3600, -3600])
async def test_a_worker_whose_clock_is_an_hour_off_records_right_times(
    tocsin, website, until, tmp_path: Path, seconds_off: int
) -> None:
    source, library = tmp_path / "off.c", tmp_path / "off.so"
    source.write_text(HOUR_OFF.replace("SECONDS_OFF", f"({seconds_off})"))
    subprocess.run(["cc", "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True)
    off = {"LD_PRELOAD": str(library)}
    told = subprocess.run(
        [sys.executable, "-c", "import time; print(time.time())"],
        env={**os.environ, **off},
        capture_output=True,
        check=True,
    )
    async with worker(tocsin, until, "moon", **off), tocsin.database() as db:
        began: datetime = await db.fetchval("SELECT clock_timestamp()")
        assert abs(float(told.stdout) - began.timestamp() - seconds_off) < PATIENCE_SECONDS
        await create(tocsin, CREATE_MONITOR, url=website.url, regions=["moon"])

        async def looked() -> bool:
            return await db.fetchval("SELECT count(*) >= 3 FROM checks")

        await until(looked, "three looks")
        ended = await db.fetchval("SELECT clock_timestamp()") + timedelta(seconds=10)
        times = await db.fetch(
            "SELECT slot, checked_at FROM checks UNION ALL SELECT started_at, seen_at FROM workers AS w"
            " JOIN regions AS r ON r.id = w.region_id AND r.key = 'moon'"
        )
        earliest = began - timedelta(seconds=PATIENCE_SECONDS)
        assert [row for row in times if not (earliest < min(row) <= max(row) < ended)] == []
