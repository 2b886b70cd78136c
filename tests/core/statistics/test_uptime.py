"""The parts of a window are exact, whatever the intervals."""

from __future__ import annotations

import dataclasses
import itertools

from hypothesis import given
from hypothesis import strategies as st

from core.monitors.status import MonitorStatus
from core.statistics.uptime import StatusInterval, Uptime, uptime_between

HORIZON_MS = 10_000


def total_ms(uptime: Uptime) -> int:
    return sum(getattr(uptime, field.name) for field in dataclasses.fields(uptime))


@st.composite
def chains(draw: st.DrawFn) -> list[StatusInterval]:
    """Intervals one after the other, with or without gaps, of which the last may still be open."""
    bounds = sorted(draw(st.sets(st.integers(0, HORIZON_MS), min_size=2, max_size=12)))
    pairs = list(itertools.pairwise(bounds))
    kept = draw(st.lists(st.sampled_from(pairs), unique=True, min_size=1))
    is_open = draw(st.booleans())
    return [
        StatusInterval(
            from_ms=start,
            to_ms=None if is_open and (start, end) == pairs[-1] else end,
            status=draw(st.sampled_from(MonitorStatus)),
            is_paused=draw(st.booleans()),
        )
        for start, end in sorted(kept)
    ]


moments = st.integers(-1_000, HORIZON_MS + 1_000)


@given(chains(), moments, moments)
def test_the_parts_sum_to_the_window_and_none_is_negative(intervals, one, other):
    start_ms, end_ms = sorted((one, other))

    uptime = uptime_between(intervals, start_ms, end_ms)

    assert total_ms(uptime) == end_ms - start_ms
    assert all(getattr(uptime, field.name) >= 0 for field in dataclasses.fields(uptime))
    assert uptime.ratio is None or 0 <= uptime.ratio <= 1


@given(chains(), moments, moments, moments)
def test_a_window_cut_in_two_has_the_parts_of_both_pieces(intervals, one, other, third):
    start_ms, cut_ms, end_ms = sorted((one, other, third))

    whole = uptime_between(intervals, start_ms, end_ms)
    pieces = uptime_between(intervals, start_ms, cut_ms), uptime_between(intervals, cut_ms, end_ms)

    for field in dataclasses.fields(whole):
        assert getattr(whole, field.name) == sum(getattr(piece, field.name) for piece in pieces)


@given(chains(), moments)
def test_each_millisecond_is_told_by_the_interval_that_holds_it(intervals, moment):
    uptime = uptime_between(intervals, moment, moment + 1)

    holding = [
        each for each in intervals if each.from_ms <= moment and (each.to_ms is None or moment < each.to_ms)
    ]
    expected = Uptime(unknown_ms=1)
    if holding:
        (only,) = holding
        part = "paused" if only.is_paused else only.status.name.lower()
        expected = Uptime(**{f"{part}_ms": 1})
    assert uptime == expected


def test_a_window_that_ends_before_it_begins_is_empty():
    assert uptime_between([], 5, 3) == Uptime()


def test_degraded_time_is_available_and_what_is_not_known_does_not_count():
    uptime = Uptime(up_ms=60, degraded_ms=20, down_ms=20, unknown_ms=500, paused_ms=70, pending_ms=3)

    assert uptime.ratio == 0.8
    assert Uptime(unknown_ms=1, paused_ms=1, pending_ms=1).ratio is None
