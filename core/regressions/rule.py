"""The pure rule of regressions: a monitor that for a while takes longer to answer than it usually does.

What a region usually measures is the median of looks spread evenly over the policy's period before the last stretch.
The stretch is cut into three parts, and the median of each is compared: so one slow look says nothing, nor does a
spike that is shorter than the stretch's middle and half of each side.
"""

from __future__ import annotations

import enum
import statistics
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.ids import to_unix_ms
from core.incidents.changes import Condition, at_ms
from plugins.api.outcome import IncidentKind

STRETCH = timedelta(minutes=30)
# Rare looks make the stretch longer, so that each of its parts holds two.
INTERVALS_A_STRETCH = 6
FEWEST_RECENT_LOOKS = 5
FEWEST_USUAL_LOOKS = 30
# A median of so many is as good as one of all, and costs the same however often a monitor is looked at.
MOST_USUAL_LOOKS = 500
# Between four fifths of the threshold and the threshold nothing changes: an incident must not open and end in turns.
_CALM_SHARE = 0.8
# Less than this comes of the machine that looks.
_LEAST_MARGIN_US = 1_000.0


class Pace(enum.Enum):
    """How the last stretch of a region compares with what is usual there."""

    SLOWER = "slower"
    USUAL = "usual"
    NEITHER = "neither"


@dataclass(frozen=True, kw_only=True, slots=True)
class RegionPace:
    """What a region measured in the last stretch: the medians of its parts, None for one without a look.

    `usual_us` is what it usually measures, `since` its first look of the stretch.
    """

    region_id: int
    usual_us: float
    parts_us: tuple[float | None, ...]
    looks: int
    since: datetime

    def pace(self, threshold_percent: int) -> Pace:
        """Return SLOWER or USUAL if every part of the stretch says so."""
        parts = [part for part in self.parts_us if part is not None]
        if self.looks < FEWEST_RECENT_LOOKS or len(parts) < len(self.parts_us):
            return Pace.NEITHER
        margin = max(self.usual_us * threshold_percent / 100, _LEAST_MARGIN_US)
        if min(parts) > self.usual_us + margin:
            return Pace.SLOWER
        return Pace.USUAL if max(parts) <= self.usual_us + _CALM_SHARE * margin else Pace.NEITHER

    @property
    def recent_us(self) -> float:
        """What it measured in the stretch, in one figure."""
        return statistics.median(part for part in self.parts_us if part is not None)


@dataclass(frozen=True, kw_only=True, slots=True)
class Regression:
    """What the regions of a monitor that look at it say together; `detail` is why, where it became slower."""

    condition: Condition
    detail: str | None = None


def reach_regression(
    regions: Iterable[RegionPace], *, threshold_percent: int, regions_to_agree: int
) -> Regression | None:
    """Return whether the monitor is slower or as usual, None where the regions do not say.

    As many regions must see the slowness as must agree on a failure, at most those that say anything; fewer than
    that can be left for it to be over. It began, or ended, with the first look of the stretch of the last of them.
    """
    paces = [(region.pace(threshold_percent), region) for region in regions]
    slower = [region for pace, region in paces if pace is Pace.SLOWER]
    usual = [region for pace, region in paces if pace is Pace.USUAL]
    agree = min(regions_to_agree, len(paces))
    turning = len(paces) - agree + 1
    if paces and len(slower) >= agree:
        return Regression(condition=_present(slower, agree), detail=_detail(slower))
    return Regression(condition=_absent(usual, turning)) if len(usual) >= turning else None


def _present(slower: list[RegionPace], agree: int) -> Condition:
    return Condition(
        kind=IncidentKind.REGRESSION,
        is_present=True,
        is_absent=False,
        since=_nth(agree, slower),
        region_ids=tuple(sorted(region.region_id for region in slower)),
    )


def _absent(usual: list[RegionPace], turning: int) -> Condition:
    return Condition(
        kind=IncidentKind.REGRESSION,
        is_present=False,
        is_absent=True,
        since=_nth(turning, usual),
        end_message="as fast as usual again",
    )


def _nth(number: int, regions: Iterable[RegionPace]) -> datetime:
    since = sorted(region.since for region in regions)[number - 1]
    return at_ms(to_unix_ms(since))


def _detail(slower: list[RegionPace]) -> str:
    recent = statistics.fmean(region.recent_us for region in slower)
    usual = statistics.fmean(region.usual_us for region in slower)
    return f"{_milliseconds(recent)} instead of {_milliseconds(usual)}"


def _milliseconds(microseconds: float) -> str:
    milliseconds = microseconds / 1000
    return f"{milliseconds:,.0f} ms" if milliseconds >= 10 else f"{milliseconds:.1f} ms"  # noqa: PLR2004 (a digit)
