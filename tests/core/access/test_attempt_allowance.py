"""A bucket takes so many attempts at once, and then one for each that has drained."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from core.access.attempt_allowance import AttemptAllowance, taken, wait_seconds

START = datetime(2026, 3, 1, tzinfo=UTC)
ALLOWANCES = st.builds(
    AttemptAllowance,
    at_once=st.integers(1, 20),
    drains_one_in=st.timedeltas(min_value=timedelta(seconds=1), max_value=timedelta(hours=1)),
)
PAUSES = st.lists(st.timedeltas(min_value=timedelta(0), max_value=timedelta(hours=2)), max_size=60)


@given(allowance=ALLOWANCES, pauses=PAUSES)
def test_no_time_admits_more_than_a_full_bucket_and_what_drained_in_it(
    allowance: AttemptAllowance, pauses: list[timedelta]
) -> None:
    now, drained_at, admitted = START, None, []
    for pause in pauses:
        now += pause
        after = taken(allowance, drained_at, now)
        if after is not None:
            drained_at = after
            admitted.append(now)

    for first, begun in enumerate(admitted):
        for count, at in enumerate(admitted[first:], start=1):
            assert count <= allowance.at_once + (at - begun) / allowance.drains_one_in + 1e-9


@given(allowance=ALLOWANCES, pauses=PAUSES)
def test_whoever_waits_as_told_is_admitted_and_nobody_before(
    allowance: AttemptAllowance, pauses: list[timedelta]
) -> None:
    now, drained_at = START, START
    for pause in pauses:
        now += pause
        after = taken(allowance, drained_at, now)
        wait = timedelta(seconds=wait_seconds(allowance, drained_at, now))
        assert (after is not None) == (wait == timedelta(0))
        assert taken(allowance, drained_at, now + wait) is not None
        drained_at = after or drained_at


def test_a_new_bucket_takes_exactly_as_many_as_it_holds() -> None:
    allowance, drained_at = AttemptAllowance(at_once=3, drains_one_in=timedelta(seconds=10)), None
    for _ in range(3):
        drained_at = taken(allowance, drained_at, START)
        assert drained_at is not None

    assert taken(allowance, drained_at, START) is None
    assert wait_seconds(allowance, drained_at or START, START) == 10
