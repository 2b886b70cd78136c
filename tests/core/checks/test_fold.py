"""The pure fold: what a region thinks after each look."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.checks.fold import Confirmation, Look, fold, is_unconfirmed
from core.checks.region_state import RegionState
from core.monitors.status import MonitorStatus
from plugins.api.outcome import CheckStatus

START = datetime(2026, 11, 22, tzinfo=UTC)
LETTERS = {"U": CheckStatus.UP, "G": CheckStatus.DEGRADED, "D": CheckStatus.DOWN, "?": CheckStatus.UNKNOWN}


def look(number: int, letter: str, *, revision: int = 1) -> Look:
    """`U` up, `G` degraded, `D` down, `?` unknown; `e` behind it asks for an EXPIRY incident."""
    return Look(
        slot=START + timedelta(seconds=20 * number),
        status=LETTERS[letter[0]],
        config_revision=revision,
        asks_expiry=letter.endswith("e"),
    )


def folded(letters: str, *, opens: int = 2, closes: int = 1) -> RegionState:
    state = None
    for number, letter in enumerate(letters.split()):
        state = fold(
            state, look(number, letter), Confirmation(failures_to_open=opens, successes_to_close=closes)
        )
    assert state is not None
    return state


@pytest.mark.parametrize(
    ("letters", "opens", "closes", "opinion"),
    [
        ("U", 2, 1, MonitorStatus.UP),
        ("D", 2, 1, MonitorStatus.PENDING),
        ("G", 2, 1, MonitorStatus.PENDING),
        ("D", 1, 1, MonitorStatus.DOWN),
        ("G", 1, 1, MonitorStatus.DEGRADED),
        ("?", 2, 1, MonitorStatus.UNKNOWN),
        ("D U", 2, 1, MonitorStatus.UP),
        ("U D", 2, 1, MonitorStatus.UP),
        ("U D D", 2, 1, MonitorStatus.DOWN),
        ("U D U D", 2, 1, MonitorStatus.UP),
        ("U D D D", 4, 1, MonitorStatus.UP),
        ("U D D U", 2, 1, MonitorStatus.UP),
        ("U D D U", 2, 2, MonitorStatus.DOWN),
        ("U D D U D U", 2, 2, MonitorStatus.DOWN),
        ("U D D U U", 2, 2, MonitorStatus.UP),
        ("U D G", 2, 1, MonitorStatus.DEGRADED),
        ("U D D G", 2, 1, MonitorStatus.DEGRADED),
        ("U D D U G", 2, 2, MonitorStatus.UP),
        ("U G G", 2, 1, MonitorStatus.DEGRADED),
        ("U G G D", 2, 1, MonitorStatus.DEGRADED),
        ("U G G D D", 2, 1, MonitorStatus.DOWN),
        ("U G G U", 2, 2, MonitorStatus.DEGRADED),
        ("U G G U U", 2, 2, MonitorStatus.UP),
        ("U ?", 2, 1, MonitorStatus.UNKNOWN),
        ("U D ? D", 2, 1, MonitorStatus.UNKNOWN),
        ("U D ? D D", 2, 1, MonitorStatus.DOWN),
        ("U D D ? U", 2, 3, MonitorStatus.UP),
        ("? G", 2, 1, MonitorStatus.UNKNOWN),
    ],
)
def test_an_opinion_follows_its_looks(letters: str, opens: int, closes: int, opinion: MonitorStatus) -> None:
    assert folded(letters, opens=opens, closes=closes).opinion is opinion


@pytest.mark.parametrize(
    ("letters", "is_expiring"),
    [
        ("Ue", False),
        ("Ue Ue", True),
        ("Ue U Ue", False),
        ("Ue Ue U", False),
        ("Ue Ue D", True),
        ("Ue D Ue", True),
        ("Ue Ue ?", True),
        ("Ue ? Ue", False),
        ("Ue Ue G", False),
        ("De De", True),
    ],
)
def test_an_expiry_is_confirmed_by_looks_that_ask_for_it_and_refuted_by_one_that_saw_none(
    letters: str, is_expiring: bool
) -> None:
    assert folded(letters).is_expiring is is_expiring


@pytest.mark.parametrize(
    ("letters", "unconfirmed"),
    [
        ("U", False),
        ("D", True),
        ("U D", True),
        ("U D D", False),
        ("U G", True),
        ("U G G", False),
        ("U G G D", True),
    ],
)
def test_a_streak_is_unconfirmed_until_the_opinion_follows_it(letters: str, unconfirmed: bool) -> None:
    assert is_unconfirmed(folded(letters)) is unconfirmed


def test_a_failing_streak_that_follows_unknown_starts_after_it() -> None:
    state = folded("U D ? D D")

    assert state.down.since == START + timedelta(seconds=60)
    assert state.opinion_slot == START + timedelta(seconds=80)


def test_a_late_or_repeated_look_changes_nothing() -> None:
    state = folded("U D")

    assert fold(state, look(1, "D"), Confirmation(failures_to_open=2, successes_to_close=1)) is state
    assert fold(state, look(0, "D"), Confirmation(failures_to_open=2, successes_to_close=1)) is state


def test_a_look_of_an_older_configuration_changes_nothing_and_the_first_of_a_newer_starts_anew() -> None:
    confirmation = Confirmation(failures_to_open=2, successes_to_close=1)
    state = fold(None, look(0, "D", revision=2), confirmation)

    assert fold(state, look(1, "D", revision=1), confirmation) is state
    anew = fold(state, look(1, "D", revision=3), confirmation)
    assert (anew.opinion, anew.down.length, anew.opinion_slot) == (MonitorStatus.PENDING, 1, None)


@given(st.lists(st.sampled_from(["U", "G", "D", "?", "Ue", "Ge", "De", "?e"]), min_size=1, max_size=30),
       st.integers(1, 4), st.integers(1, 4))  # fmt: skip
def test_streaks_count_the_looks_since_they_began(letters: list[str], opens: int, closes: int) -> None:
    state = folded(" ".join(letters), opens=opens, closes=closes)

    assert (state.down.length > 0) + (state.clear.length > 0) == (
        state.last_status is not CheckStatus.UNKNOWN
    )
    assert state.up.length <= state.clear.length
    assert state.down.length <= state.impaired.length
    for streak in (state.down, state.impaired, state.clear, state.up, state.asking):
        assert (streak.since is None) == (streak.length == 0)
    if state.down.length >= opens:
        assert state.opinion is MonitorStatus.DOWN
    if state.up.length >= closes:
        assert state.opinion is MonitorStatus.UP


REACH = timedelta(seconds=75)
CONFIRMATION = Confirmation(failures_to_open=2, successes_to_close=1)


def seen_at(
    state: RegionState | None, second: int, letter: str, *, recorded: int | None = None
) -> RegionState:
    """Fold a look of a monitor whose looks reach 75 s far, recorded at once or at that second."""
    look = Look(
        slot=START + timedelta(seconds=second),
        status=LETTERS[letter],
        reach=REACH,
        recorded_at=START + timedelta(seconds=second if recorded is None else recorded),
    )
    return fold(state, look, CONFIRMATION)


def after(second: int) -> datetime:
    return START + timedelta(seconds=second)


def test_a_look_within_the_reach_of_the_last_goes_on_with_its_streak() -> None:
    state = seen_at(seen_at(None, 0, "D"), 75, "D")

    assert (state.opinion, state.down.since, state.blind_from) == (MonitorStatus.DOWN, after(0), None)
    assert state.covered_until == after(150)


@pytest.mark.parametrize(
    ("letter", "opinion"),
    [("U", MonitorStatus.UP), ("G", MonitorStatus.UNKNOWN), ("D", MonitorStatus.UNKNOWN)],
)
def test_a_look_after_it_begins_anew_as_after_one_that_saw_nothing(
    letter: str, opinion: MonitorStatus
) -> None:
    state = seen_at(seen_at(seen_at(None, 0, "D"), 20, "D"), 400, letter)

    assert (state.opinion, state.opinion_slot, state.blind_from) == (opinion, after(400), after(95))
    assert {streak.since for streak in (state.down, state.impaired, state.clear, state.up)} <= {
        None,
        after(400),
    }


def test_who_sees_again_and_has_not_confirmed_it_has_been_blind_since_the_beginning() -> None:
    state = seen_at(seen_at(seen_at(seen_at(None, 0, "U"), 400, "D"), 800, "D"), 820, "?")
    assert (state.opinion, state.blind_from, state.covered_until) == (
        MonitorStatus.UNKNOWN,
        after(75),
        after(820),
    )

    state = seen_at(seen_at(state, 900, "D"), 920, "D")
    assert (state.opinion, state.down.since, state.blind_from) == (MonitorStatus.DOWN, after(900), None)


def test_a_look_that_saw_nothing_ends_the_coverage_or_leaves_it_where_it_had_ended() -> None:
    covered = seen_at(None, 0, "U")

    assert (seen_at(covered, 60, "?").covered_until, seen_at(covered, 60, "?").blind_from) == (
        after(60),
        after(60),
    )
    assert seen_at(covered, 400, "?").covered_until == after(75)


def test_a_late_look_of_a_region_that_was_given_up_is_news_and_one_in_time_is_not() -> None:
    covered = seen_at(None, 0, "U")

    assert seen_at(covered, 60, "U", recorded=74).opinion_slot == after(0)
    assert seen_at(covered, 60, "U", recorded=75).opinion_slot == after(60)
