"""When a message is sent again."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.deliveries.retry import FailedAttempt, next_attempt

START = datetime(2026, 11, 22, tzinfo=UTC)
patiences = st.none() | st.floats(allow_nan=True, allow_infinity=True)


def failed(**changes) -> FailedAttempt:
    return FailedAttempt(**{"attempts": 1, "owed_since": START, **changes})


@pytest.mark.parametrize(
    ("attempts", "least", "most"), [(1, 5, 10), (2, 10, 20), (5, 80, 160), (40, 1800, 3600)]
)
def test_the_delay_doubles_up_to_an_hour(attempts, least, most) -> None:
    assert next_attempt(failed(attempts=attempts), START, 0.0) == START + timedelta(seconds=least)
    assert next_attempt(failed(attempts=attempts), START, 1.0) == START + timedelta(seconds=most)


def test_what_a_notifier_calls_permanent_is_not_sent_again() -> None:
    assert next_attempt(failed(is_permanent=True), START, 0.5) is None


@pytest.mark.parametrize(
    ("wanted_seconds", "hours"), [(None, 24), (3600, 1), (0, 0), (-1, 0), (90_000, 24), (math.inf, 24)]
)
def test_it_is_tried_for_as_long_as_the_notifier_says_and_for_a_day_at_most(wanted_seconds, hours) -> None:
    end = START + timedelta(hours=hours)
    attempt = failed(attempts=30, retry_for_seconds=wanted_seconds)

    assert next_attempt(attempt, end, 0.0) is None
    if hours:
        assert next_attempt(attempt, end - timedelta(seconds=1), 0.0) == end


def test_a_service_that_says_when_to_come_back_is_not_asked_before() -> None:
    assert next_attempt(failed(retry_after_seconds=600), START, 0.0) == START + timedelta(minutes=10)
    assert next_attempt(failed(retry_after_seconds=1), START, 0.0) == START + timedelta(seconds=5)


@pytest.mark.parametrize("seconds", [90_000, math.inf])
def test_a_service_that_wants_to_be_asked_after_the_end_is_given_up(seconds) -> None:
    assert next_attempt(failed(retry_after_seconds=seconds), START, 0.0) is None


@given(
    st.integers(1, 10_000),
    st.floats(0, 200_000),
    patiences,
    st.none() | st.floats(allow_nan=True, allow_infinity=True),
    st.floats(0, 1),
)
def test_the_next_attempt_lies_ahead_and_within_the_day(attempts, age, patience, retry_after, jitter) -> None:
    now = START + timedelta(seconds=age)
    attempt = failed(attempts=attempts, retry_for_seconds=patience, retry_after_seconds=retry_after)

    due = next_attempt(attempt, now, jitter)

    assert due is None or now <= due <= START + timedelta(days=1)
