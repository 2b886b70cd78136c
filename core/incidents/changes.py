"""The pure rule from a verdict to what changes: the status, its interval, and the incidents.

OUTAGE, DEGRADED and EXPIRY are judged each by itself, and REGRESSION by a sweep of its own. A DEGRADED incident is open only while the monitor is
DEGRADED: when it goes DOWN the outage takes over, so that one fault is not told twice. UNKNOWN opens and
ends nothing: Tocsin has not looked. What was UNKNOWN for want of looks is taken back where they come in late.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from core.checks.finding import NO_REGION
from core.ids import to_unix_ms
from core.incidents.transition import Resolution, Severity
from core.incidents.verdict import Verdict
from core.monitors.status import MonitorStatus
from plugins.api.outcome import IncidentKind

SEVERITY_OF = {
    IncidentKind.OUTAGE: Severity.HIGH,
    IncidentKind.DEGRADED: Severity.MEDIUM,
    IncidentKind.EXPIRY: Severity.MEDIUM,
    IncidentKind.REGRESSION: Severity.LOW,
}

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SEEN = frozenset({MonitorStatus.UP, MonitorStatus.DEGRADED, MonitorStatus.DOWN})
_STATUS_OF = {IncidentKind.OUTAGE: MonitorStatus.DOWN, IncidentKind.DEGRADED: MonitorStatus.DEGRADED}


@dataclass(frozen=True, kw_only=True, slots=True)
class OpenIncident:
    """An incident that has not ended."""

    id: UUID
    kind: IncidentKind
    started_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Ground:
    """A status, and when its interval began in Unix milliseconds."""

    status: MonitorStatus
    from_ms: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """How a monitor stands before the judgement.

    `since_ms` is when its status began, `interval_from_ms` when its open interval did (later after a pause).
    `before`: of an UNKNOWN monitor, what it was until then, unless it was paused.
    `dismissed` are the kinds resolved by hand whose condition has not been absent since.
    """

    status: MonitorStatus
    since_ms: int
    interval_from_ms: int
    before: Ground | None = None
    open_incidents: tuple[OpenIncident, ...] = ()
    dismissed: frozenset[IncidentKind] = frozenset()


@dataclass(frozen=True, kw_only=True, slots=True)
class StatusChange:
    """One status ends and another begins at `from_ms`."""

    previous: MonitorStatus
    status: MonitorStatus
    from_ms: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Opening:
    """An incident to open."""

    kind: IncidentKind
    severity: Severity
    started_at: datetime
    region_ids: tuple[int, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Ending:
    """An incident to resolve."""

    incident: OpenIncident
    resolved_at: datetime
    resolution: Resolution
    message: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Changes:
    """All that a judgement changes; `dismissed` is what is dismissed from now on.

    `taken_back`: the open interval never was, and the one before it goes on. `statuses` follow each other after
    that: to UNKNOWN and from it in one judgement, where a look shows that there were none.
    """

    taken_back: Ground | None = None
    statuses: tuple[StatusChange, ...] = ()
    endings: tuple[Ending, ...] = ()
    openings: tuple[Opening, ...] = ()
    dismissed: frozenset[IncidentKind] = frozenset()

    @property
    def ground(self) -> Ground | None:
        """The status after all of it and since when, None if it stays."""
        if not self.statuses:
            return self.taken_back
        return Ground(status=self.statuses[-1].status, from_ms=self.statuses[-1].from_ms)


def decide(standing: Standing, verdict: Verdict) -> Changes:
    """Return what the verdict changes.

    A status begins with the streak that confirmed it, but never before the open interval, which is where the
    last UNKNOWN, pause or PENDING ended. An incident begins and ends with the status that it stands for.
    """
    taken_back = _taken_back(standing, verdict)
    ground = taken_back or Ground(status=standing.status, from_ms=standing.interval_from_ms)
    statuses = tuple(_status_changes(ground, verdict))
    status = statuses[-1].status if statuses else ground.status
    since = at_ms(
        statuses[-1].from_ms if statuses else taken_back.from_ms if taken_back else standing.since_ms
    )
    conditions = (*_status_conditions(verdict, status, since), _expiry_condition(verdict))
    return replace(settle(standing, conditions), taken_back=taken_back, statuses=statuses)


def settle(standing: Standing, conditions: Iterable[Condition]) -> Changes:
    """Return which incidents the conditions open and end; those of other kinds stay as they are."""
    open_by_kind = {incident.kind: incident for incident in standing.open_incidents}
    endings, openings = [], []
    dismissed = set(standing.dismissed)
    for condition in conditions:
        incident = open_by_kind.get(condition.kind)
        if condition.is_absent:
            dismissed.discard(condition.kind)
            endings += [_ending(incident, condition)] if incident else []
        elif condition.is_present and incident is None and condition.kind not in dismissed:
            openings.append(_opening(condition))
    return Changes(endings=tuple(endings), openings=tuple(openings), dismissed=frozenset(dismissed))


def at_ms(unix_ms: int) -> datetime:
    """Return the moment of Unix milliseconds, exactly."""
    return _EPOCH + timedelta(milliseconds=unix_ms)


def next_interval_start(interval_from_ms: int, wanted: datetime) -> int:
    """Return when the next interval begins, in Unix milliseconds: as wanted, but after the open one began."""
    return max(to_unix_ms(wanted), interval_from_ms + 1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Condition:
    """What an incident of a kind stands for: present, absent, or (both false) not looked at."""

    kind: IncidentKind
    is_present: bool
    is_absent: bool
    since: datetime
    region_ids: tuple[int, ...] = ()
    resolution: Resolution = Resolution.RECOVERED
    end_message: str = "recovered"


def _taken_back(standing: Standing, verdict: Verdict) -> Ground | None:
    """Return what goes on if the monitor was seen when it became UNKNOWN, as looks that came in late show."""
    if standing.status is not MonitorStatus.UNKNOWN or verdict.seen is None:
        return None
    return standing.before if verdict.seen.holds(at_ms(standing.interval_from_ms)) else None


def _status_changes(ground: Ground, verdict: Verdict) -> Iterator[StatusChange]:
    """Give the changes in order: to UNKNOWN where nobody looked, then to what the looks after that say.

    Where they do not suffice for a verdict (PENDING), it stays UNKNOWN.
    """
    begins, unseen = verdict.since, verdict.unseen
    if unseen is not None and unseen.until is not None:
        from_ms = next_interval_start(ground.from_ms, unseen.since)
        if ground.status is not MonitorStatus.UNKNOWN and from_ms < to_unix_ms(unseen.until):
            yield StatusChange(previous=ground.status, status=MonitorStatus.UNKNOWN, from_ms=from_ms)
            ground = Ground(status=MonitorStatus.UNKNOWN, from_ms=from_ms)
        if ground.status is MonitorStatus.UNKNOWN and begins is not None:
            begins = max(begins, unseen.until)
    if begins is not None and verdict.status is not ground.status:
        yield StatusChange(
            previous=ground.status,
            status=verdict.status,
            from_ms=next_interval_start(ground.from_ms, begins),
        )


def _status_conditions(verdict: Verdict, status: MonitorStatus, since: datetime) -> Iterator[Condition]:
    is_worse = status is MonitorStatus.DOWN
    for kind, condition_status in _STATUS_OF.items():
        yield Condition(
            kind=kind,
            is_present=status is condition_status,
            is_absent=status in _SEEN and status is not condition_status,
            since=since,
            region_ids=verdict.impaired_regions,
            resolution=Resolution.WORSENED if is_worse else Resolution.RECOVERED,
            end_message="the monitor went down" if is_worse else "recovered",
        )


def _expiry_condition(verdict: Verdict) -> Condition:
    since = verdict.expiring_since or verdict.unexpiring_since
    return Condition(
        kind=IncidentKind.EXPIRY,
        is_present=verdict.expiring_since is not None,
        is_absent=verdict.unexpiring_since is not None,
        since=since or _EPOCH,
        region_ids=verdict.expiring_regions,
        end_message="renewed",
    )


def _opening(condition: Condition) -> Opening:
    return Opening(
        kind=condition.kind,
        severity=SEVERITY_OF[condition.kind],
        started_at=condition.since,
        region_ids=tuple(region_id for region_id in condition.region_ids if region_id != NO_REGION),
    )


def _ending(incident: OpenIncident, condition: Condition) -> Ending:
    return Ending(
        incident=incident,
        resolved_at=max(condition.since, incident.started_at),
        resolution=condition.resolution,
        message=condition.end_message,
    )
