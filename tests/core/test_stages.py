"""Components stop stage by stage; one that ends by itself takes the process with it."""

from __future__ import annotations

import asyncio

import pytest

from core.stages import ComponentDied, Stage, run_stages


class Part:
    """Notes in a journal when it has stopped."""

    def __init__(self, name: str, journal: list[str], *, lingers: bool = False) -> None:
        self.name = name
        self.journal = journal
        self.lingers = lingers

    async def run(self, stopping: asyncio.Event) -> None:
        await stopping.wait()
        try:
            if self.lingers:
                await asyncio.Event().wait()
            self.journal.append(self.name)
        except asyncio.CancelledError:
            self.journal.append(f"{self.name} was cut")
            raise


class Broken:
    async def run(self, stopping: asyncio.Event) -> None:
        raise ValueError("broken")


def _stage(*parts, seconds: float = 5.0) -> Stage:
    return Stage(name="a stage", components=parts, stop_seconds=seconds)


async def test_stages_stop_in_their_order() -> None:
    journal: list[str] = []
    stopping = asyncio.Event()
    stopping.set()

    await run_stages([_stage(Part("first", journal)), _stage(), _stage(Part("second", journal))], stopping)

    assert journal == ["first", "second"]


async def test_a_stage_that_takes_too_long_is_cut_and_the_next_one_has_its_turn() -> None:
    journal: list[str] = []
    stopping = asyncio.Event()
    stopping.set()
    slow, next_one = Part("slow", journal, lingers=True), Part("next", journal)

    await run_stages([_stage(slow, seconds=0.01), _stage(next_one)], stopping)

    assert journal == ["slow was cut", "next"]


async def test_a_component_that_breaks_ends_the_others_in_order_and_is_told_of() -> None:
    journal: list[str] = []

    with pytest.raises(ComponentDied):
        await run_stages([_stage(Part("other", journal)), _stage(Broken())], asyncio.Event())

    assert journal == ["other"]
