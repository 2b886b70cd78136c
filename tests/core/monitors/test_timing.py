"""How often a monitor is looked at, and how long a look may take."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.issues import Issues
from core.monitors.timing import Timing, TimingInput, active_timing, passive_timing
from core.unset import UNSET

STORED = Timing(interval_seconds=60, timeout_seconds=20)
numbers = st.one_of(st.none(), st.just(UNSET), st.integers(-(10**9), 10**9), st.integers(0, 400))


def active(interval=UNSET, timeout=UNSET, present=None) -> tuple[Timing, list[tuple[str, str]]]:
    issues = Issues()
    wanted = TimingInput(interval_seconds=interval, timeout_seconds=timeout)
    timing = active_timing(wanted, present, issues)
    return timing, [(issue.path[0], issue.rule) for issue in issues.found]


def test_the_defaults_are_those_of_the_contract() -> None:
    assert active() == (Timing(interval_seconds=300, timeout_seconds=30), [])


def test_a_short_interval_shortens_the_default_timeout() -> None:
    assert active(interval=5) == (Timing(interval_seconds=5, timeout_seconds=5), [])


def test_absent_is_unchanged_and_null_is_the_default() -> None:
    assert active(present=STORED) == (STORED, [])
    assert active(interval=None, timeout=None, present=STORED) == (
        Timing(interval_seconds=300, timeout_seconds=30),
        [],
    )


@pytest.mark.parametrize(
    ("interval", "timeout", "refused"),
    [
        (0, UNSET, [("intervalSeconds", "minimum")]),
        (-1, UNSET, [("intervalSeconds", "minimum")]),
        (4, UNSET, [("intervalSeconds", "minimum")]),
        (10**9, UNSET, [("intervalSeconds", "maximum")]),
        (UNSET, 0, [("timeoutSeconds", "minimum")]),
        (UNSET, 301, [("timeoutSeconds", "maximum")]),
        (60, 61, [("timeoutSeconds", "maximum")]),
        (0, 0, [("intervalSeconds", "minimum"), ("timeoutSeconds", "minimum")]),
        (0, 301, [("intervalSeconds", "minimum"), ("timeoutSeconds", "maximum")]),
        (86_400, 300, []),
    ],
)
def test_each_number_is_held_within_its_bounds(interval, timeout, refused) -> None:
    assert active(interval, timeout)[1] == refused


def test_an_interval_that_undercuts_the_stored_timeout_is_to_blame_itself() -> None:
    assert active(interval=10, present=STORED)[1] == [("intervalSeconds", "minimum")]


@given(numbers, numbers, st.none() | st.just(STORED))
def test_what_is_accepted_keeps_every_rule(interval, timeout, present) -> None:
    timing, refused = active(interval, timeout, present)

    if not refused:
        assert timing.interval_seconds is not None
        assert 5 <= timing.interval_seconds <= 86_400
        assert 1 <= timing.timeout_seconds <= min(300, timing.interval_seconds)


def test_a_passive_kind_says_itself_when_reports_are_expected() -> None:
    issues = Issues()
    wanted = TimingInput(interval_seconds=60, timeout_seconds=UNSET)

    timing = passive_timing(wanted, None, issues, expected_every_seconds=7)

    assert timing.interval_seconds == 7
    assert [issue.path for issue in issues.found] == [("intervalSeconds",)]
