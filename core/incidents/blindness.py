"""The pure rules of blindness: when a region saw nothing, and when too few regions saw anything.

A region is blind from the end of its coverage, and while it has no opinion after that. See core/checks/coverage.py.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from core.checks.region_state import RegionState
from core.monitors.status import MonitorStatus

_KNOWN = frozenset({MonitorStatus.UP, MonitorStatus.DEGRADED, MonitorStatus.DOWN})


@dataclass(frozen=True, kw_only=True, slots=True)
class Stretch:
    """The time from `since` up to `until`, None while it lasts."""

    since: datetime
    until: datetime | None = None

    def holds(self, moment: datetime) -> bool:
        """Return whether the moment lies within."""
        return self.since <= moment and (self.until is None or moment < self.until)


def blindness(state: RegionState, as_of: datetime) -> Stretch | None:
    """Return since when the region is blind, or was until its last look; None if it saw before that too.

    Its coverage ends by itself: it is blind if that was before `as_of`, or if the sweep has said so.
    """
    if state.opinion is MonitorStatus.UNKNOWN:
        return Stretch(since=state.blind_from or state.opinion_slot or state.last_slot)
    until = state.covered_until
    if until is not None and (until <= as_of or until == state.blind_from):
        return Stretch(since=until)
    if state.blind_from is not None:
        return Stretch(since=state.blind_from, until=state.last_slot)
    return None


def sight(state: RegionState) -> Stretch | None:
    """Return the time in which the region had its opinion, for certain; None if it has none."""
    if state.opinion not in _KNOWN or state.opinion_slot is None:
        return None
    return Stretch(since=state.opinion_slot, until=state.covered_until)


def shared(stretches: Iterable[Stretch], at_least: int) -> Stretch | None:
    """Return the last stretch of time that lies within that many of the given ones."""
    turns: Counter[datetime] = Counter()
    for stretch in stretches:
        turns[stretch.since] += 1
        if stretch.until is not None:
            turns[stretch.until] -= 1
    since: datetime | None = None
    found: Stretch | None = None
    count = 0
    for moment in sorted(turns):
        count += turns[moment]
        if since is None and count >= at_least:
            since, found = moment, Stretch(since=moment)
        elif since is not None and count < at_least:
            found = Stretch(since=since, until=moment)
            since = None
    return found
