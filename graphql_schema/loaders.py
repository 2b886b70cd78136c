"""The reads of one request, batched: whatever its resolvers ask for together is one statement.

All statements of a request run one after the other on one connection, and a batch takes up its keys only when
its turn has come and nothing more is being asked. So the number of statements follows from the query alone:
not from how many rows there are, nor from which list of two was answered first. For the same reason a key that
is asked again further down is read again: an answer that happens to be known would make the number vary.
"""

from __future__ import annotations

import asyncio
import itertools
from collections import deque
from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from typing import Any, Concatenate, ParamSpec, TypeAlias, TypeVar

from core.access.sight import Sight
from core.db.database import Connection, Database

P = ParamSpec("P")
K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

_Group: TypeAlias = tuple[Sequence[Hashable], asyncio.Future[Any]]
_Asked: TypeAlias = tuple[list[Hashable], list[_Group]]

# Turns of the event loop without a new question after which no resolver is on its way to one any more.
QUIET_TURNS = 8


class Reads:
    """What one request reads within one sight."""

    def __init__(self, database: Database, sight: Sight) -> None:
        self.sight = sight
        self._database = database
        self._batches: dict[Hashable, _Batch] = {}
        self._waiting: deque[_Batch] = deque()
        self._questions = 0
        self._task: asyncio.Task[None] | None = None
        self._is_ended = False

    def load(
        self,
        read: Callable[Concatenate[Connection, Sight, Sequence[K], P], Awaitable[Mapping[K, V]]],
        key: K,
        *arguments: P.args,
        **named: P.kwargs,
    ) -> asyncio.Future[V | None]:
        """Return what `read` finds for the key (None if nothing), read together with others of its kind.

        `read` takes the connection, the sight, the keys and the arguments, which must be hashable.
        """
        return self._ask(self._batch(read, arguments, named), key)

    def load_all(
        self,
        read: Callable[Concatenate[Connection, Sight, Sequence[K], P], Awaitable[Mapping[K, V]]],
        keys: Sequence[K],
        *arguments: P.args,
        **named: P.kwargs,
    ) -> asyncio.Future[list[V | None]]:
        """Return what `load` returns for each of the keys: one future for all."""
        answer = asyncio.get_running_loop().create_future()
        if self._is_ended:
            answer.cancel()
            return answer
        batch = self._batch(read, arguments, named)
        if not batch.is_asked:
            self._waiting.append(batch)
        batch.groups.append((keys, answer))
        self._begin()
        return answer

    def _batch(
        self,
        read: Callable[..., Awaitable[Mapping[Any, Any]]],
        arguments: tuple[Any, ...],
        named: Mapping[str, Any],
    ) -> _Batch:
        identity = (read, arguments, tuple(named.items()))
        batch = self._batches.get(identity)
        if batch is None:

            def run(connection: Connection, keys: Sequence[Any]) -> Awaitable[Mapping[Any, Any]]:
                return read(connection, self.sight, keys, *arguments, **named)

            batch = self._batches[identity] = _Batch(run)
        return batch

    def once(
        self,
        read: Callable[Concatenate[Connection, P], Awaitable[V]],
        *arguments: P.args,
        **named: P.kwargs,
    ) -> asyncio.Future[V]:
        """Return what `read` finds for the arguments, which must be hashable; it is kept until `forget`."""
        identity = (read, arguments, tuple(named.items()))
        batch = self._batches.get(identity)
        if batch is None:

            async def run(connection: Connection, _keys: Sequence[None]) -> Mapping[None, V]:
                return {None: await read(connection, *arguments, **named)}

            batch = self._batches[identity] = _Batch(run, keeps_answers=True)
        return self._ask(batch, None)

    def first(
        self,
        read: Callable[Concatenate[Connection, P], Awaitable[V]],
        *arguments: P.args,
        **named: P.kwargs,
    ) -> asyncio.Future[V]:
        """Return what `read` finds, before anything that was asked together with it and has not begun."""
        answer = self.once(read, *arguments, **named)
        batch = self._batches[read, arguments, tuple(named.items())]
        if batch in self._waiting:
            self._waiting.remove(batch)
            self._waiting.appendleft(batch)
        return answer

    def forget(self) -> None:
        """Read everything anew from now on: something was changed."""
        self._batches.clear()

    def end(self) -> None:
        """Ask nothing more: resolvers given up half-way are cancelled. A statement in flight ends by itself."""
        self._is_ended = True
        while self._waiting:
            self._waiting.popleft().cancel()

    def abandon(self) -> None:
        """Ask nothing more, and cancel the statement in flight: nobody waits for it."""
        self.end()
        if self._task is not None:
            self._task.cancel()

    def _ask(self, batch: _Batch, key: Hashable) -> asyncio.Future[Any]:
        known = batch.known(key)
        if known is not None:
            return known
        answer = asyncio.get_running_loop().create_future()
        if self._is_ended:
            answer.cancel()
            return answer
        batch.answers[key] = answer
        if not batch.is_asked:
            self._waiting.append(batch)
        batch.asked.append(key)
        self._begin()
        return answer

    def _begin(self) -> None:
        self._questions += 1
        if self._task is None:
            self._task = asyncio.create_task(self._answer_all())

    async def _answer_all(self) -> None:
        """Answer until nothing more is asked, then give the connection back: a change may need it."""
        try:
            async with self._database.acquire() as connection:
                await self._quiet()
                while self._waiting:
                    await self._waiting.popleft().answer(connection)
                    await self._quiet()
        except Exception as error:  # whoever waits is told
            while self._waiting:
                self._waiting.popleft().fail(error)
        finally:
            self._task = asyncio.create_task(self._answer_all()) if self._waiting else None

    async def _quiet(self) -> None:
        quiet_turns = 0
        while quiet_turns < QUIET_TURNS and not self._is_ended:
            questions = self._questions
            await asyncio.sleep(0)
            quiet_turns = quiet_turns + 1 if questions == self._questions else 0


