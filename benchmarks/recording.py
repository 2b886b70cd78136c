"""The recorder alone: outcomes a second that one worker commits, of which one in a hundred changes a state.

The processor time of the worker and of PostgreSQL is counted, so that the figure is that of one whole core.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import random
import time
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from benchmarks.durable_postgres import DurablePostgres, running_postgres
from benchmarks.harness import Benchmark, Contender, Rivalry, pin_to_first_core
from benchmarks.processor_time import seconds_of_family
from benchmarks.watched_monitors import make_monitors
from core.checks.finding import Finding
from core.checks.recorder import Recorder
from core.clock import MeasuredClock
from core.db.database import Database, PoolUse
from plugins.api.outcome import Assertion, CheckStatus, Outcome, RootCause, Timings

MONITORS = 20_000
# The monitors' interval is longer than a lap, so that no look comes so late that it would begin anew.
INTERVAL_SECONDS = 240
LAP_SECONDS = 20
REGION_ID = 1
LIMIT = 20_000
# In each lap so many fail for the first time, as many for the second, which opens an incident, and as many
# recover, which resolves one: one outcome in a hundred changes a state.
FAILING = MONITORS // 200

_LAP = timedelta(seconds=LAP_SECONDS)
_TIMINGS = Timings(total_ms=41.2, connect_ms=1.7, first_byte_ms=37.4, transfer_ms=2.1)
_EXPECTED = "200-299"


class _Laps:
    """Laps over all monitors, one after the other, over connections that last, as a worker's do."""

    def __init__(self, server: DurablePostgres, runner: asyncio.Runner) -> None:
        self._server = server
        self._runner = runner
        self._database = runner.run(Database.connect(server.url, use=PoolUse.ENGINE))
        self._monitors = runner.run(_monitors_as_due(self._database))
        self._next = 0
        self._ended = MeasuredClock().now()
        self._shares: list[str] = []

    def measure(self) -> float:
        """Record one lap; return outcomes a second of processor time."""
        findings = self._findings()
        self._next += 1
        gc.collect()
        gc.freeze()
        ours, theirs = self._runner.run(self._record(findings))
        self._shares.append(f"worker {ours / MONITORS * 1e6:.1f} + database {theirs / MONITORS * 1e6:.1f}")
        return MONITORS / (ours + theirs)

    def close(self) -> None:
        """Give the connections back."""
        self._runner.run(self._database.close())

    def explain(self) -> Sequence[str]:
        """Say how the time was shared in each lap that counted."""
        return [f"  µs an outcome: {share}" for share in self._shares[-BENCHMARK.rounds :]]

    async def _record(self, findings: Sequence[Finding]) -> tuple[float, float]:
        recorder = Recorder(database=self._database, clock=MeasuredClock())
        ours, theirs = time.process_time(), seconds_of_family(self._server.pid)
        ending = asyncio.Event()
        running = asyncio.ensure_future(recorder.run(ending))
        for finding in findings:
            await recorder.submit(finding)
        ending.set()
        await running
        return time.process_time() - ours, seconds_of_family(self._server.pid) - theirs

    def _findings(self) -> list[Finding]:
        began = self._ended = max(self._ended, MeasuredClock().now())
        self._ended += _LAP
        spread = _LAP / MONITORS
        return [
            _finding(monitor_id, began + place * spread, _outcome(self._is_failing(place)))
            for place, monitor_id in enumerate(self._monitors)
        ]

    def _is_failing(self, place: int) -> bool:
        """Say whether a monitor's two failing laps are this one and the one before or after it."""
        group = place // FAILING
        return self._next > 0 and group in (self._next, self._next - 1)


def _finding(monitor_id: UUID, slot: datetime, outcome: Outcome) -> Finding:
    return Finding(
        monitor_id=monitor_id,
        region_id=REGION_ID,
        slot=slot,
        checked_at=slot + timedelta(milliseconds=1),
        config_revision=1,
        outcome=outcome,
    )


def _outcome(is_failing: bool) -> Outcome:
    """Return what the http probe would."""
    status_code = 503 if is_failing else 200
    return Outcome(
        status=CheckStatus.DOWN if is_failing else CheckStatus.UP,
        message="answered with HTTP 503 Service Unavailable, expected 200-299" if is_failing else None,
        response_time_ms=_TIMINGS.total_ms,
        timings=_TIMINGS,
        status_code=status_code,
        assertions=(
            Assertion(name="status", passed=not is_failing, expected=_EXPECTED, actual=str(status_code)),
        ),
        evidence={"status": status_code, "body": "busy" * 100} if is_failing else None,
        root_cause=RootCause.SERVER_ERROR if is_failing else None,
    )


async def _monitors_as_due(database: Database) -> Sequence[UUID]:
    """Return the monitors as a worker gets to know them, in the order of their grids: any."""
    async with database.acquire() as connection:
        ids = [row["id"] for row in await connection.fetch("SELECT id FROM monitors")]
    random.Random(1).shuffle(ids)
    return ids


@contextlib.contextmanager
def _set_up() -> Iterator[Rivalry]:
    with running_postgres() as server, asyncio.Runner() as runner:
        pin_to_first_core()
        asyncio.run(
            make_monitors(server.url, MONITORS, kind="http", config={}, interval_seconds=INTERVAL_SECONDS)
        )
        with contextlib.closing(_Laps(server, runner)) as laps:
            laps.measure()  # all from PENDING to UP, which happens once
            yield Rivalry(
                contenders=(Contender(name="recorder", measure=laps.measure),),
                limit=LIMIT,
                explain=laps.explain,
            )


BENCHMARK = Benchmark(
    name="recording",
    title=f"outcomes committed, {MONITORS} monitors, 1 % changing state, processor time of worker and database",
    unit="outcomes/s",
    target=1.0,
    set_up=_set_up,
)
