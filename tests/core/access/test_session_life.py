"""A session ends when it was not used for long, and in any case."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from core.access.session_life import ABSOLUTE, IDLE, expires_at, is_over

MADE = datetime(2026, 3, 1, tzinfo=UTC)
SPANS = st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=200))


@given(seen_after=SPANS, passed=SPANS)
def test_it_is_over_exactly_when_it_was_idle_or_old_for_too_long(
    seen_after: timedelta, passed: timedelta
) -> None:
    seen = MADE + seen_after
    now = seen + passed

    over = is_over(created_at=MADE, last_seen_at=seen, now=now)

    assert over == (passed >= IDLE or now - MADE >= ABSOLUTE)


@given(seen_after=SPANS, later=SPANS)
def test_use_never_ends_it_sooner_nor_prolongs_it_beyond_its_age(
    seen_after: timedelta, later: timedelta
) -> None:
    before = expires_at(created_at=MADE, last_seen_at=MADE + seen_after)
    after = expires_at(created_at=MADE, last_seen_at=MADE + seen_after + later)

    assert before <= after <= MADE + ABSOLUTE