class _Batch:
    """The keys that are asked of one read with the same arguments, and the answers so far."""

    def __init__(
        self,
        run: Callable[[Connection, Sequence[Any]], Awaitable[Mapping[Any, Any]]],
        *,
        keeps_answers: bool = False,
    ) -> None:
        self._run = run
        self._keeps_answers = keeps_answers
        self.answers: dict[Hashable, asyncio.Future[Any]] = {}
        self.asked: list[Hashable] = []
        self.groups: list[_Group] = []

    @property
    def is_asked(self) -> bool:
        return bool(self.asked or self.groups)

    def known(self, key: Hashable) -> asyncio.Future[Any] | None:
        answer = self.answers.get(key)
        is_usable = answer is not None and (
            not answer.done() or (self._keeps_answers and not answer.cancelled())
        )
        return answer if is_usable else None

    async def answer(self, connection: Connection) -> None:
        asked, groups = self._taken_up()
        keys = dict.fromkeys(itertools.chain(asked, *(group for group, _ in groups)))
        try:
            found = await self._run(connection, list(keys))
        except Exception as error:  # each resolver that waits raises it
            self._refuse(asked, groups, error)
            return
        for key in asked:
            if not self.answers[key].done():
                self.answers[key].set_result(found.get(key))
        for group, answer in groups:
            if not answer.done():
                answer.set_result([found.get(key) for key in group])

    def cancel(self) -> None:
        asked, groups = self._taken_up()
        for answer in (*(self.answers[key] for key in asked), *(answer for _, answer in groups)):
            answer.cancel()

    def fail(self, error: Exception) -> None:
        self._refuse(*self._taken_up(), error)

    def _taken_up(self) -> _Asked:
        asked, groups = self.asked, self.groups
        self.asked, self.groups = [], []
        return asked, groups

    def _refuse(self, asked: Sequence[Hashable], groups: Sequence[_Group], error: Exception) -> None:
        for answer in (*(self.answers[key] for key in asked), *(answer for _, answer in groups)):
            if not answer.done():
                answer.set_exception(error)
                answer.exception()  # a resolver given up meanwhile does not fetch it
