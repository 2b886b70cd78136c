"""How long a monitor was in which status: exact to the millisecond, from its status intervals.

The faces' statement (read_statistics.sql) adds up the same for many monitors at a time; a test holds the two
together.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from core.monitors.status import MonitorStatus

_PARTS = {
    MonitorStatus.PENDING: "pending_ms",
    MonitorStatus.UP: "up_ms",
    MonitorStatus.DEGRADED: "degraded_ms",
    MonitorStatus.DOWN: "down_ms",
    MonitorStatus.UNKNOWN: "unknown_ms",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class StatusInterval:
    """A stretch of one status in Unix milliseconds; `to_ms` is None while it lasts."""

    from_ms: int
    to_ms: int | None
    status: MonitorStatus
    is_paused: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Uptime:
    """The parts of a window in milliseconds; their sum is the window's length."""

    up_ms: int = 0
    degraded_ms: int = 0
    down_ms: int = 0
    unknown_ms: int = 0
    maintenance_ms: int = 0
    paused_ms: int = 0
    pending_ms: int = 0

    @property
    def ratio(self) -> float | None:
        """Up and degraded time of all time known, 0 to 1; None if nothing is known."""
        return uptime_ratio(self.up_ms + self.degraded_ms, self.down_ms)


def uptime_ratio(available_ms: int, down_ms: int) -> float | None:
    """Return available time of all time known, 0 to 1; None if nothing is known."""
    known_ms = available_ms + down_ms
    return available_ms / known_ms if known_ms else None


def uptime_between(intervals: Iterable[StatusInterval], start_ms: int, end_ms: int) -> Uptime:
    """Return the parts of the window [start, end) in Unix milliseconds; an empty window has none.

    The intervals do not overlap. What none of them covers is unknown.
    """
    parts = {"unknown_ms": 0}
    covered_ms = 0
    for interval in intervals:
        to_ms = end_ms if interval.to_ms is None or interval.to_ms > end_ms else interval.to_ms
        from_ms = max(start_ms, interval.from_ms)
        if to_ms > from_ms:
            part = "paused_ms" if interval.is_paused else _PARTS[interval.status]
            parts[part] = parts.get(part, 0) + to_ms - from_ms
            covered_ms += to_ms - from_ms
    parts["unknown_ms"] += max(0, end_ms - start_ms) - covered_ms
    return Uptime(**parts)
