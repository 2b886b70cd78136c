"""Two workers against one, on a kind that answers at once: what a second core brings.

One worker shares its core with PostgreSQL; two share two cores with it. Processor time would not show that
they wait for one another, so that the time in which a core had nothing to do at all counts as theirs.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Iterator, Sequence

from benchmarks.durable_postgres import DurablePostgres, running_postgres
from benchmarks.harness import CORES, Benchmark, Contender, Rivalry, pin_to_first_core
from benchmarks.watched_monitors import make_monitors
from benchmarks.worker_process import INSTANT
from benchmarks.worker_rounds import Round, measure_workers, pass_first_lap

MONITORS = 16_000
INTERVAL_SECONDS = 1
WARM_UP_CHECKS = 8_000
CHECKS_A_ROUND = 16_000


class _Workers:
    """So many workers, on as many cores."""

    def __init__(self, server: DurablePostgres, count: int) -> None:
        self._server = server
        self._cores = CORES[:count]
        self.rounds: list[Round] = []

    def measure(self) -> float:
        """Return the checks that were stored for each second in which these cores could have worked for us."""
        _keep_on(self._server.pid, self._cores)
        done = measure_workers(self._server, self._cores, warm_up=WARM_UP_CHECKS, checks=CHECKS_A_ROUND)
        self.rounds.append(done)
        spent = done.worker_seconds + done.database_seconds + done.idle_seconds
        return done.checks / spent * len(self._cores)


def _keep_on(postmaster: int, cores: Sequence[int]) -> None:
    """Keep a server on cores; the processes that serve later connections inherit them."""
    os.sched_setaffinity(postmaster, cores)


@contextlib.contextmanager
def _set_up() -> Iterator[Rivalry]:
    pin_to_first_core()
    with running_postgres() as server:
        asyncio.run(
            make_monitors(server.url, MONITORS, kind=INSTANT, config={}, interval_seconds=INTERVAL_SECONDS)
        )
        pass_first_lap(server, CORES[0], MONITORS)
        two, one = _Workers(server, 2), _Workers(server, 1)

        def explain() -> Sequence[str]:
            return [f"{each}, {len(workers.rounds)}" for workers in (two, one) for each in workers.rounds[1:]]

        if len(CORES) < 2:
            ours = Contender(name="two workers", missing="there is one core only")
        else:
            ours = Contender(name="two workers", measure=two.measure)
        yield Rivalry(contenders=(ours, Contender(name="one worker", measure=one.measure)), explain=explain)


BENCHMARK = Benchmark(
    name="two-workers",
    title="checks of a kind that answers at once, two workers on two cores against one on one",
    unit="checks/s",
    target=1.7,
    set_up=_set_up,
    rounds=2,
)
