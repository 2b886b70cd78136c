"""The pure verdict: what the opinions of all regions together say about a monitor."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from core.checks.region_state import RegionState
from core.monitors.status import MonitorStatus

_IMPAIRED = frozenset({MonitorStatus.DOWN, MonitorStatus.DEGRADED})
_KNOWN = frozenset({MonitorStatus.UP, *_IMPAIRED})


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """What is to be thought of a monitor, and since when.

    `since` is the start of the streak that made the status what it is, None for PENDING.
    `impaired_regions` are those whose opinion is DOWN or DEGRADED.
    `expiring_since`: an EXPIRY incident is asked for since then, or None; `unexpiring_since` the contrary.
    """

    status: MonitorStatus
    since: datetime | None = None
    impaired_regions: tuple[int, ...] = ()
    expiring_since: datetime | None = None
    unexpiring_since: datetime | None = None
    expiring_regions: tuple[int, ...] = ()

    def begun(self, not_before: datetime) -> Verdict:
        """Return the same with nothing begun before that moment."""

        def later(since: datetime | None) -> datetime | None:
            return None if since is None else max(since, not_before)

        return replace(
            self,
            since=later(self.since),
            expiring_since=later(self.expiring_since),
            unexpiring_since=later(self.unexpiring_since),
        )


def reach_verdict(
    regions: Mapping[int, RegionState], *, regions_to_agree: int, present: MonitorStatus
) -> Verdict:
    """Return the verdict over the states of the regions that take part, by their ids.

    `regions_to_agree` of them must hold an opinion before it counts: never more than take part.
    `present` is the monitor's status until now: what ends an outage began when fewer regions saw it.
    """
    if not regions:
        return Verdict(status=MonitorStatus.PENDING)
    agree = max(1, regions_to_agree)
    status = _status(list(regions.values()), agree)
    expiring = {region: state for region, state in regions.items() if state.is_expiring}
    is_expiring = len(expiring) >= agree
    is_looked_at = _count(regions.values(), _KNOWN) >= agree
    return Verdict(
        status=status,
        since=_since(list(regions.values()), agree, status, present),
        impaired_regions=tuple(sorted(r for r, state in regions.items() if state.opinion in _IMPAIRED)),
        expiring_since=_nth(agree, (_start(s, s.asking.since) for s in expiring.values()))
        if is_expiring
        else None,
        unexpiring_since=_last_flip(regions.values()) if is_looked_at and not is_expiring else None,
        expiring_regions=tuple(sorted(expiring)),
    )


def _status(states: list[RegionState], agree: int) -> MonitorStatus:
    if _count(states, _KNOWN) < agree:
        is_blind = _count(states, {MonitorStatus.UNKNOWN}) > 0
        return MonitorStatus.UNKNOWN if is_blind else MonitorStatus.PENDING
    if _count(states, {MonitorStatus.DOWN}) >= agree:
        return MonitorStatus.DOWN
    return MonitorStatus.DEGRADED if _count(states, _IMPAIRED) >= agree else MonitorStatus.UP


def _since(
    states: list[RegionState], agree: int, status: MonitorStatus, present: MonitorStatus
) -> datetime | None:
    """Return the k-th earliest start, where the k-th region is the one that turned the verdict."""
    known = [state for state in states if state.opinion in _KNOWN]
    turning = len(known) - agree + 1
    match status:
        case MonitorStatus.DOWN:
            down = [state for state in known if state.opinion is MonitorStatus.DOWN]
            return _nth(agree, (_start(state, state.down.since) for state in down))
        case MonitorStatus.UP | MonitorStatus.DEGRADED if present is MonitorStatus.DOWN:
            clear = [state for state in known if state.opinion is not MonitorStatus.DOWN]
            return _nth(turning, (_start(state, state.clear.since) for state in clear))
        case MonitorStatus.DEGRADED:
            impaired = [state for state in known if state.opinion in _IMPAIRED]
            return _nth(agree, (_start(state, state.impaired.since) for state in impaired))
        case MonitorStatus.UP:
            up = [state for state in known if state.opinion is MonitorStatus.UP]
            return _nth(turning, (_start(state, state.up.since) for state in up))
        case MonitorStatus.UNKNOWN:
            blind = [state for state in states if state.opinion is MonitorStatus.UNKNOWN]
            return max(
                state.last_slot if state.opinion_slot is None else state.opinion_slot for state in blind
            )
        case _:
            return None


def _count(states: Iterable[RegionState], opinions: Iterable[MonitorStatus]) -> int:
    return sum(state.opinion in opinions for state in states)


def _start(state: RegionState, streak_since: datetime | None) -> datetime:
    """Return the start of the streak, or of the opinion that outlives it."""
    return streak_since or state.opinion_slot or state.last_slot


def _nth(number: int, starts: Iterable[datetime]) -> datetime:
    return sorted(starts)[number - 1]


def _last_flip(states: Iterable[RegionState]) -> datetime:
    return max(state.opinion_slot or state.last_slot for state in states)
