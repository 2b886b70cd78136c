"""The dashboard's query over HTTP: against graphql-core's own executor, and against PostGraphile 4."""

from __future__ import annotations

import asyncio
import contextlib
import statistics
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import httpx
import msgspec

from benchmarks.dashboard_rows import CHECKS_EACH, MONITORS, SECRET, fill
from benchmarks.durable_postgres import running_postgres
from benchmarks.harness import Benchmark, Contender, Rivalry
from benchmarks.query_servers import api_server, postgraphile, postgraphile_missing, query_contender
from core.asgi import create_app
from core.clock import MeasuredClock
from core.db.database import Connection, Database, PoolUse
from core.outbound_policy import outbound_for
from core.plugin_registry import load_plugins
from core.services import build_services
from core.settings import Settings, Switch

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
DASHBOARD_OF_POSTGRAPHILE = """
{ allMonitors(first: 100, orderBy: PRIMARY_KEY_ASC) {
  edges { cursor node {
    id name kind target status statusSince paused intervalSeconds
    lastCheck { status checkedAt responseTimeMs statusCode error }
    project { id name } tagsList { id name }
    uptime { ratio upSeconds downSeconds }
  } }
  pageInfo { hasNextPage endCursor }
} }
"""
NOTHING = "{ viewer { role } }"


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
    with running_postgres() as postgres:
        asyncio.run(fill(postgres.url, MeasuredClock().now()))
        with (
            api_server(postgres.url, Switch.ON) as ours,
            api_server(postgres.url, Switch.OFF) as stock,
        ):
            yield Rivalry(
                contenders=(
                    query_contender("list executor", ours, DASHBOARD),
                    query_contender("stock executor", stock, DASHBOARD),
                ),
                explain=lambda: asyncio.run(_taken_apart(postgres.url)),
            )


@contextlib.contextmanager
def _set_up_postgraphile() -> Iterator[Rivalry]:
    with running_postgres() as postgres, contextlib.ExitStack() as servers:
        asyncio.run(fill(postgres.url, MeasuredClock().now()))
        ours = servers.enter_context(api_server(postgres.url, Switch.ON))
        reason = postgraphile_missing()
        rival = Contender(name="PostGraphile 4", missing=reason)
        if reason is None:
            theirs = servers.enter_context(postgraphile(postgres))
            rival = query_contender("PostGraphile 4", theirs, DASHBOARD_OF_POSTGRAPHILE, postgres=postgres)
        yield Rivalry(contenders=(query_contender("Tocsin", ours, DASHBOARD, postgres=postgres), rival))


BENCHMARKS = (
    Benchmark(
        name="dashboard",
        title=f"a page of 100 monitors with last check, project, tags and uptime, out of {MONITORS} "
        f"with {CHECKS_EACH} checks each; processor time of the API process",
        unit="queries/s",
        target=4.0,
        set_up=_set_up,
    ),
    Benchmark(
        name="postgraphile",
        title="the same page, from the same tables; processor time of the API process and the database",
        unit="queries/s",
        target=1.3,
        set_up=_set_up_postgraphile,
    ),
)
