"""When it means something that no canary answers."""

from __future__ import annotations

from core.blindness.canary_trust import CanaryTrust
from core.monitors.timing import LONGEST_TIMEOUT_SECONDS

LATER = LONGEST_TIMEOUT_SECONDS + 1


def test_canaries_that_never_answered_are_not_missed() -> None:
    trust = CanaryTrust()
    trust.unanswered(0)

    assert not trust.holds


def test_one_that_answered_before_is_missed_while_nothing_else_is_reached() -> None:
    trust = CanaryTrust()
    trust.answered()
    trust.unanswered(100)

    assert trust.holds


def test_a_look_that_may_have_begun_before_the_silence_says_nothing_of_it() -> None:
    trust = CanaryTrust()
    trust.answered()
    trust.unanswered(100)
    trust.reached_target(100 + LONGEST_TIMEOUT_SECONDS)

    assert trust.holds


def test_targets_reached_long_after_the_first_silence_show_that_there_are_no_canaries() -> None:
    trust = CanaryTrust()
    trust.answered()
    trust.unanswered(100)
    trust.unanswered(99 + LATER)
    trust.reached_target(100 + LATER)

    assert not trust.holds


def test_a_target_reached_at_that_very_time_shows_it_at_once() -> None:
    trust = CanaryTrust()
    trust.answered()
    trust.reached_target_meanwhile()

    assert not trust.holds


def test_an_answer_makes_them_missed_again_and_ends_the_silence() -> None:
    trust = CanaryTrust()
    trust.answered()
    trust.unanswered(100)
    trust.answered()
    trust.reached_target(100 + LATER)

    assert trust.holds
