"""How far a look reaches."""

from __future__ import annotations

from datetime import timedelta

from core.checks.coverage import reach


def test_a_look_reaches_until_the_next_one_should_be_stored() -> None:
    assert reach(interval_seconds=60, timeout_seconds=10) == timedelta(seconds=75)
