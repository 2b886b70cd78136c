"""What is remembered of what was up."""

from __future__ import annotations

from uuid import UUID, uuid4

from hypothesis import given
from hypothesis import strategies as st

from core.blindness.known_up import KnownUp

IDS = [uuid4() for _ in range(6)]
STEPS = st.lists(st.tuples(st.sampled_from(IDS), st.sampled_from(["a", "b", "c", None])), max_size=60)


@given(STEPS)
def test_it_knows_the_hosts_of_all_that_is_up(steps: list[tuple[UUID, str | None]]) -> None:
    known, model = KnownUp(), dict[UUID, str]()
    for monitor_id, host in steps:
        if host is None:
            known.failed(monitor_id)
            model.pop(monitor_id, None)
        else:
            known.reached(monitor_id, host)
            model[monitor_id] = host

    assert {monitor_id for monitor_id in IDS if monitor_id in known} == set(model)
    assert known.hosts_but() == len(set(model.values()))
    assert known.hosts_but({"a"}) == len(set(model.values()) - {"a"})
    found = known.some_on_hosts_but({"a"}, most=2)
    assert len(found) == min(2, len(set(model.values()) - {"a"}))
    assert all(model[monitor_id] == host for monitor_id, host in found.items())
    assert len(set(found.values())) == len(found)


def test_it_is_bounded_and_forgets_what_it_learnt_first() -> None:
    known = KnownUp(most_known=2)
    for number, monitor_id in enumerate(IDS[:3]):
        known.reached(monitor_id, str(number))

    assert [monitor_id in known for monitor_id in IDS[:3]] == [False, True, True]
    assert known.hosts_but() == 2
