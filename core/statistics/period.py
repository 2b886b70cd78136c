"""The lengths of time over which figures are given, each ending now."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, kw_only=True, slots=True)
class Window:
    """From after `start` up to and including `end`."""

    start: datetime
    end: datetime


class Period(enum.StrEnum):
    """Rolling, ending now: those over which lists of monitors give figures, each from its checks."""

    HOUR = "HOUR"
    DAY = "DAY"

    def window(self, now: datetime, earliest: datetime) -> Window:
        """Return the stretch of this length that ends now, as far as it does not begin before `earliest`."""
        return window_of(_LENGTHS[self], now, earliest)


def window_of(length: timedelta, now: datetime, earliest: datetime) -> Window:
    """Return the stretch of a length that ends now, as far as it does not begin before `earliest`."""
    return Window(start=max(now - length, earliest), end=now)


_LENGTHS = {Period.HOUR: timedelta(hours=1), Period.DAY: timedelta(days=1)}
