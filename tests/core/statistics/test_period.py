"""The stretches of time that figures are about."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from core.statistics.period import Period, Window

NOW = datetime(2026, 11, 22, 10, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("period", "length"), [(Period.HOUR, timedelta(hours=1)), (Period.DAY, timedelta(days=1))]
)
def test_a_period_ends_now(period: Period, length: timedelta) -> None:
    window = period.window(NOW, NOW - timedelta(days=7))

    assert (window.end, window.end - window.start) == (NOW, length)


@pytest.mark.parametrize("period", Period)
def test_a_period_that_reaches_further_back_than_history_begins_with_that(period: Period) -> None:
    earliest = NOW - timedelta(minutes=20)

    assert period.window(NOW, earliest) == Window(start=earliest, end=NOW)
