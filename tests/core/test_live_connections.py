"""Who gets a place, who is asked for his credentials again, in which order, and how many at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from uuid import UUID, uuid4

import pytest

from core import live_connections
from core.errors import OverLimit, Unavailable
from core.live_connections import RENEWED_AT_ONCE, LiveConnection, LiveConnections, Owner

PATIENCE_SECONDS = 30


class Held:
    """A connection that a credential opened; `asked` has all renewals, and `gate` keeps them waiting."""

    def __init__(self, credential: str, asked: list[Held], gate: asyncio.Event | None = None) -> None:
        self.credential = credential
        self.beats = 0
        self._asked = asked
        self._gate = gate

    async def renew(self) -> None:
        self._asked.append(self)
        if self._gate is not None:
            await self._gate.wait()

    def beat(self) -> None:
        self.beats += 1

    def go_away(self) -> None:
        pass


class Faulty(Held):
    """One whose credentials cannot be looked at."""

    async def renew(self) -> None:
        await super().renew()
        raise ValueError("of a kind that nobody foresaw")


@pytest.fixture
def asked() -> list[Held]:
    return []


def looked_after(*connections: LiveConnection) -> LiveConnections:
    live = LiveConnections()
    for connection in connections:
        live.add(connection, owner_in(uuid4()))
    return live


def owner_in(workspace: UUID) -> Owner:
    """Return one more that may hold connections open in a workspace."""
    return Owner(holder=uuid4(), workspace=workspace)


async def drain(live: LiveConnections) -> None:
    """Renew until nobody waits for it."""
    while await live._step():
        pass


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not condition():
            await asyncio.sleep(0)


async def test_only_those_are_asked_whose_credential_is_named(asked: list[Held]) -> None:
    ants, bee = [Held("ant", asked) for _ in range(2)], Held("bee", asked)
    live = looked_after(*ants, bee)

    live.look_again("ant")
    await drain(live)
    assert set(asked) == set(ants)

    live.look_again("a stranger's")
    await drain(live)
    assert len(asked) == len(ants)


async def test_one_that_is_named_costs_one_renewal_among_4000(asked: list[Held]) -> None:
    live = looked_after(*(Held(str(number), asked) for number in range(4_000)))

    live.look_again("3999")
    await drain(live)

    assert [each.credential for each in asked] == ["3999"]


async def test_all_are_asked_once_when_nobody_can_say_who_is_meant(asked: list[Held]) -> None:
    several = [Held(str(number), asked) for number in range(3 * RENEWED_AT_ONCE + 1)]
    live = looked_after(*several)

    live.look_again("")
    live.look_again("")
    await drain(live)

    assert asked == several


async def test_all_are_asked_with_each_beat(asked: list[Held], monkeypatch: pytest.MonkeyPatch) -> None:
    several = [Held(str(number), asked) for number in range(3)]
    live = looked_after(*several)
    await drain(live)
    assert not asked

    monkeypatch.setattr(live_connections, "BEAT_SECONDS", 0.0)
    await live._step()

    assert asked == several
    assert [each.beats for each in several] == [1, 1, 1]


async def test_several_are_asked_at_once_and_whoever_is_named_meanwhile_comes_next(asked: list[Held]) -> None:
    gate = asyncio.Event()
    several = [Held(str(number), asked, gate) for number in range(3 * RENEWED_AT_ONCE)]
    live = looked_after(*several)

    live.look_again()
    round_of_all = asyncio.create_task(drain(live))
    await until(lambda: len(asked) >= RENEWED_AT_ONCE)
    await _turns()
    assert asked == several[:RENEWED_AT_ONCE]

    live.look_again(several[-1].credential)
    gate.set()
    await round_of_all
    assert asked[RENEWED_AT_ONCE] is several[-1]
    assert set(asked) == set(several)


async def test_one_that_has_ended_is_asked_no_more(asked: list[Held]) -> None:
    ant, bee = Held("ant", asked), Held("bee", asked)
    live = looked_after(ant, bee)

    live.look_again("ant")
    live.look_again()
    live.discard(ant)
    live.look_again("ant")
    await drain(live)

    assert asked == [bee]


async def test_one_that_cannot_be_asked_keeps_nobody_else_from_it(asked: list[Held]) -> None:
    others = [Held(str(number), asked) for number in range(RENEWED_AT_ONCE)]
    live = looked_after(Faulty("ant", asked), *others)

    live.look_again()
    with pytest.raises(ValueError, match="nobody foresaw"):
        await live._step()
    await drain(live)

    assert _credentials(asked) == _credentials(others) | {"ant"}


async def test_a_notification_wakes_whoever_looks_after_them(asked: list[Held]) -> None:
    live, stopping = looked_after(Held("ant", asked)), asyncio.Event()
    running = asyncio.create_task(live.run(stopping))
    await _turns()

    live.look_again("ant")
    await until(lambda: bool(asked))

    stopping.set()
    await running


def test_a_workspace_has_so_many_places_whoever_takes_them_and_leaves_the_others(asked: list[Held]) -> None:
    live, workspace = LiveConnections(), uuid4()
    first = Held("first", asked)
    live.add(first, owner_in(workspace))
    for _ in range(1_999):
        live.add(Held("ant", asked), owner_in(workspace))

    with pytest.raises(OverLimit, match="of the workspace"):
        live.add(Held("bee", asked), owner_in(workspace))
    live.add(Held("cow", asked), owner_in(uuid4()))

    live.discard(first)
    live.add(Held("bee", asked), owner_in(workspace))


def test_one_holder_takes_not_all_places_of_his_workspace(asked: list[Held]) -> None:
    live, owner = LiveConnections(), owner_in(uuid4())
    for _ in range(1_200):
        live.add(Held("ant", asked), owner)

    with pytest.raises(OverLimit, match="at most 1200 connections"):
        live.add(Held("ant", asked), owner)
    live.add(Held("bee", asked), owner_in(owner.workspace))


def test_a_process_that_is_full_is_unavailable_to_everybody(
    asked: list[Held], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_connections, "MOST_CONNECTIONS", 2)
    live = looked_after(Held("ant", asked), Held("bee", asked))

    with pytest.raises(Unavailable, match="2 connections are open already"):
        live.add(Held("cow", asked), owner_in(uuid4()))


@pytest.mark.parametrize("address", ["203.0.113.5", "127.0.0.1", "2001:db8::5"])
def test_guests_of_one_address_leave_places_to_those_of_others(asked: list[Held], address: str) -> None:
    live = LiveConnections()
    leaving, staying = Held("ant", asked), Held("bee", asked)
    for guest in (leaving, staying, *(Held("cow", asked) for _ in range(98))):
        live.admit(guest, address)

    with pytest.raises(OverLimit, match="100 connections of your address"):
        live.admit(Held("dog", asked), address)
    live.admit(Held("dog", asked), "198.51.100.1")

    live.discard(leaving)
    live.add(staying, owner_in(uuid4()))
    for _ in range(2):
        live.admit(Held("dog", asked), address)
    with pytest.raises(OverLimit):
        live.admit(Held("dog", asked), address)


def test_guests_of_one_customers_addresses_are_counted_together(
    asked: list[Held], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_connections, "MOST_GUESTS_OF_AN_ADDRESS", 1)
    live = LiveConnections()
    live.admit(Held("ant", asked), "2001:db8::1")

    with pytest.raises(OverLimit):
        live.admit(Held("ant", asked), "2001:db8::ffff:1")
    live.admit(Held("ant", asked), "2001:db8:0:1::1")


async def _turns() -> None:
    """Let everything go on that can."""
    for _ in range(100):
        await asyncio.sleep(0)


def _credentials(held: Iterable[Held]) -> set[str]:
    return {each.credential for each in held}
