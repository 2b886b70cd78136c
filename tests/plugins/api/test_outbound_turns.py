"""Work of milliseconds takes turns, and nobody who waits is forgotten."""

from __future__ import annotations

import asyncio
import time

from plugins.api.outbound.turns import SECONDS_A_TURN, Turns


def work() -> None:
    until = time.perf_counter() + SECONDS_A_TURN
    while time.perf_counter() < until:
        pass


async def take_and_work(turns: Turns, done: list[int], number: int) -> None:
    await turns.take()
    work()
    done.append(number)


async def test_the_loop_turns_between_pieces_of_work() -> None:
    turns, done = Turns(), list[int]()
    tasks = [asyncio.create_task(take_and_work(turns, done, number)) for number in range(40)]
    most_between = 0
    while not all(task.done() for task in tasks):
        before = len(done)
        await asyncio.sleep(0)
        most_between = max(most_between, len(done) - before)

    assert done == list(range(40))
    assert most_between <= 5


async def test_who_comes_alone_does_not_wait() -> None:
    turns = Turns()
    taking = asyncio.ensure_future(turns.take())
    await asyncio.sleep(0)

    assert taking.done()


async def test_who_stops_waiting_is_passed_over() -> None:
    turns, done = Turns(), list[int]()
    tasks = [asyncio.create_task(take_and_work(turns, done, number)) for number in range(20)]
    await asyncio.sleep(0)
    for task in tasks[5:15]:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)

    assert done == [*range(5), *range(15, 20)]
