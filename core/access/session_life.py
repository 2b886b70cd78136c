"""How long a session lasts."""

from __future__ import annotations

from datetime import datetime, timedelta

IDLE = timedelta(days=14)
ABSOLUTE = timedelta(days=90)


def expires_at(*, created_at: datetime, last_seen_at: datetime) -> datetime:
    """Return when a session ends unless it is used before: after two weeks without use, or three months in all."""
    return min(created_at + ABSOLUTE, last_seen_at + IDLE)


def is_over(*, created_at: datetime, last_seen_at: datetime, now: datetime) -> bool:
    """Return whether a session has expired."""
    return now >= expires_at(created_at=created_at, last_seen_at=last_seen_at)
