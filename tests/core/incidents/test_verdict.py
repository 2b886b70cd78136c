"""The pure verdict over regions."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.checks.fold import Confirmation, Look, fold
from core.checks.region_state import RegionState
from core.incidents.verdict import Verdict, reach_verdict
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
