"""The rule of regressions, by itself."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.regressions.rule import FEWEST_RECENT_LOOKS, Pace, RegionPace, Regression, reach_regression

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)
MS = 1_000.0


def region(*parts_ms: float | None, number: int = 1, usual_ms: float = 100, looks: int = 30) -> RegionPace:
    return RegionPace(
        region_id=number,
        usual_us=usual_ms * MS,
        parts_us=tuple(None if part is None else part * MS for part in parts_ms),
        looks=looks,
        since=NOON + timedelta(seconds=number),
    )


def reach(*regions: RegionPace, threshold: int = 50, agree: int = 1) -> Regression | None:
    return reach_regression(regions, threshold_percent=threshold, regions_to_agree=agree)


@pytest.mark.parametrize(
    ("parts", "pace"),
    [
        ((151, 151, 151), Pace.SLOWER),
        ((150, 151, 151), Pace.NEITHER),
        ((900, 100, 900), Pace.NEITHER),
        ((100, 900, 100), Pace.NEITHER),
        ((141, 141, 141), Pace.NEITHER),
        ((140, 140, 140), Pace.USUAL),
        ((1, 1, 1), Pace.USUAL),
        ((None, 900, 900), Pace.NEITHER),
        ((None, None, None), Pace.NEITHER),
        ((100, 100, None), Pace.NEITHER),
    ],
)
def test_every_part_of_the_stretch_must_say_the_same(parts: tuple[float | None, ...], pace: Pace) -> None:
    assert region(*parts).pace(50) is pace


def test_less_than_a_millisecond_is_no_difference() -> None:
    assert region(1, 1, 1, usual_ms=0).pace(25) is Pace.NEITHER
    assert region(0.8, 0.8, 0.8, usual_ms=0).pace(25) is Pace.USUAL
    assert region(1.5, 1.5, 1.5, usual_ms=0.4).pace(25) is Pace.SLOWER


def test_few_looks_say_nothing() -> None:
    few = region(900, 900, 900, looks=FEWEST_RECENT_LOOKS - 1)

    assert few.pace(50) is Pace.NEITHER
    assert reach(few) is None
    assert reach() is None


def test_a_regression_says_since_when_where_and_how_much() -> None:
    found = reach(region(300, 320, 310, number=3), region(80, 90, 85, number=2, usual_ms=4.2))

    assert found is not None
    condition = found.condition
    assert (condition.is_present, condition.is_absent) == (True, False)
    assert (condition.since, condition.region_ids) == (NOON + timedelta(seconds=2), (2, 3))
    assert found.detail == "198 ms instead of 52 ms"
    fast = reach(region(9, 9.5, 9, usual_ms=4.2))
    assert fast is not None
    assert fast.detail == "9.0 ms instead of 4.2 ms"


@pytest.mark.parametrize(
    ("slower", "usual", "agree", "verdict"),
    [
        (1, 2, 1, "present"),
        (1, 2, 2, "absent"),
        (2, 1, 2, "present"),
        (1, 0, 3, "present"),
        (0, 3, 3, "absent"),
        (2, 1, 3, "absent"),
        (0, 1, 1, "absent"),
    ],
)
def test_regions_agree_on_a_regression_as_on_a_failure(
    slower: int, usual: int, agree: int, verdict: str
) -> None:
    regions = [region(900, 900, 900, number=number) for number in range(slower)]
    regions += [region(100, 100, 100, number=10 + number) for number in range(usual)]

    found = reach(*regions, agree=agree)

    assert found is not None
    assert found.condition.is_present is (verdict == "present")
    assert found.condition.is_absent is (verdict == "absent")


def test_regions_that_do_not_say_leave_it_open() -> None:
    between = region(145, 145, 145, number=2)

    assert reach(region(100, 100, 100), between, agree=1) is None
    assert reach(region(900, 900, 900), between, agree=2) is None


paces = st.builds(
    lambda number, usual, parts, looks: region(*parts, number=number, usual_ms=usual, looks=looks),
    st.integers(1, 9),
    st.floats(0.1, 10_000),
    st.tuples(*[st.none() | st.floats(0.1, 100_000)] * 3),
    st.integers(0, 60),
)


@given(st.lists(paces, max_size=5), st.integers(25, 200), st.integers(1, 5))
def test_what_is_present_is_not_absent_and_lies_within_the_stretch(
    regions: list[RegionPace], threshold: int, agree: int
) -> None:
    found = reach(*regions, threshold=threshold, agree=agree)

    if found is not None:
        assert found.condition.is_present is not found.condition.is_absent
        assert found.condition.since in {each.since for each in regions}
        assert bool(found.detail) is found.condition.is_present


@given(paces, st.integers(25, 199), st.floats(1, 3))
def test_slower_looks_or_a_lower_threshold_never_make_a_regression_go_away(
    pace: RegionPace, threshold: int, times: float
) -> None:
    slower = dataclasses.replace(
        pace, parts_us=tuple(None if part is None else part * times for part in pace.parts_us)
    )

    if pace.pace(threshold + 1) is Pace.SLOWER:
        assert pace.pace(threshold) is Pace.SLOWER
        assert slower.pace(threshold) is Pace.SLOWER
    if slower.pace(threshold) is Pace.USUAL:
        assert pace.pace(threshold) is Pace.USUAL


@given(paces, st.integers(25, 200))
def test_no_stretch_is_slower_and_usual_and_none_below_its_baseline_is_slower(
    pace: RegionPace, threshold: int
) -> None:
    parts = [part for part in pace.parts_us if part is not None]
    said = pace.pace(threshold)

    if said is Pace.SLOWER:
        assert min(parts) > pace.usual_us * (1 + threshold / 100)
    if said is Pace.USUAL:
        assert max(parts) < pace.usual_us + max(MS, pace.usual_us * threshold / 100)
    if said is not Pace.NEITHER:
        assert len(parts) == len(pace.parts_us)
