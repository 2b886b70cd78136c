"""What the clocks say of time that this process did not live through."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.blindness.machine_clocks import read_clocks
from core.blindness.standstill import (
    JUMP_SECONDS,
    STALL_SECONDS,
    Cause,
    Reading,
    Standstill,
    standstill_between,
    time_lost,
)

BEFORE = Reading(monotonic=1_000.0, boot=5_000.0, wall=1.8e9)
SECONDS = st.floats(0, 1e6)


def after(passed: float, *, slept: float = 0.0, jumped: float = 0.0) -> Reading:
    return Reading(
        monotonic=BEFORE.monotonic + passed,
        boot=BEFORE.boot + passed + slept,
        wall=BEFORE.wall + passed + slept + jumped,
    )


@pytest.mark.parametrize(
    ("reading", "cause", "reason", "shakes"),
    [
        (after(0.3), Cause.STALL, "this process stood still for 0.3 s", False),
        (after(61.24), Cause.STALL, "this process stood still for 61.2 s", True),
        (after(0.05, slept=3600), Cause.SUSPEND, "this machine was suspended for 3600 s", True),
        (after(0.05, jumped=-3.5), Cause.CLOCK_JUMP, "the clock of this machine jumped by -3.5 s", True),
        (after(0.05, jumped=3600), Cause.CLOCK_JUMP, "the clock of this machine jumped by +3600.0 s", True),
    ],
)
def test_lost_time_has_a_cause_that_people_understand(
    reading: Reading, cause: Cause, reason: str, shakes: bool
) -> None:
    found = standstill_between(BEFORE, reading)

    assert found is not None
    assert (found.cause, found.reason, found.shakes_clocks) == (cause, reason, shakes)


@given(st.floats(0, STALL_SECONDS - 0.01), st.floats(-JUMP_SECONDS + 0.01, JUMP_SECONDS - 0.01))
def test_a_loop_that_runs_and_a_clock_that_is_corrected_lose_nothing(passed: float, jumped: float) -> None:
    assert standstill_between(BEFORE, after(passed, jumped=jumped)) is None


@given(st.floats(STALL_SECONDS + 0.001, 1e6), SECONDS, st.floats(-1e6, 1e6))
def test_a_gap_is_never_overlooked_whatever_else_happened(passed: float, slept: float, jumped: float) -> None:
    assert standstill_between(BEFORE, after(passed, slept=slept, jumped=jumped)) is not None


@given(SECONDS)
def test_time_that_all_clocks_agree_on_is_not_lost_however_long(passed: float) -> None:
    assert time_lost(BEFORE, after(passed)) is None


@given(SECONDS, st.floats(STALL_SECONDS + 0.001, 1e6))
def test_a_sleep_is_told_by_its_length(passed: float, slept: float) -> None:
    found = time_lost(BEFORE, after(passed, slept=slept))

    assert found == Standstill(cause=Cause.SUSPEND, seconds=pytest.approx(slept, abs=1e-4))


def test_the_clocks_of_this_machine_only_go_forward() -> None:
    first, second = read_clocks(), read_clocks()

    assert second.monotonic >= first.monotonic
    assert second.boot >= first.boot
    assert time_lost(first, replace(second, wall=first.wall)) is None
