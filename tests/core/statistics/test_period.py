"""The stretches of time that figures are about."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from core.statistics.period import Period

NOW = datetime(2026, 11, 22, 10, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("period", "length"), [(Period.HOUR, timedelta(hours=1)), (Period.DAY, timedelta(days=1))]
)
def test_a_period_ends_now(period: Period, length: timedelta) -> None:
    window = period.window(NOW)

    assert (window.end, window.end - window.start) == (NOW, length)
