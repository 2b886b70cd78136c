"""Many resolvers of one field that wait, moved on together: without a task for each."""

from __future__ import annotations

import asyncio
from collections.abc import Generator, Sequence
from types import CoroutineType
from typing import Any, TypeAlias

_Waiter: TypeAlias = "CoroutineType[Any, Any, Any] | Generator[Any, Any, Any]"


class Waiting:
    """The answers of one field, some of them coroutines or futures; all are started at once, in order.

    A coroutine hands out the future that it waits for (PEP 492, asyncio.Future.__await__) and is moved on once
    that is done, as a task would do it.
    """

    __slots__ = ("_answers", "_waiters")

    def __init__(self, answers: list[Any]) -> None:
        self._answers = answers
        self._waiters: list[tuple[int, _Waiter, asyncio.Future[Any] | None]] = []
        for place, answer in enumerate(answers):
            try:
                if answer.__class__ is CoroutineType:
                    self._move_on(place, answer)
                elif hasattr(answer, "__await__"):
                    self._move_on(place, answer.__await__())
            except Exception:
                close_all(answers)
                raise

    def __bool__(self) -> bool:
        return bool(self._waiters)

    async def finished(self) -> list[Any]:
        """Return the answers; raise what the first resolver raises that fails, and end the others."""
        try:
            while self._waiters:
                await _any_done([future for _, _, future in self._waiters])
                waiters, self._waiters = self._waiters, []
                for place, waiter, future in waiters:
                    if future is None or future.done():
                        self._move_on(place, waiter)
                    else:
                        self._waiters.append((place, waiter, future))
        except BaseException:
            close_all(self._answers)
            raise
        return self._answers

    def _move_on(self, place: int, waiter: _Waiter) -> None:
        try:
            future = waiter.send(None)
        except StopIteration as ended:
            self._answers[place] = ended.value
        else:
            if future is not None:
                future._asyncio_future_blocking = False  # noqa: SLF001  (as a task does)
            self._waiters.append((place, waiter, future))


def close_all(values: Sequence[Any]) -> None:
    """End the coroutines among the values: nobody will await them."""
    for value in values:
        if value.__class__ is CoroutineType:
            value.close()


async def _any_done(futures: Sequence[asyncio.Future[Any] | None]) -> None:
    """Wait for any of the futures; None among them is one who asks for a turn of the loop: asyncio.sleep(0)."""
    waited_for = [future for future in futures if future is not None]
    if len(waited_for) < len(futures):
        await asyncio.sleep(0)
        return
    woken = asyncio.get_running_loop().create_future()

    def wake(_future: asyncio.Future[Any]) -> None:
        if not woken.done():
            woken.set_result(None)

    for future in waited_for:
        future.add_done_callback(wake)
    try:
        await woken
    finally:
        for future in waited_for:
            future.remove_done_callback(wake)
