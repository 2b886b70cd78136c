"""What is due: a crowd must not make late whoever comes after it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

from core.scheduling.agenda import Agenda
from core.scheduling.leases import Claim

NOON = datetime(2026, 2, 16, 12, tzinfo=UTC)


def claim(number: int, seconds: float = 0) -> Claim:
    slot = NOON + timedelta(seconds=seconds)
    return Claim(
        monitor_id=UUID(int=number),
        region_id=1,
        slot=slot,
        lease_until=slot + timedelta(seconds=25),
        kind="http",
        config={},
        config_revision=1,
        timeout_seconds=10,
        previous_facts=None,
    )


def agenda(*claims: Claim) -> Agenda:
    made = Agenda()
    for each in claims:
        made.add(each)
    return made


def test_nothing_is_taken_before_its_moment() -> None:
    held = agenda(claim(1, 5), claim(2, 1))

    assert held.first_moment == NOON + timedelta(seconds=1)
    assert held.take(NOON) is None
    assert held.take(NOON + timedelta(seconds=1)) == claim(2, 1)
    assert held.take(NOON + timedelta(seconds=1)) is None
    assert len(held) == 1


def test_who_waits_longest_and_who_came_last_are_taken_in_turns() -> None:
    held = agenda(*(claim(number) for number in range(6)))

    taken = [held.take(NOON) for _ in range(6)]

    assert [each.monitor_id.int for each in taken if each] == [0, 5, 1, 4, 2, 3]


def test_who_is_due_after_a_crowd_is_taken_before_it_is_through() -> None:
    held = agenda(*(claim(number) for number in range(1_000)))
    for _ in range(20):
        held.take(NOON)
    held.add(claim(2_000, 0.01))

    taken = [held.take(NOON + timedelta(seconds=0.01)) for _ in range(2)]

    assert claim(2_000, 0.01) in taken
    assert held.first_moment == NOON


def test_a_renewed_lease_is_noted_whether_due_or_not() -> None:
    due, other_due, coming = claim(1), claim(2), claim(3, 60)
    held = agenda(due, other_due, coming)
    held.take(NOON)
    until = NOON + timedelta(minutes=5)

    held.renew({id(due), id(other_due), id(coming)}, until)

    assert {each.lease_until for each in held.claims} == {until}
    held.clear()
    assert (held.claims, held.first_moment) == ((), None)
