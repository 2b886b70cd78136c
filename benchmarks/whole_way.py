"""The whole way of a check: leased, probed over HTTP, recorded and committed, by one worker on one core.

PostgreSQL is on the other core. More is due than the worker can do, so that it is never without work.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator, Sequence

from benchmarks.blackbox_exporter import blackbox_exporter
from benchmarks.durable_postgres import running_postgres
from benchmarks.harness import CORES, Benchmark, Contender, Rivalry, pin_to_first_core, pin_to_last_core
from benchmarks.watched_monitors import make_monitors
from benchmarks.web_server import running_web_server
from benchmarks.worker_rounds import Round, measure_workers, pass_first_lap

MONITORS = 4_000
INTERVAL_SECONDS = 1
# A lap and a half: the first look of a worker at a monitor prepares what the later ones use, and ends the time in
# which no worker looked.
WARM_UP_CHECKS = 6_000
CHECKS_A_ROUND = 4_000
PROBES_A_ROUND = 1_500


@contextlib.contextmanager
def _set_up() -> Iterator[Rivalry]:
    pin_to_last_core()
    with running_postgres() as server, running_web_server() as url:
        asyncio.run(
            make_monitors(
                server.url, MONITORS, kind="http", config={"url": url}, interval_seconds=INTERVAL_SECONDS
            )
        )
        pass_first_lap(server, CORES[0], MONITORS)
        rounds: list[Round] = []

        def measure() -> float:
            """Return checks for each second of the busier side's processor time."""
            done = measure_workers(server, CORES[:1], warm_up=WARM_UP_CHECKS, checks=CHECKS_A_ROUND)
            rounds.append(done)
            return done.checks / max(done.worker_seconds, done.database_seconds)

        def explain() -> Sequence[str]:
            return [str(each) for each in rounds[1:]]

        pin_to_first_core()
        with blackbox_exporter(url, PROBES_A_ROUND) as rival:
            ours = Contender(name="the whole way", measure=measure)
            yield Rivalry(contenders=(ours, rival), explain=explain)


BENCHMARK = Benchmark(
    name="whole-way",
    title="http checks leased, probed, recorded and committed, against probing alone, processor time",
    unit="checks/s",
    target=1.3,
    set_up=_set_up,
    rounds=3,
)
