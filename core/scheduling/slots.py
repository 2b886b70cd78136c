"""Slots: when a monitor is due. Each has a grid of its own, so that equal intervals do not all fall together.

The statement that claims slots does the same in SQL; a test holds the two together.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

from core.ids import to_unix_ms

# A slot further off than this is not believed.
MOST_BEHIND = timedelta(hours=1)
MOST_AHEAD = timedelta(minutes=5)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_PHASE_BITS = 0xFFFF_FFFF


def phase_ms(monitor_id: UUID, interval_seconds: int) -> int:
    """Return how far the monitor's grid lies from the multiples of its interval: its random bits, folded."""
    return (monitor_id.int & _PHASE_BITS) % (interval_seconds * 1000)


def slot_at_or_before(monitor_id: UUID, interval_seconds: int, moment: datetime) -> datetime:
    """Return the last slot of the grid that is not after the moment."""
    phase, interval_ms = phase_ms(monitor_id, interval_seconds), interval_seconds * 1000
    unix_ms = to_unix_ms(moment)
    return _EPOCH + timedelta(milliseconds=unix_ms - (unix_ms - phase) % interval_ms)


def slot_after(monitor_id: UUID, interval_seconds: int, moment: datetime) -> datetime:
    """Return the first slot of the grid that is after the moment."""
    return slot_at_or_before(monitor_id, interval_seconds, moment) + timedelta(seconds=interval_seconds)


def claimed_slot(monitor_id: UUID, interval_seconds: int, due_at: datetime, now: datetime) -> datetime:
    """Return the slot that a claim at `now` takes: what was missed before the latest one is not made up for."""
    return max(due_at, slot_at_or_before(monitor_id, interval_seconds, now))


def recheck_at(slot: datetime, recheck_seconds: int) -> datetime:
    """Return when to look again after a failure that nothing has confirmed yet."""
    return slot + timedelta(seconds=recheck_seconds)


def believable_slot(slot: datetime, now: datetime) -> datetime:
    """Return the slot, held within what is believed at `now`."""
    return min(max(slot, now - MOST_BEHIND), now + MOST_AHEAD)
