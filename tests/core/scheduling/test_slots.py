"""Slots on a grid of each monitor's own."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from core.scheduling.slots import (
    MOST_AHEAD,
    MOST_BEHIND,
    believable_slot,
    claimed_slot,
    phase_ms,
    recheck_at,
    slot_after,
    slot_at_or_before,
)

MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 (hypothesis wants them naive)
INTERVALS = st.integers(1, 86_400)
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


@given(st.uuids(), INTERVALS, MOMENTS)
def test_the_slots_around_a_moment_are_an_interval_apart(
    monitor_id: uuid.UUID, interval: int, moment: datetime
) -> None:
    before, after = slot_at_or_before(monitor_id, interval, moment), slot_after(monitor_id, interval, moment)

    assert before <= moment < after
    assert after - before == timedelta(seconds=interval)
    assert slot_at_or_before(monitor_id, interval, before) == before


@given(st.uuids(), INTERVALS, MOMENTS, st.integers(0, 1000))
def test_the_grid_is_the_same_for_ever(
    monitor_id: uuid.UUID, interval: int, moment: datetime, laps: int
) -> None:
    later = moment + timedelta(seconds=laps * interval)

    assert (
        slot_after(monitor_id, interval, later) - slot_after(monitor_id, interval, moment) == later - moment
    )


def test_phases_are_spread_over_the_interval() -> None:
    tenths = [0] * 10
    for _ in range(2000):
        tenths[phase_ms(uuid.uuid4(), 60) // 6000] += 1

    assert min(tenths) > 100


@given(st.uuids(), INTERVALS, MOMENTS, st.integers(0, 10**6))
def test_a_claim_after_a_long_absence_takes_the_latest_slot_only(
    monitor_id: uuid.UUID, interval: int, due_at: datetime, late_seconds: int
) -> None:
    now = due_at + timedelta(seconds=late_seconds)

    slot = claimed_slot(monitor_id, interval, due_at, now)

    assert due_at <= slot <= now
    assert now - slot < timedelta(seconds=interval) or slot == due_at


def test_a_slot_is_believed_only_near_the_present() -> None:
    assert believable_slot(NOW, NOW) is NOW
    assert believable_slot(NOW - timedelta(days=1), NOW) == NOW - MOST_BEHIND
    assert believable_slot(NOW + timedelta(days=1), NOW) == NOW + MOST_AHEAD


def test_a_recheck_follows_its_slot() -> None:
    assert recheck_at(NOW, 20) == NOW + timedelta(seconds=20)
