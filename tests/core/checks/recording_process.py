"""A process that records random looks and routes what they lead to, beside others that do the same.

Started by test_concurrent_recorders.py with one JSON argument; it prints what it submitted when all is recorded.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from core.alerting.engine import AlertEngine
from core.checks.finding import Finding
from core.checks.recorder import Recorder
from core.clock import MeasuredClock
from core.db.database import Database, PoolUse
from core.incidents.listeners import Listeners
from core.plugin_registry import registry_of
from plugins.api.outcome import CheckStatus, IncidentKind, Outcome
from plugins.notifiers import webhook

# What a look finds after what the look before it found: things mostly stay as they are.
AFTER = {
    CheckStatus.UP: "UUUUUUUUUUUUUUUUUUDDG?",
    CheckStatus.DEGRADED: "GGGGUUDD?",
    CheckStatus.DOWN: "DDDDDDDUUG?",
    CheckStatus.UNKNOWN: "??UUUD",
}
LETTERS = {"U": CheckStatus.UP, "G": CheckStatus.DEGRADED, "D": CheckStatus.DOWN, "?": CheckStatus.UNKNOWN}
CHUNK = 120


def looks(job: dict[str, Any], chance: random.Random) -> list[tuple[UUID, datetime, Outcome]]:
    """Return the looks of a region: some out of order, some late, some twice."""
    begin = datetime.fromisoformat(job["begin"])
    found = dict.fromkeys(job["monitors"], CheckStatus.UP)
    timed: list[tuple[float, UUID, datetime, Outcome]] = []
    for number in range(job["slots"]):
        for monitor in job["monitors"]:
            found[monitor] = LETTERS[chance.choice(AFTER[found[monitor]])]
            if chance.random() < 0.15:
                continue  # the other worker of the region, or nobody, has this slot
            kind = IncidentKind.EXPIRY if chance.random() < 0.05 else None
            message = None if found[monitor] is CheckStatus.UP else "nobody opens"
            outcome = Outcome(status=found[monitor], incident_kind=kind, message=message)
            lateness = chance.choice((0, 0, 0, 0, 0, 0, 1, 2, 10)) + chance.random()
            timed += [(number + lateness, UUID(monitor), begin + timedelta(seconds=20 * number), outcome)]
            if chance.random() < 0.05:
                timed.append((timed[-1][0] + chance.random() * 3, *timed[-1][1:]))
    return [look[1:] for look in sorted(timed, key=lambda look: look[0])]


async def record(job: dict[str, Any]) -> list[tuple[str, str]]:
    chance = random.Random(job["seed"])
    database = await Database.connect(job["dsn"], use=PoolUse.ENGINE, max_size=6)
    database.use_for_piccolo()
    clock = MeasuredClock()
    recording, routing = asyncio.Event(), asyncio.Event()
    engine = AlertEngine(database=database, registry=registry_of(webhook), clock=clock)
    recorder = Recorder(database=database, clock=clock, listeners=Listeners(on_transitions=engine.wakeup.set))
    tasks = [asyncio.create_task(recorder.run(recording)), asyncio.create_task(engine.run(routing))]
    all_looks = looks(job, chance)
    for start in range(0, len(all_looks), CHUNK):
        revisions = await _revisions(database)
        for monitor, slot, outcome in all_looks[start : start + CHUNK]:
            await recorder.submit(
                Finding(
                    monitor_id=monitor,
                    region_id=job["region_id"],
                    slot=slot,
                    checked_at=slot,
                    config_revision=revisions.get(monitor, 1),
                    outcome=outcome,
                )
            )
        await asyncio.sleep(chance.random() * 0.02)
    recording.set()
    await tasks[0]
    while await engine.step():
        pass
    routing.set()
    await tasks[1]
    await database.close()
    return [(str(monitor), slot.isoformat()) for monitor, slot, _ in all_looks]


async def _revisions(database: Database) -> dict[UUID, int]:
    """Return what a claim would say: the revision of each monitor that is there."""
    async with database.acquire() as connection:
        rows = await connection.fetch("SELECT id, config_revision FROM monitors WHERE deleted_at IS NULL")
    return {row["id"]: row["config_revision"] for row in rows}


if __name__ == "__main__":
    json.dump(asyncio.run(record(json.loads(sys.argv[1]))), sys.stdout)
