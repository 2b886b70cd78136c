"""Measures workers that are never without work: each round starts them anew, so that nothing runs beside a rival."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import asyncpg

from benchmarks.durable_postgres import DurablePostgres
from benchmarks.processor_time import idle_seconds, seconds_of, seconds_of_family
from benchmarks.worker_process import running_worker

_POLL_SECONDS = 0.1
_LONGEST_SECONDS = 120
_COUNT = "SELECT count(*) FROM checks"
_UP = "SELECT count(*) FROM monitor_states WHERE status = 1"


@dataclass(frozen=True, kw_only=True, slots=True)
class Round:
    """What happened between two commits: checks stored, and the processor seconds of both sides.

    In the idle seconds a core of the workers had nothing to do for anybody.
    """

    checks: int
    worker_seconds: float
    database_seconds: float
    idle_seconds: float

    def __sub__(self, before: Round) -> Round:
        return Round(
            checks=self.checks - before.checks,
            worker_seconds=self.worker_seconds - before.worker_seconds,
            database_seconds=self.database_seconds - before.database_seconds,
            idle_seconds=self.idle_seconds - before.idle_seconds,
        )

    def __str__(self) -> str:
        shares = (self.worker_seconds, self.database_seconds, self.idle_seconds)
        worker, database, idle = (seconds / self.checks * 1e6 for seconds in shares)
        return f"  µs a check: worker {worker:.0f} + database {database:.0f}, idle {idle:.0f}"


def measure_workers(server: DurablePostgres, cores: Sequence[int], *, warm_up: int, checks: int) -> Round:
    """Run a worker on each of the cores; once `warm_up` checks are stored, measure until `checks` more are."""
    with contextlib.ExitStack() as stack:
        pids = [stack.enter_context(running_worker(server.url, core)) for core in cores]
        watched = _Watched(server=server, pids=pids, cores=cores)
        return asyncio.run(watched.measured(warm_up, checks))


@dataclass(frozen=True, kw_only=True, slots=True)
class _Watched:
    server: DurablePostgres
    pids: Sequence[int]
    cores: Sequence[int]

    async def measured(self, warm_up: int, checks: int) -> Round:
        connection = await asyncpg.connect(self.server.url)
        try:
            stored = await connection.fetchval(_COUNT)
            stored = await _until(connection, _COUNT, lambda count: count >= stored + warm_up)
            before = self._round(stored)
            after = self._round(await _until(connection, _COUNT, lambda count: count >= stored + checks))
        finally:
            await connection.close()
        return after - before

    def _round(self, checks: int) -> Round:
        return Round(
            checks=checks,
            worker_seconds=sum(map(seconds_of, self.pids)),
            database_seconds=seconds_of_family(self.server.pid),
            idle_seconds=idle_seconds(self.cores),
        )


def pass_first_lap(server: DurablePostgres, core: int, monitors: int) -> None:
    """Let every monitor turn from PENDING to UP, which costs more than all its later checks."""
    with running_worker(server.url, core):
        asyncio.run(wait_until_all_are_up(server.url, monitors))


async def wait_until_all_are_up(url: str, monitors: int) -> None:
    """Wait until so many monitors are UP."""
    connection = await asyncpg.connect(url)
    await _until(connection, _UP, lambda count: count >= monitors)
    await connection.close()


async def _until(connection: asyncpg.Connection, query: str, condition: Callable[[int], bool]) -> int:
    async with asyncio.timeout(_LONGEST_SECONDS):
        while not condition(count := await connection.fetchval(query)):
            await asyncio.sleep(_POLL_SECONDS)
    return count
