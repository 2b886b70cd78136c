"""The dashboard's query over HTTP: a page of 100 monitors out of 2,000 with a week of checks."""

from __future__ import annotations

import asyncio
import contextlib
import statistics
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import httpx
import msgspec

from benchmarks.dashboard_rows import CHECKS_EACH, MONITORS, SECRET, fill
from benchmarks.durable_postgres import durable_postgres
from benchmarks.harness import Benchmark, Contender, Rivalry
from core.asgi import create_app
from core.clock import MeasuredClock
from core.db.database import Connection, Database, PoolUse
from core.outbound_policy import outbound_for
from core.plugin_registry import load_plugins
from core.services import build_services
from core.settings import Settings

REQUESTS_A_ROUND = 60
AT_ONCE = 4
TAKEN_APART = 40

HEADERS = {"Authorization": f"Bearer {SECRET}"}
DASHBOARD = """
{ monitors(first: 100) {
  edges { cursor node {
    id name kind target status statusSince paused intervalSeconds
    lastCheck { status checkedAt responseTimeMs statusCode error }
    project { id name } tags { id name }
    uptime(period: DAY) { ratio upSeconds downSeconds }
  } }
  pageInfo { hasNextPage endCursor }
} }
"""
NOTHING = "{ viewer { role } }"


@contextlib.contextmanager
def _api_server(url: str) -> Iterator[str]:
    """The API application in a process of its own, as `tocsin serve` runs it."""
    command = (sys.executable, "-m", "benchmarks.ping_server", url, "ours")
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:
        assert server.stdout is not None
        assert server.stdin is not None
        try:
            yield f"http://127.0.0.1:{int(server.stdout.readline())}/graphql"
        finally:
            server.stdin.close()
            server.wait(20)


async def _ask_often(url: str) -> float:
    """Return the queries answered a second."""
    turns = iter(range(REQUESTS_A_ROUND))
    body = msgspec.json.encode({"query": DASHBOARD})
    headers = {**HEADERS, "Content-Type": "application/json"}

    async with httpx.AsyncClient(timeout=30) as client:

        async def lane() -> None:
            for _ in turns:
                answer = await client.post(url, content=body, headers=headers)
                if answer.status_code != httpx.codes.OK or b'"errors"' in answer.content:
                    raise RuntimeError(answer.text[:300])

        started = time.perf_counter()
        await asyncio.gather(*(lane() for _ in range(AT_ONCE)))
        return REQUESTS_A_ROUND / (time.perf_counter() - started)


class _TimedDatabase(Database):
    """A pool that adds up how long its statements take."""

    def __init__(self, pool: asyncpg.Pool[asyncpg.Record]) -> None:
        super().__init__(pool)
        self.seconds = 0.0
        self.statements = 0

    def _note(self, record: Any) -> None:
        self.seconds += record.elapsed
        self.statements += 1

    @asynccontextmanager
    async def acquire(self) -> AsyncIterator[Connection]:
        """Give a connection of the pool."""
        async with super().acquire() as connection:
            with connection.query_logger(self._note):
                yield connection


async def _taken_apart(url: str) -> Sequence[str]:
    """Answer in this process, one query at a time, and say what took how long."""
    pool = (await Database.connect(url, use=PoolUse.FACES, max_size=4)).pool
    database, clock = _TimedDatabase(pool), MeasuredClock()
    await database.measure(clock)
    settings = Settings(database_url=url)
    services = build_services(
        settings=settings,
        database=database,
        registry=load_plugins(),
        clock=clock,
        outbound=outbound_for(settings),
    )
    transport = httpx.ASGITransport(create_app(services))
    async with httpx.AsyncClient(transport=transport, base_url="http://tocsin", headers=HEADERS) as client:

        async def took(document: str) -> tuple[float, bytes]:
            started = time.perf_counter()
            answer = await client.post("/graphql", json={"query": document})
            return time.perf_counter() - started, answer.content

        for _ in range(10):
            await took(DASHBOARD)
            _, content = await took(NOTHING)
        database.seconds, database.statements = 0.0, 0
        whole = statistics.mean([(await took(DASHBOARD))[0] for _ in range(TAKEN_APART)])
        sql, statements = database.seconds / TAKEN_APART, database.statements // TAKEN_APART
        bare = statistics.mean([(await took(NOTHING))[0] for _ in range(TAKEN_APART)])
        _, content = await took(DASHBOARD)
    await database.close()
    encoding = _seconds_to_encode(content)
    parts = {
        f"SQL, {statements} statements": sql,
        "resolving, 100 objects with four relations": whole - sql - bare - encoding,
        f"encoding, {len(content) // 1024} KiB": encoding,
        "HTTP, token, the operation itself": bare,
    }
    return [f"  one query alone takes {whole * 1000:.1f} ms:"] + [
        f"    {seconds * 1000:6.2f} ms  {seconds / whole:4.0%}  {part}" for part, seconds in parts.items()
    ]


def _seconds_to_encode(content: bytes) -> float:
    body = msgspec.json.decode(content)
    started = time.perf_counter()
    for _ in range(TAKEN_APART):
        msgspec.json.encode(body)
    return (time.perf_counter() - started) / TAKEN_APART


@contextlib.contextmanager
def _set_up() -> Iterator[Rivalry]:
    with durable_postgres() as url:
        asyncio.run(fill(url, MeasuredClock().now()))
        with _api_server(url) as address:
            yield Rivalry(
                contenders=[
                    Contender(name="monitors(first: 100)", measure=lambda: asyncio.run(_ask_often(address)))
                ],
                explain=lambda: asyncio.run(_taken_apart(url)),
            )


BENCHMARK = Benchmark(
    name="dashboard",
    title=f"a page of 100 monitors with last check, project, tags and uptime, out of {MONITORS} "
    f"with {CHECKS_EACH} checks each",
    unit="queries/s",
    target=None,
    set_up=_set_up,
)
