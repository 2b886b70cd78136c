"""The pure rules of a heartbeat hold for every order of events."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.heartbeats.deadlines import (
    TOLERANCE,
    HeartbeatState,
    InboxPing,
    apply_pings,
    expect_nothing,
    is_missed,
    miss,
)
from core.heartbeats.ping import PingKind
from plugins.api.probe import Expectation, SignalKind

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
INTERVAL = timedelta(minutes=10)
GRACE = timedelta(minutes=1)
REPORTS = (PingKind.SUCCESS, PingKind.FAIL)


def _pings(steps: list[tuple[int, PingKind]]) -> list[InboxPing]:
    arrived_at = NOON
    pings = []
    for number, (wait_seconds, kind) in enumerate(steps):
        arrived_at += timedelta(seconds=wait_seconds)
        pings.append(InboxPing(id=UUID(int=number), arrived_at=arrived_at, kind=kind))
    return pings


pings_in_order = st.lists(
    st.tuples(st.integers(1, 2_000), st.sampled_from(PingKind)), min_size=1, max_size=12
).map(_pings)


def _expect(since: datetime) -> Expectation:
    return Expectation(due_at=since + INTERVAL, grace_seconds=int(GRACE.total_seconds()))


@given(pings=pings_in_order, cut=st.integers(0, 12))
def test_a_backlog_comes_to_the_same_in_one_run_or_in_two(pings: list[InboxPing], cut: int) -> None:
    open_until = pings[-1].arrived_at
    whole = apply_pings(HeartbeatState(), pings, expect=_expect, doors_open_until=open_until)
    first = apply_pings(HeartbeatState(), pings[:cut], expect=_expect, doors_open_until=open_until)
    second = apply_pings(first.state, pings[cut:], expect=_expect, doors_open_until=open_until)

    assert second.state == whole.state
    assert first.signals + second.signals == whole.signals
    assert first.durations_ms + second.durations_ms == whole.durations_ms


@given(pings=pings_in_order)
def test_signals_come_in_order_each_report_once_and_each_deadline_once(pings: list[InboxPing]) -> None:
    applied = apply_pings(HeartbeatState(), pings, expect=_expect, doors_open_until=pings[-1].arrived_at)

    moments = [signal.at for signal in applied.signals]
    assert moments == sorted(set(moments))
    heard = [signal.at for signal in applied.signals if signal.kind is not SignalKind.MISSED]
    assert heard == [ping.arrived_at for ping in pings if ping.kind in REPORTS]
    assert len(applied.durations_ms) == len(pings)


@given(pings=pings_in_order)
def test_a_deadline_is_missed_exactly_where_two_reports_are_too_far_apart(pings: list[InboxPing]) -> None:
    applied = apply_pings(HeartbeatState(), pings, expect=_expect, doors_open_until=pings[-1].arrived_at)

    missed = [signal.at for signal in applied.signals if signal.kind is SignalKind.MISSED]
    reports = [ping.arrived_at for ping in pings if ping.kind in REPORTS]
    first_start = next((ping.arrived_at for ping in pings if ping.kind is PingKind.START), None)
    bases = [first_start, *reports] if first_start and (not reports or first_start < reports[0]) else reports
    heard = [ping.arrived_at for ping in pings]
    expected = [
        base + INTERVAL + GRACE
        for base, following in itertools.pairwise([*bases, None])
        if any(
            at >= base + INTERVAL + GRACE + TOLERANCE and (following is None or at <= following)
            for at in heard
        )
    ]
    assert missed == expected


@given(pings=pings_in_order)
def test_a_paused_heartbeat_says_nothing_and_expects_nothing(pings: list[InboxPing]) -> None:
    applied = apply_pings(
        HeartbeatState(), pings, expect=_expect, doors_open_until=pings[-1].arrived_at, is_paused=True
    )

    assert applied.signals == ()
    assert applied.state.deadline_at is None
    assert applied.state.expected_by is None


@given(pings=pings_in_order, open_seconds=st.integers(0, 2_000))
def test_nothing_is_missed_beyond_the_time_of_open_doors(pings: list[InboxPing], open_seconds: int) -> None:
    open_until = NOON + timedelta(seconds=open_seconds)
    applied = apply_pings(HeartbeatState(), pings, expect=_expect, doors_open_until=open_until)

    missed = [signal.at for signal in applied.signals if signal.kind is SignalKind.MISSED]
    assert all(at + TOLERANCE <= open_until for at in missed)


def test_a_kind_that_expects_nothing_never_misses() -> None:
    pings = _pings([(1, PingKind.SUCCESS), (1_000_000, PingKind.SUCCESS)])
    applied = apply_pings(
        HeartbeatState(), pings, expect=expect_nothing, doors_open_until=pings[-1].arrived_at
    )

    assert [signal.kind for signal in applied.signals] == [SignalKind.SUCCESS, SignalKind.SUCCESS]
    assert not is_missed(applied.state, NOON + timedelta(days=100))
    with pytest.raises(ValueError, match="without a deadline"):
        miss(applied.state)
