"""Who is asked for his credentials again, in which order, and how many at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

import pytest

from core import live_connections
from core.live_connections import RENEWED_AT_ONCE, LiveConnection, LiveConnections

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
        live.add(connection, connection.credential)
    return live


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


async def _turns() -> None:
    """Let everything go on that can."""
    for _ in range(100):
        await asyncio.sleep(0)


def _credentials(held: Iterable[Held]) -> set[str]:
    return {each.credential for each in held}
