"""Many resolvers are moved on together, as tasks would move them."""

from __future__ import annotations

import asyncio

import pytest

from graphql_schema.fast_lists.waiting import Waiting


async def answer(value, *waits):
    """Wait for each, and answer."""
    for wait in waits:
        await wait
    return value


async def test_answers_that_are_there_are_not_waited_for():
    answers = [1, answer(2), None]

    assert not Waiting(answers)
    assert answers == [1, 2, None]


async def test_answers_keep_their_places_whenever_they_come():
    loop = asyncio.get_running_loop()
    early, late = loop.create_future(), loop.create_future()
    loop.call_soon(early.set_result, "early")
    loop.call_later(0.001, late.set_result, "late")

    waiting = Waiting([answer(0, late), answer(1), answer(2, early, late), late, answer(4, asyncio.sleep(0))])

    assert waiting
    assert await waiting.finished() == [0, 1, 2, "late", 4]


async def test_one_resolver_may_wait_for_what_another_does_next():
    first_half, second_half = asyncio.Event(), asyncio.Event()

    async def leads():
        await asyncio.sleep(0)
        first_half.set()
        await second_half.wait()
        return "led"

    async def follows():
        await first_half.wait()
        second_half.set()
        return "followed"

    assert await Waiting([follows(), leads()]).finished() == ["followed", "led"]


@pytest.mark.parametrize("is_late", [False, True])
async def test_a_failure_ends_the_others(is_late):
    never = asyncio.get_running_loop().create_future()
    ended = []

    async def waits():
        try:
            await never
        finally:
            ended.append("waits")

    async def fails():
        if is_late:
            await asyncio.sleep(0)
        raise LookupError("no")

    async def collect():
        await Waiting([waits(), fails(), answer(3)]).finished()

    with pytest.raises(LookupError):
        await collect()

    assert ended == ["waits"]


async def test_giving_up_ends_all():
    never = asyncio.get_running_loop().create_future()
    ended = []

    async def waits():
        try:
            await never
        finally:
            ended.append("waits")

    task = asyncio.create_task(Waiting([waits(), waits()]).finished())
    await asyncio.sleep(0)
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task

    assert ended == ["waits", "waits"]
