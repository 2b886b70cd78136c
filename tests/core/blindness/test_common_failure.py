"""The rule for failures that many targets share."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.blindness.common_failure import (
    LEAST_HOSTS,
    SAMPLE,
    is_common,
    is_elsewhere,
    least_hosts,
    opinion,
)

HOSTS = st.frozensets(st.integers(0, 30).map(str), max_size=20)


def hosts(first: int, count: int) -> frozenset[str]:
    return frozenset(str(number) for number in range(first, first + count))


@pytest.mark.parametrize(
    ("failing", "reached", "common"),
    [
        (5, 4, True),
        (5, 5, False),
        (4, 0, False),
        (5, 0, True),
        (50, 49, True),
        (49, 50, False),
        (0, 0, False),
    ],
)
def test_a_failure_is_common_when_more_than_half_and_at_least_five_hosts_fail(
    failing: int, reached: int, common: bool
) -> None:
    assert is_common(hosts(0, failing), hosts(100, reached)) is common


@given(HOSTS, HOSTS)
def test_a_host_that_was_reached_does_not_fail(failing: frozenset[str], reached: frozenset[str]) -> None:
    assert is_common(failing, reached) is is_common(failing - reached, reached)


@given(HOSTS, HOSTS, st.integers(0, 30), st.integers(1, LEAST_HOSTS))
def test_an_opinion_is_final_whatever_the_others_turn_out_to_be(
    failing: frozenset[str], reached: frozenset[str], others: int, least: int
) -> None:
    found = opinion(failing, reached, others=others, least=least)
    unseen = hosts(100, others)

    assert (found is True) is is_common(failing, reached, least=least)
    if found is False and len(failing | reached) < SAMPLE:
        assert not is_common(failing | unseen, reached, least=least)
    if found is None:
        assert is_common(failing | unseen, reached, least=least)
        assert len(failing | reached) < SAMPLE


@given(HOSTS, HOSTS, st.integers(0, 1000))
def test_there_is_always_an_opinion_once_the_sample_is_full_or_nobody_is_left(
    failing: frozenset[str], reached: frozenset[str], others: int
) -> None:
    assert opinion(failing, reached, others=0) is not None
    if len(failing | reached) >= SAMPLE:
        assert opinion(failing, reached, others=others) is not None


@given(HOSTS)
def test_fewer_than_five_hosts_are_never_enough(few: frozenset[str]) -> None:
    some = frozenset(sorted(few)[: LEAST_HOSTS - 1])

    assert opinion(some, frozenset(), others=LEAST_HOSTS - 1 - len(some)) is False


@given(st.integers(1, LEAST_HOSTS - 1), st.integers(0, LEAST_HOSTS))
def test_where_canaries_are_missed_few_hosts_are_enough_once_they_all_fail(
    watched: int, failing: int
) -> None:
    least = least_hosts(watched, canaries_are_missed=True)
    failing = min(failing, watched)

    assert is_common(hosts(0, failing), hosts(100, watched - failing), least=least) is (failing == watched)
    assert least_hosts(watched, canaries_are_missed=False) == LEAST_HOSTS


@pytest.mark.parametrize(
    ("host", "elsewhere"),
    [
        ("shop.example", True),
        ("192.168.1.5", True),
        ("1.1.1.1", True),
        ("1.2.3.4.5", True),
        ("256.1", True),
        ("localhost", False),
        ("api.localhost", False),
        ("127.0.0.7", False),
        ("2130706433", False),
        ("::1", False),
    ],
)
def test_a_host_is_elsewhere_unless_it_is_this_machine_by_its_name(host: str, elsewhere: bool) -> None:
    assert is_elsewhere(host) is elsewhere
