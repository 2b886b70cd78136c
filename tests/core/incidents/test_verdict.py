"""The pure verdict over regions."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.checks.fold import Confirmation, Look, fold
from core.checks.region_state import RegionState
from core.incidents.blindness import Stretch, shared
from core.incidents.verdict import Verdict, nobody_looks, reach_verdict
from core.monitors.status import MonitorStatus
from plugins.api.outcome import CheckStatus

START = datetime(2026, 11, 22, tzinfo=UTC)
LETTERS = {"U": CheckStatus.UP, "G": CheckStatus.DEGRADED, "D": CheckStatus.DOWN, "?": CheckStatus.UNKNOWN}
TWICE = Confirmation(failures_to_open=2, successes_to_close=1)


def at(number: int) -> datetime:
    return START + timedelta(seconds=20 * number)


def region(letters: str, *, offset: int = 0) -> RegionState:
    state = None
    for number, letter in enumerate(letters.split()):
        look = Look(slot=at(number + offset), status=LETTERS[letter[0]], asks_expiry=letter.endswith("e"))
        state = fold(state, look, TWICE)
    assert state is not None
    return state


def verdict(*regions: RegionState, agree: int = 1, present: MonitorStatus = MonitorStatus.UP) -> Verdict:
    return reach_verdict(dict(enumerate(regions, 1)), regions_to_agree=agree, present=present)


def test_without_any_look_nothing_is_thought() -> None:
    assert verdict() == Verdict(status=MonitorStatus.PENDING)


@pytest.mark.parametrize(
    ("regions", "agree", "present", "status", "since"),
    [
        (["U"], 1, "PENDING", "UP", 0),
        (["D"], 1, "PENDING", "PENDING", None),
        (["U D D"], 1, "UP", "DOWN", 1),
        (["U G G"], 1, "UP", "DEGRADED", 1),
        (["U D G"], 1, "UP", "DEGRADED", 1),
        (["U D D G"], 1, "DOWN", "DEGRADED", 3),
        (["U D D U"], 1, "DOWN", "UP", 3),
        (["U G G U"], 1, "DEGRADED", "UP", 3),
        (["U U ?"], 1, "UP", "UNKNOWN", 2),
        (["U D D", "U U U"], 2, "UP", "UP", 0),
        (["U D D D", "U U D D"], 2, "UP", "DOWN", 2),
        (["U D D U", "U D D D"], 2, "DOWN", "UP", 3),
        (["U D D D", "U U G G"], 2, "UP", "DEGRADED", 2),
        (["U D D", "U U U", "U D D"], 2, "UP", "DOWN", 1),
        (["U D D"], 2, "UP", "PENDING", None),
        (["U U", "U ?"], 2, "UP", "UNKNOWN", 1),
        (["U U", "D"], 2, "PENDING", "PENDING", None),
        (["U U", "U ?"], 1, "UNKNOWN", "UP", 0),
        (["U U", "? ? ? U"], 2, "UNKNOWN", "UP", 3),
        (["D D", "? ? ? U"], 2, "UNKNOWN", "UP", 3),
        (["? ? ? ? D D", "? ? ? U"], 2, "UNKNOWN", "UP", 4),
    ],
)
def test_a_status_needs_the_regions_to_agree_and_begins_with_the_one_that_turned_it(
    regions: list[str], agree: int, present: str, status: str, since: int | None
) -> None:
    found = verdict(*map(region, regions), agree=agree, present=MonitorStatus[present])

    assert (found.status, found.since) == (MonitorStatus[status], None if since is None else at(since))


def test_an_expiry_is_asked_for_when_enough_regions_saw_it() -> None:
    found = verdict(region("U Ue Ue"), region("U U U"), agree=1)
    assert (found.expiring_since, found.expiring_regions, found.unexpiring_since) == (at(1), (1,), None)

    found = verdict(region("U Ue Ue"), region("U U U"), agree=2)
    assert (found.expiring_since, found.unexpiring_since) == (None, at(2))


def test_an_expiry_is_not_over_while_too_few_regions_have_looked() -> None:
    found = verdict(region("U Ue Ue"), agree=2)
    assert (found.expiring_since, found.unexpiring_since) == (None, None)


def test_the_regions_that_see_a_failure_are_named() -> None:
    assert verdict(region("U D D"), region("U U"), region("U G G")).impaired_regions == (1, 3)


@given(
    st.lists(
        st.lists(st.sampled_from(["U", "G", "D", "?"]), min_size=1, max_size=8).map(" ".join),
        min_size=1,
        max_size=4,
    ),
    st.integers(1, 5),
    st.sampled_from(list(MonitorStatus)),
)
def test_every_status_but_pending_has_a_beginning(
    regions: list[str], agree: int, present: MonitorStatus
) -> None:
    found = verdict(*map(region, regions), agree=agree, present=present)

    assert (found.since is None) == (found.status is MonitorStatus.PENDING)


def reaching(letters: str, seconds: float, *, offset: int = 0) -> RegionState:
    """A region whose last look reaches so many seconds far."""
    state = region(letters, offset=offset)
    return replace(state, covered_until=state.last_slot + timedelta(seconds=seconds))


@pytest.mark.parametrize(
    ("reaches", "agree", "as_of", "status", "since"),
    [
        ((75,), 1, 74, "UP", 0),
        ((75,), 1, 75, "UNKNOWN", 75),
        ((75, 95), 1, 80, "UP", 0),
        ((75, 95), 1, 100, "UNKNOWN", 95),
        ((75, 95), 2, 80, "UNKNOWN", 75),
        ((75, 95, 60), 2, 90, "UNKNOWN", 75),
        ((75,), 2, 90, "UNKNOWN", 75),  # the second region has not looked yet
    ],
)
def test_a_region_counts_as_long_as_its_last_look_reaches(
    reaches: tuple[float, ...], agree: int, as_of: float, status: str, since: float
) -> None:
    regions = dict(enumerate((reaching("U", seconds) for seconds in reaches), 1))

    found = reach_verdict(
        regions,
        regions_to_agree=agree,
        present=MonitorStatus.UP,
        as_of=START + timedelta(seconds=as_of),
    )

    assert (found.status, found.since) == (MonitorStatus[status], START + timedelta(seconds=since))


def test_a_region_that_was_given_up_is_blind_whatever_the_moment() -> None:
    given_up = replace(reaching("U", 75), blind_from=START + timedelta(seconds=75))

    assert verdict(given_up).status is MonitorStatus.UNKNOWN


def test_what_the_last_look_ended_is_unseen_and_what_was_seen_for_certain_ends_with_the_reach() -> None:
    back = replace(reaching("U", 75, offset=30), blind_from=START + timedelta(seconds=75))

    found = verdict(back)

    assert found.unseen == Stretch(since=START + timedelta(seconds=75), until=at(30))
    assert found.seen == Stretch(since=at(30), until=at(30) + timedelta(seconds=75))
    assert not found.seen.holds(START + timedelta(seconds=74))
    present = found.of_the_present()
    assert (present.since, present.unseen, present.seen) == (found.since, None, None)
    assert (found.begun(at(31)).since, found.begun(at(31)).expiring_since) == (at(31), None)


@pytest.mark.parametrize(
    ("regions", "status", "since"),
    [
        ([], "PENDING", None),
        ([region("U")], "PENDING", None),  # nothing was promised
        ([reaching("U", 75), reaching("D D", 200)], "PENDING", None),
        ([reaching("U", 75), reaching("D D", 70)], "UNKNOWN", 90),
    ],
)
def test_where_nobody_looks_any_more_the_last_looks_count_as_far_as_they_reach(
    regions: list[RegionState], status: str, since: float | None
) -> None:
    found = nobody_looks(regions, as_of=START + timedelta(seconds=100))

    expected = None if since is None else START + timedelta(seconds=since)
    assert (found.status, found.since) == (MonitorStatus[status], expected)


SECONDS = st.integers(0, 30)


@given(st.lists(st.tuples(SECONDS, st.none() | SECONDS), max_size=6), st.integers(1, 4))
def test_the_shared_stretch_is_the_last_run_of_moments_that_enough_hold(
    bounds: list[tuple[int, int | None]], at_least: int
) -> None:
    stretches = [
        Stretch(since=at(since), until=None if until is None else at(until))
        for since, until in bounds
        if until is None or until > since
    ]
    held = [sum(stretch.holds(at(number)) for stretch in stretches) >= at_least for number in range(32)]
    last = next((number for number in reversed(range(32)) if held[number]), None)

    found = shared(stretches, at_least)

    if last is None:
        assert found is None
    else:
        first = next(n for n in range(last, -1, -1) if n == 0 or not held[n - 1])
        assert found == Stretch(since=at(first), until=None if last == 31 else at(last + 1))
