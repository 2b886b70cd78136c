"""How late looks at well monitors are while a worker looks at 1,000 hostile targets, all begun at one moment."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import trustme

from benchmarks.durable_postgres import running_postgres
from benchmarks.harness import CORES, Benchmark, Contender, Rivalry, pin_to_last_core
from benchmarks.hostile_targets import running_hostile_targets
from benchmarks.processor_time import resident_mb
from benchmarks.watched_monitors import make_monitors
from benchmarks.web_server import running_web_server
from benchmarks.worker_process import running_worker
from core.clock import MeasuredClock

HOSTILE = 1_000
HOSTILE_INTERVAL_SECONDS = 3_600
WELL = 300
WELL_INTERVAL_SECONDS = 2
SECONDS_A_ROUND = 12.0
MOST_LATE_MS = 100.0

_AHEAD_SECONDS = 3.0
_TIMEOUT_SECONDS = 10

# What of a look's lateness is ours: its begin against its slot, and its end, which is to come at once.
_LATENESS = """
SELECT count(*), count(*) FILTER (WHERE status <> 1),
    percentile_cont(0.99) WITHIN GROUP (ORDER BY extract(epoch FROM checked_at - slot) * 1000),
    percentile_cont(0.99) WITHIN GROUP (ORDER BY extract(epoch FROM checked_at - slot) * 1000 + coalesce(response_us, 1e6) / 1000),
    max(extract(epoch FROM checked_at - slot) * 1000 + coalesce(response_us, 1e6) / 1000)
FROM checks WHERE monitor_id = ANY($1::uuid[]) AND slot BETWEEN $2 AND $3
"""
_HASTEN = "UPDATE leases SET due_at = $2 WHERE monitor_id = ANY($1::uuid[])"
_FOUND = """
SELECT status, count(*) FROM checks WHERE monitor_id = ANY($1::uuid[]) AND slot = $2 GROUP BY status ORDER BY status
"""
_STATUSES = {1: "UP", 2: "DEGRADED", 3: "DOWN", 4: "UNKNOWN"}


class _Lateness:
    def __init__(self, url: str, pid: int, well: Sequence[UUID], hostile: Sequence[UUID]) -> None:
        self._url = url
        self._pid = pid
        self._well = well
        self._hostile = hostile
        self._said: list[str] = []

    def beside_hostile(self) -> float:
        """Return the 99th percentile of the end's lateness, in milliseconds, beside hostile targets."""
        return asyncio.run(self._measured(with_hostile=True))

    def alone(self) -> float:
        """Return the same with nothing else to look at."""
        return asyncio.run(self._measured(with_hostile=False))

    def explain(self) -> Sequence[str]:
        """Say what else was seen in each round."""
        return self._said

    async def _measured(self, *, with_hostile: bool) -> float:
        connection = await asyncpg.connect(self._url)
        try:
            moment = MeasuredClock().now() + timedelta(seconds=_AHEAD_SECONDS)
            if with_hostile:
                await connection.execute(_HASTEN, self._hostile, moment)
            await asyncio.sleep(_AHEAD_SECONDS + SECONDS_A_ROUND + 1)
            until = moment + timedelta(seconds=SECONDS_A_ROUND - 1)
            seen, failed, begun, ended, worst = await connection.fetchrow(
                _LATENESS, self._well, moment, until
            )
            found = await connection.fetch(_FOUND, self._hostile, moment)
        finally:
            await connection.close()
        self._check(seen, failed)
        self._note(begun, ended, worst, found, with_hostile=with_hostile)
        return float(ended)

    def _check(self, seen: int, failed: int) -> None:
        expected = self._well_looks()
        if failed or seen < 0.95 * expected:
            raise RuntimeError(f"{seen} of {expected:.0f} looks at well monitors were seen, {failed} failed")

    def _well_looks(self) -> float:
        return len(self._well) * (SECONDS_A_ROUND - 1) / WELL_INTERVAL_SECONDS

    def _note(
        self, begun: float, ended: float, worst: float, found: Sequence[Any], *, with_hostile: bool
    ) -> None:
        statuses = ", ".join(f"{count} {_STATUSES[status]}" for status, count in found)
        self._said.append(
            f"  {'beside hostile' if with_hostile else 'alone'}: p99 begun {begun:.1f} ms, ended {ended:.1f} ms, "
            f"worst {worst:.0f} ms; worker {resident_mb(self._pid):.0f} MB{'; hostile: ' + statuses if statuses else ''}"
        )


async def _make_hostile(url: str, configs: Sequence[Mapping[str, Any]]) -> list[UUID]:
    """Store the monitors, as many of each peer as of any other."""
    ids = list(
        await make_monitors(
            url, HOSTILE, kind="http", config=configs[0], interval_seconds=HOSTILE_INTERVAL_SECONDS
        )
    )
    connection = await asyncpg.connect(url)
    try:
        each_its_own = zip(ids, map(json.dumps, itertools.cycle(configs)), strict=False)
        await connection.executemany("UPDATE monitors SET config = $2 WHERE id = $1", list(each_its_own))
    finally:
        await connection.close()
    return ids


async def _warm_up(url: str, ids: Sequence[UUID]) -> None:
    """Wait until each was looked at once: bombs are made, and contexts of TLS."""
    connection = await asyncpg.connect(url)
    try:
        for _ in itertools.count():
            seen = await connection.fetchval(
                "SELECT count(DISTINCT monitor_id) FROM checks WHERE monitor_id = ANY($1::uuid[])", ids
            )
            if seen == len(ids):
                return
            await asyncio.sleep(0.5)
    finally:
        await connection.close()


@contextlib.contextmanager
def _certificate() -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="tcb") as folder:
        path = Path(folder) / "certificate.pem"
        trustme.CA().issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(str(path))
        yield str(path)


@contextlib.contextmanager
def _set_up() -> Iterator[Rivalry]:
    pin_to_last_core()
    with (
        _certificate() as certificate,
        running_postgres() as server,
        running_web_server() as well_url,
        running_hostile_targets(certificate) as configs,
    ):
        hostile = asyncio.run(_make_hostile(server.url, configs))
        well = asyncio.run(
            make_monitors(
                server.url,
                WELL,
                kind="http",
                config={"url": well_url},
                interval_seconds=WELL_INTERVAL_SECONDS,
            )
        )
        with running_worker(server.url, CORES[0]) as pid:
            asyncio.run(_warm_up(server.url, [*hostile, *well]))
            time.sleep(2 * _TIMEOUT_SECONDS)  # in which what failed is looked at once more
            late = _Lateness(server.url, pid, well, hostile)
            yield Rivalry(
                contenders=(
                    Contender(name=f"beside {HOSTILE} hostile ones at once", measure=late.beside_hostile),
                    Contender(name="alone", measure=late.alone),
                ),
                limit=MOST_LATE_MS,
                explain=late.explain,
            )


BENCHMARK = Benchmark(
    name="hostile",
    title=f"how late 99 % of the looks at {WELL} well monitors at {WELL_INTERVAL_SECONDS} s end at most",
    unit="ms",
    target=1.0,
    set_up=_set_up,
    rounds=3,
    less_is_better=True,
)
