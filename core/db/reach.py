"""Says in the log that the database is away, and that it is back: once for a process, whoever notices."""

from __future__ import annotations

import time
from collections.abc import Callable

from core.log import get_logger

log = get_logger(__name__)

REMIND_EVERY_SECONDS = 60.0
# Connections are lost and made one by one: it is back when no one has failed for this long.
SETTLED_AFTER_SECONDS = 1.0


class Reach:
    """Whether the database can be reached, as far as this process knows. `monotonic` tells the time in seconds."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._lost_at: float | None = None
        self._failed_at = 0.0
        self._said_at = 0.0
        self._answered_at: float | None = None

    @property
    def is_lost(self) -> bool:
        """Whether the last that is known is a failure."""
        return self._lost_at is not None and self._answered_at is None

    def failed(self, error: BaseException) -> None:
        """Take note that the database was not reached; told at the first time, then once a minute."""
        now = self._monotonic()
        self._failed_at, self._answered_at = now, None
        cause = " ".join(str(error).split()) or type(error).__name__
        if self._lost_at is None:
            self._lost_at = self._said_at = now
            log.warning("database.unreachable", error=cause)
        elif now - self._said_at >= REMIND_EVERY_SECONDS:
            self._said_at = now
            log.warning("database.still_unreachable", seconds=round(now - self._lost_at, 1), error=cause)

    def answered(self) -> None:
        """Take note that the database did what it was asked."""
        if self._lost_at is None:
            return
        now = self._monotonic()
        if self._answered_at is None:
            self._answered_at = now
        if now - self._failed_at >= SETTLED_AFTER_SECONDS:
            log.info("database.reachable", away_seconds=round(self._answered_at - self._lost_at, 1))
            self._lost_at = self._answered_at = None
