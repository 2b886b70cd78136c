"""T1: findings become checks, region states, verdicts, intervals and incidents, in the caller's transaction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from core.checks.coverage import TOLERANCE
from core.checks.finding import Finding
from core.db.database import Connection
from core.db.named_sql import named_sql
from core.ids import new_id_texts
from core.incidents.judgement import Hint, judge
from plugins.api.outcome import CheckStatus, IncidentKind, Timings

_SQL = named_sql("recorder")
_NO_TIMINGS = Timings(total_ms=0)
_LONGEST_US = 2**31 - 1
_LONGEST_MS = _LONGEST_US / 1000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Unconfirmed:
    """A failing streak that waits for its confirmation, and the slot of its last check."""

    monitor_id: UUID
    region_id: int
    slot: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Recorded:
    """What recording led to, for those who wait for it after the commit.

    `transitions` and `events` count the rows written.
    """

    unconfirmed: tuple[Unconfirmed, ...] = ()
    transitions: int = 0
    events: int = 0

    @property
    def changed(self) -> bool:
        """Whether anybody has to be woken."""
        return self.transitions > 0 or self.events > 0

    def __add__(self, other: Recorded) -> Recorded:
        return Recorded(
            unconfirmed=self.unconfirmed + other.unconfirmed,
            transitions=self.transitions + other.transitions,
            events=self.events + other.events,
        )


async def record_findings(connection: Connection, findings: Sequence[Finding], *, now: datetime) -> Recorded:
    """Record findings inside the caller's transaction, whose isolation is READ COMMITTED; say what they led to.

    Findings of one monitor and region are applied in the order of their slots. Repeated, late and outdated
    ones change no state; those of deleted monitors are dropped. Writers take their locks in the order region
    states, monitor states, incidents, counters: what the caller locks before must not be among these.
    """
    recorded = Recorded()
    for findings_of_round in rounds(findings):
        recorded += await _record_round(connection, findings_of_round, now)
    return recorded


def rounds(findings: Sequence[Finding]) -> Sequence[Sequence[Finding]]:
    """Split a batch so that no round has two findings of one monitor and region, earlier slots first."""
    if len({(finding.monitor_id, finding.region_id) for finding in findings}) == len(findings):
        return [findings] if findings else []
    split: list[list[Finding]] = []
    seen: Counter[tuple[UUID, int]] = Counter()
    for finding in sorted(findings, key=lambda finding: finding.slot):
        key = (finding.monitor_id, finding.region_id)
        if seen[key] == len(split):
            split.append([])
        split[seen[key]].append(finding)
        seen[key] += 1
    return split


async def _record_round(connection: Connection, findings: Sequence[Finding], now: datetime) -> Recorded:
    tolerance_seconds = round(TOLERANCE.total_seconds())
    rows = await connection.fetch(_SQL["record"], _found_checks(findings), now, tolerance_seconds)
    flipped = {(row["monitor_id"], row["region_id"]) for row in rows if row["flipped"]}
    await _store_details(connection, findings, flipped)
    await _keep_facts(connection, findings)
    unconfirmed = tuple(_unconfirmed(row) for row in rows if row["unconfirmed"])
    if not flipped:
        return Recorded(unconfirmed=unconfirmed)
    monitor_ids = {monitor_id for monitor_id, _ in flipped}
    hints = {
        finding.monitor_id: Hint(root_cause=finding.outcome.root_cause, detail=finding.outcome.message)
        for finding in findings
        if finding.monitor_id in monitor_ids and finding.outcome.status is not CheckStatus.UP
    }
    judged = await judge(connection, monitor_ids, now=now, hints=hints, by_looks=True)
    return Recorded(unconfirmed=unconfirmed, transitions=judged.transitions, events=judged.events)


def _unconfirmed(row: asyncpg.Record) -> Unconfirmed:
    return Unconfirmed(monitor_id=row["monitor_id"], region_id=row["region_id"], slot=row["slot"])


def _found_checks(findings: Sequence[Finding]) -> list[tuple[Any, ...]]:
    """Return the findings as the database's type `found_check`."""
    slots_us = [(finding.slot - _EPOCH) // _MICROSECOND for finding in findings]
    ids = new_id_texts([slot_us // 1000 for slot_us in slots_us])
    return list(map(_found_check, findings, slots_us, ids))


def _found_check(finding: Finding, slot_us: int, check_id: str) -> tuple[Any, ...]:
    """Return a row of the database's type `found_check`, in the order of its attributes."""
    outcome = finding.outcome
    timings = outcome.timings or _NO_TIMINGS
    return (
        finding.monitor_id,
        finding.region_id,
        slot_us,
        check_id,
        outcome.status,
        (finding.checked_at - _EPOCH) // _MICROSECOND,
        finding.config_revision,
        outcome.incident_kind is IncidentKind.EXPIRY,
        _microseconds(outcome.response_time_ms),
        _microseconds(timings.dns_ms),
        _microseconds(timings.connect_ms),
        _microseconds(timings.tls_ms),
        _microseconds(timings.first_byte_ms),
        _microseconds(timings.transfer_ms),
        outcome.status_code,
        outcome.message,
    )


def _microseconds(milliseconds: float | None) -> int | None:
    if milliseconds is None:
        return None
    return round(milliseconds * 1000) if milliseconds < _LONGEST_MS else _LONGEST_US


async def _store_details(
    connection: Connection, findings: Sequence[Finding], flipped: set[tuple[UUID, int]]
) -> None:
    telling = [
        finding
        for finding in findings
        if (finding.outcome.evidence is not None or finding.outcome.assertions)
        and (
            finding.outcome.status is not CheckStatus.UP or (finding.monitor_id, finding.region_id) in flipped
        )
    ]
    if telling:
        await connection.execute(
            _SQL["store_details"],
            [finding.monitor_id for finding in telling],
            [finding.slot for finding in telling],
            [finding.region_id for finding in telling],
            [finding.checked_at for finding in telling],
            [_json(finding.outcome.assertions) for finding in telling],
            [_json(finding.outcome.evidence) for finding in telling],
        )


async def _keep_facts(connection: Connection, findings: Sequence[Finding]) -> None:
    knowing = [finding for finding in findings if finding.outcome.facts is not None]
    if knowing:
        await connection.execute(
            _SQL["keep_facts"],
            [finding.monitor_id for finding in knowing],
            [finding.region_id for finding in knowing],
            [finding.slot for finding in knowing],
            [_json(finding.outcome.facts) for finding in knowing],
        )


def _json(value: Any) -> str | None:
    """Return JSON text: in an array of jsonb a list would be taken for a dimension of the array."""
    return None if value is None else msgspec.json.encode(value).decode()
