"""The pure rules of an hour's requests."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from core.usage.quota import HOUR, chunk, hour_of
from core.usage.usage_period import UsagePeriod

limits = st.integers(1, 1_000_000)


@given(limits, st.integers(0, 2_000_000))
def test_a_chunk_is_never_more_than_is_left_nor_than_a_fiftieth(limit: int, leased: int) -> None:
    granted = chunk(limit, leased)

    assert granted <= max(0, limit - leased)
    assert granted <= max(1, limit // 50)
    assert (granted == 0) == (leased >= limit)


@given(limits)
def test_chunks_add_up_to_the_limit_in_few_steps(limit: int) -> None:
    leased = steps = 0
    while granted := chunk(limit, leased):
        leased += granted
        steps += 1

    assert leased == limit
    assert steps <= min(limit, 200)


@given(st.datetimes(timezones=st.just(UTC)))
def test_an_hour_is_one_of_the_clock(now: datetime) -> None:
    hour = hour_of(now)

    assert (hour.minute, hour.second, hour.microsecond) == (0, 0, 0)
    assert hour <= now
    assert now - hour < HOUR


def test_a_day_and_less_are_known_by_the_minute() -> None:
    assert [period.is_by_minutes for period in UsagePeriod] == [True, True, False, False]
