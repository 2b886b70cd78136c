"""20,000 monitors, one look a minute each, on a kind that answers at once: how late looks begin, what a worker holds.

Looked at from the database: a check's begin against its slot. The first lap, in which all are due at once, has
passed, so that the worker remembers every monitor.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import time
from collections.abc import Callable, Iterator, Sequence

import asyncpg

from benchmarks.durable_postgres import running_postgres
from benchmarks.harness import CORES, Benchmark, Contender, Rivalry, pin_to_last_core
from benchmarks.processor_time import resident_mb
from benchmarks.watched_monitors import make_monitors
from benchmarks.worker_process import INSTANT, running_worker
from benchmarks.worker_rounds import wait_until_all_are_up
from core.clock import MeasuredClock

MONITORS = 20_000
INTERVAL_SECONDS = 60
SECONDS_A_ROUND = 6.0
MOST_LATE_MS = 100.0
MOST_MB = 300.0

# A slot on the grid was claimed ahead; those of the first lap are of the moment at which monitors were made.
_LATENESS = """
SELECT percentile_cont(ARRAY[0.5, 0.99, 1.0]) WITHIN GROUP (ORDER BY extract(epoch FROM checked_at - slot) * 1000)
FROM checks WHERE checked_at >= $1
"""


class _Lateness:
    def __init__(self, url: str) -> None:
        self._url = url
        self._seen: list[list[float]] = []

    def measure(self) -> float:
        """Return the 99th percentile of the lateness of what begins from now on, in milliseconds."""
        since = MeasuredClock().now()
        time.sleep(SECONDS_A_ROUND)
        self._seen.append(asyncio.run(self._percentiles(since)))
        return self._seen[-1][1]

    def explain(self) -> Sequence[str]:
        """Say what else was seen in each round that counted."""
        return [f"  half within {half:.1f} ms, all within {all_:.1f} ms" for half, _, all_ in self._seen[1:]]

    async def _percentiles(self, since: object) -> list[float]:
        connection = await asyncpg.connect(self._url)
        try:
            percentiles: list[float] = await connection.fetchval(_LATENESS, since)
            return percentiles
        finally:
            await connection.close()


@contextlib.contextmanager
def _watching() -> Iterator[tuple[str, int]]:
    """Give the database's address and the process of a worker that has seen every monitor."""
    pin_to_last_core()
    with running_postgres() as server:
        asyncio.run(
            make_monitors(server.url, MONITORS, kind=INSTANT, config={}, interval_seconds=INTERVAL_SECONDS)
        )
        with running_worker(server.url, CORES[0]) as pid:
            asyncio.run(wait_until_all_are_up(server.url, MONITORS))
            yield server.url, pid


@contextlib.contextmanager
def _lateness() -> Iterator[Rivalry]:
    with _watching() as (url, _):
        late = _Lateness(url)
        ours = Contender(name="99 % of the looks", measure=late.measure)
        yield Rivalry(contenders=(ours,), limit=MOST_LATE_MS, explain=late.explain)


@contextlib.contextmanager
def _memory() -> Iterator[Rivalry]:
    with _watching() as (_, pid):
        ours = Contender(name="a worker", measure=functools.partial(_resident_after_a_while, pid))
        yield Rivalry(contenders=(ours,), limit=MOST_MB)


def _resident_after_a_while(pid: int) -> float:
    time.sleep(SECONDS_A_ROUND)
    return resident_mb(pid)


def _benchmark(
    name: str, title: str, unit: str, set_up: Callable[[], contextlib.AbstractContextManager[Rivalry]]
) -> Benchmark:
    return Benchmark(
        name=name,
        title=f"{MONITORS} monitors at {INTERVAL_SECONDS} s on a kind that answers at once: {title}",
        unit=unit,
        target=1.0,
        set_up=set_up,
        rounds=2,
        less_is_better=True,
    )


BENCHMARKS = (
    _benchmark("lateness", "how late 99 % of the looks begin at most", "ms", _lateness),
    _benchmark("memory", "what a worker holds resident", "MB", _memory),
)
