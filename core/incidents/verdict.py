"""The pure verdict: what the opinions of all regions together say about a monitor."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from core.checks.region_state import RegionState
from core.incidents.blindness import Stretch, blindness, shared, sight
from core.monitors.status import MonitorStatus

_IMPAIRED = frozenset({MonitorStatus.DOWN, MonitorStatus.DEGRADED})
_UNKNOWN = MonitorStatus.UNKNOWN
_KNOWN = frozenset({MonitorStatus.UP, *_IMPAIRED})


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """What is to be thought of a monitor, and since when.

    `since` is the start of the streak that made the status what it is, None for PENDING.
    `impaired_regions` are those whose opinion is DOWN or DEGRADED.
    `unseen`: the time in which too few regions saw anything, where the last looks ended it. `seen`: one in which
    enough did for certain, whatever was thought meanwhile.
    `expiring_since`: an EXPIRY incident is asked for since then, or None; `unexpiring_since` the contrary.
    """

    status: MonitorStatus
    since: datetime | None = None
    impaired_regions: tuple[int, ...] = ()
    unseen: Stretch | None = None
    seen: Stretch | None = None
    expiring_since: datetime | None = None
    unexpiring_since: datetime | None = None
    expiring_regions: tuple[int, ...] = ()

    def of_the_present(self) -> Verdict:
        """Return the same without what only a look says: what was before it."""
        return replace(self, unseen=None, seen=None)

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
    regions: Mapping[int, RegionState],
    *,
    regions_to_agree: int,
    present: MonitorStatus,
    as_of: datetime | None = None,
) -> Verdict:
    """Return the verdict over the states of the regions that take part, by their ids.

    `regions_to_agree` of them must see and hold an opinion before it counts: never more than take part.
    `present` is the monitor's status until now: what ends an outage began when fewer regions saw it.
    Coverage that ended before `as_of` has ended; None is the moment of the latest look.
    """
    if not regions:
        return Verdict(status=MonitorStatus.PENDING)
    agree = max(1, regions_to_agree)
    moment = as_of or max(state.last_slot for state in regions.values())
    view = _view(regions, agree, moment)
    status = _status(view, agree)
    expiring = {region: state for region, state in regions.items() if state.is_expiring}
    is_expiring = len(expiring) >= agree
    is_looked_at = _count(view.seeing.values(), _KNOWN) >= agree
    return Verdict(
        status=status,
        since=_since(view, agree, status, present),
        impaired_regions=tuple(sorted(r for r, state in view.seeing.items() if state.opinion in _IMPAIRED)),
        unseen=view.unseen if view.unseen and view.unseen.until else None,
        seen=shared(filter(None, map(sight, regions.values())), agree),
        expiring_since=_nth(agree, (_start(s, s.asking.since) for s in expiring.values()))
        if is_expiring
        else None,
        unexpiring_since=_last_flip(regions.values()) if is_looked_at and not is_expiring else None,
        expiring_regions=tuple(sorted(expiring)),
    )


def nobody_looks(regions: Collection[RegionState], *, as_of: datetime) -> Verdict:
    """Return the verdict on a monitor none of whose regions takes part: UNKNOWN once their last looks reach no more.

    Until then nothing is thought that was not thought before, whatever is still recorded.
    """
    promised = [state for state in regions if state.covered_until is not None]
    stretches = [blindness(state, as_of) for state in promised]
    blind = [stretch.since for stretch in stretches if stretch and stretch.until is None]
    if not blind or len(blind) < len(promised):
        return Verdict(status=MonitorStatus.PENDING)
    return Verdict(status=MonitorStatus.UNKNOWN, since=max(blind))


@dataclass(frozen=True, kw_only=True, slots=True)
class _View:
    """The regions that see, since when others do not, and the last time in which too many did not."""

    seeing: Mapping[int, RegionState]
    blind_since: tuple[datetime, ...]
    unseen: Stretch | None


def _view(regions: Mapping[int, RegionState], agree: int, as_of: datetime) -> _View:
    stretches = {region: stretch for region, state in regions.items() if (stretch := blindness(state, as_of))}
    blind = {region: stretch.since for region, stretch in stretches.items() if stretch.until is None}
    return _View(
        seeing={region: state for region, state in regions.items() if region not in blind},
        blind_since=tuple(blind.values()),
        unseen=shared(stretches.values(), max(1, len(regions) - agree + 1)),
    )


def _status(view: _View, agree: int) -> MonitorStatus:
    states = view.seeing.values()
    if _count(states, _KNOWN) < agree:
        return MonitorStatus.UNKNOWN if view.blind_since else MonitorStatus.PENDING
    if _count(states, {MonitorStatus.DOWN}) >= agree:
        return MonitorStatus.DOWN
    return MonitorStatus.DEGRADED if _count(states, _IMPAIRED) >= agree else MonitorStatus.UP


def _since(view: _View, agree: int, status: MonitorStatus, present: MonitorStatus) -> datetime | None:
    """Return the k-th earliest start, where the k-th region is the one that turned the verdict."""
    known = [state for state in view.seeing.values() if state.opinion in _KNOWN]
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
            since = _nth(turning, (_start(state, state.up.since) for state in up))
            return max(since, _nth(agree, map(_seen_since, known))) if present is _UNKNOWN else since
        case MonitorStatus.UNKNOWN:
            unseen = view.unseen
            return unseen.since if unseen and unseen.until is None else max(view.blind_since)
        case _:
            return None


def _count(states: Iterable[RegionState], opinions: Iterable[MonitorStatus]) -> int:
    return sum(state.opinion in opinions for state in states)


def _start(state: RegionState, streak_since: datetime | None) -> datetime:
    """Return the start of the streak, or of the opinion that outlives it."""
    return streak_since or state.opinion_slot or state.last_slot


def _seen_since(state: RegionState) -> datetime:
    """Return the start of the looks that saw the same, up or not: what was UNKNOWN ends when enough regions see."""
    return _start(state, state.clear.since or state.down.since)


def _nth(number: int, starts: Iterable[datetime]) -> datetime:
    return sorted(starts)[number - 1]


def _last_flip(states: Iterable[RegionState]) -> datetime:
    return max(state.opinion_slot or state.last_slot for state in states)
