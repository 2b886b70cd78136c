"""How long a child that died is waited for."""

from __future__ import annotations

import itertools

from core.supervision.backoff import next_delay


def test_a_child_that_dies_at_once_is_waited_for_ever_longer_within_bounds() -> None:
    delays = list(itertools.accumulate(range(12), lambda delay, _: next_delay(delay, 0.1), initial=0.0))[1:]

    assert delays[0] < 1
    assert delays == sorted(delays)
    assert delays[-1] == delays[-2] == 10.0


def test_a_steady_life_is_forgiven() -> None:
    assert next_delay(10.0, 31.0) == next_delay(0.0, 0.1)
