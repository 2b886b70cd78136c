"""Columns: the values of one field for all objects of a level, and how they are completed together."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from graphql_schema.fast_lists.abandoned import Abandoned
from graphql_schema.fast_lists.waiting import close_all

# A coroutine while anything in it has still to be read.
Column: TypeAlias = list[Any] | Coroutine[Any, Any, list[Any]]
Complete: TypeAlias = Callable[[list[Any]], Column]


def side_by_side(steps: Iterable[Callable[[], Column]]) -> list[Column]:
    """Return the column that each step gives; if one raises, nothing of the others is left behind."""
    columns: list[Column] = []
    try:
        for step in steps:
            columns.append(step())  # noqa: PERF401  (what is there has to be closed)
    except BaseException:
        close_all(columns)
        raise
    return columns


def then(columns: Sequence[Column], finish: Callable[[Sequence[list[Any]]], list[Any]]) -> Column:
    """Return what `finish` makes of the columns: at once if all are ready."""
    ready = [column for column in columns if isinstance(column, list)]
    return finish(ready) if len(ready) == len(columns) else _finished_later(columns, finish)


async def _finished_later(
    columns: Sequence[Column], finish: Callable[[Sequence[list[Any]]], list[Any]]
) -> list[Any]:
    """Await the columns side by side, as what they ask for is read together."""
    unfinished = [column for column in columns if not isinstance(column, list)]
    if len(unfinished) == 1:
        finished = [await unfinished[0]]
    else:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(column) for column in unfinished]
        finished = [task.result() for task in tasks]
    found = iter(finished)
    return finish([column if isinstance(column, list) else next(found) for column in columns])


def distinct(complete: Complete) -> Complete:
    """Return what completes an object once that stands in several places: what is shown of it is the same."""

    def completed(values: list[Any]) -> Column:
        if len(set(map(id, values))) == len(values):
            return complete(values)
        objects = {id(value): value for value in values}
        places = {key: place for place, key in enumerate(objects)}
        return then(
            [complete(list(objects.values()))],
            lambda done: [done[0][places[id(value)]] for value in values],
        )

    return completed


def required(complete: Complete) -> Complete:
    """Return what completes a column in which nothing may be missing."""

    def completed(values: list[Any]) -> Column:
        if [value for value in values if value is None]:
            raise Abandoned("nothing where something is required")
        return complete(values)

    return completed


def nullable(complete: Complete) -> Complete:
    """Return what completes those values that are there."""

    def completed(values: list[Any]) -> Column:
        present = [value for value in values if value is not None]
        if len(present) == len(values):
            return complete(values)
        if not present:
            return values

        def scattered(done: Sequence[list[Any]]) -> list[Any]:
            found = iter(done[0])
            return [None if value is None else next(found) for value in values]

        return then([complete(present)], scattered)

    return completed


def lists(complete: Complete) -> Complete:
    """Return what completes a column of lists: all their items as one column."""

    def completed(values: list[Any]) -> Column:
        items: list[Any] = []
        for value in values:
            if not isinstance(value, list | tuple):
                raise Abandoned(f"{value!r} is not a list")
            items += value

        def cut(done: Sequence[list[Any]]) -> list[Any]:
            found = iter(done[0])
            return [[next(found) for _ in value] for value in values]

        return then([complete(items)], cut)

    return completed


def grouped(values: Sequence[Any], names: Sequence[str], complete: Mapping[str, Complete]) -> Column:
    """Return the values completed, each by what its name stands for; equal names in one column."""
    groups: dict[str, list[Any]] = {}
    for value, name in zip(values, names, strict=True):
        groups.setdefault(name, []).append(value)

    def merged(done: Sequence[list[Any]]) -> list[Any]:
        found = {name: iter(column) for name, column in zip(groups, done, strict=True)}
        return [next(found[name]) for name in names]

    return then(
        side_by_side(lambda name=name: complete[name](groups[name]) for name in groups),  # type: ignore[misc]
        merged,
    )
