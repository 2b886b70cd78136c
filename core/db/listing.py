"""Pages of a list by keyset: of one list, or of the same list below many parents in one statement; and by number.

A list is a named statement that returns all its rows, with its columns of order among them, and takes the
workspace as $1. What is added here are the bounds, the order and the limit; PostgreSQL pulls the statement
up, so that its own indexes serve them.
"""

from __future__ import annotations

import enum
import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg

from core.db.database import Connection


class SortType(enum.StrEnum):
    """The SQL type by which a column of order is compared."""

    TEXT = "text"
    INTEGER = "bigint"
    MOMENT = "timestamptz"
    UUID = "uuid"


@dataclass(frozen=True, kw_only=True, slots=True)
class SortColumn:
    """A column of a list's statement, never null, by which it can be ordered."""

    name: str
    type: SortType


BY_ID = SortColumn(name="id", type=SortType.UUID)


@dataclass(frozen=True, kw_only=True, slots=True)
class Ordering:
    """An order in which no two rows are equal: its last column is the id. `name` tells cursors apart."""

    name: str
    columns: tuple[SortColumn, ...] = (BY_ID,)
    is_descending: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class PageRequest:
    """Up to `size` rows between two places, both exclusive: the first ones, or the last ones if backward."""

    ordering: Ordering
    size: int
    after: tuple[Any, ...] | None = None
    before: tuple[Any, ...] | None = None
    is_backward: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Page:
    """Rows in the order asked for, and whether there are more on either side."""

    rows: Sequence[asyncpg.Record]
    has_next: bool = False
    has_previous: bool = False


async def read_page(
    connection: Connection,
    select: str,
    arguments: Sequence[Any],
    request: PageRequest,
    columns: tuple[str, ...] | None = None,
) -> Page:
    """Return a page of the list; `arguments` are those of its statement.

    Of its columns those given are read (None: all), and with them the id and those of the order.
    """
    sql = _page_sql(select, _Bounds.of(request), len(arguments), columns)
    rows = await connection.fetch(sql, *arguments, *_bound_values(request))
    return _page(rows, request)


async def read_pages(
    connection: Connection,
    select: str,
    arguments: Sequence[Any],
    request: PageRequest,
    *,
    parent_column: str,
    parents: Sequence[UUID],
    columns: tuple[str, ...] | None = None,
) -> dict[UUID, Page]:
    """Return, for each of the parents, a page of the rows whose `parent_column` names it; `columns` as above."""
    sql = _pages_sql(select, _Bounds.of(request), len(arguments), parent_column, columns)
    rows = await connection.fetch(sql, *arguments, *_bound_values(request), parents)
    rows_by_parent: dict[UUID, list[asyncpg.Record]] = {parent: [] for parent in parents}
    for row in rows:
        rows_by_parent[row["parent_id"]].append(row)
    return {parent: _page(found, request) for parent, found in rows_by_parent.items()}


async def read_stretch(
    connection: Connection,
    select: str,
    arguments: Sequence[Any],
    ordering: Ordering,
    *,
    skipped: int,
    size: int,
    columns: tuple[str, ...] | None = None,
) -> list[asyncpg.Record]:
    """Return up to `size` rows of the list after the first `skipped`; `columns` as above.

    For clients that count pages: what is skipped is read nevertheless.
    """
    sql = _stretch_sql(select, ordering, len(arguments), columns)
    return await connection.fetch(sql, *arguments, size, skipped)


async def read_stretches(
    connection: Connection,
    select: str,
    arguments: Sequence[Any],
    ordering: Ordering,
    *,
    skipped: int,
    size: int,
    parent_column: str,
    parents: Sequence[UUID],
    columns: tuple[str, ...] | None = None,
) -> dict[UUID, list[asyncpg.Record]]:
    """Return the same of the rows of each parent: those whose `parent_column` names it."""
    sql = _stretches_sql(select, ordering, len(arguments), parent_column, columns)
    found: dict[UUID, list[asyncpg.Record]] = {parent: [] for parent in parents}
    for row in await connection.fetch(sql, *arguments, size, parents, skipped):
        found[row["parent_id"]].append(row)
    return found


async def count_rows(connection: Connection, select: str, arguments: Sequence[Any]) -> int:
    """Return how long the whole list is."""
    total: int = await connection.fetchval(_count_sql(select), *arguments)
    return total


async def count_rows_by(
    connection: Connection, select: str, arguments: Sequence[Any], columns: tuple[str, ...]
) -> list[asyncpg.Record]:
    """Return each combination of values that the columns have in the list, and as `total` how many rows have it."""
    return await connection.fetch(_counts_by_sql(select, columns), *arguments)


async def count_rows_of(
    connection: Connection,
    select: str,
    arguments: Sequence[Any],
    *,
    parent_column: str,
    parents: Sequence[UUID],
) -> dict[UUID, int]:
    """Return how long the list of each parent is."""
    sql = _counts_sql(select, len(arguments), parent_column)
    return {row["parent_id"]: row["total"] for row in await connection.fetch(sql, *arguments, parents)}


async def read_by_ids(
    connection: Connection, select: str, arguments: Sequence[Any], ids: Sequence[UUID]
) -> dict[UUID, asyncpg.Record]:
    """Return those rows of the list that have one of the ids, by id."""
    rows = await connection.fetch(_by_ids_sql(select, len(arguments)), *arguments, ids)
    return {row["id"]: row for row in rows}


@dataclass(frozen=True, kw_only=True, slots=True)
class _Bounds:
    """What of a request shapes its statement; the values are bound."""

    ordering: Ordering
    has_after: bool
    has_before: bool
    is_backward: bool

    @property
    def columns(self) -> tuple[str, ...]:
        return (*(column.name for column in self.ordering.columns), BY_ID.name)

    @classmethod
    def of(cls, request: PageRequest) -> _Bounds:
        return cls(
            ordering=request.ordering,
            has_after=request.after is not None,
            has_before=request.before is not None,
            is_backward=request.is_backward,
        )


def _unbounded(ordering: Ordering) -> _Bounds:
    return _Bounds(ordering=ordering, has_after=False, has_before=False, is_backward=False)


def _bound_values(request: PageRequest) -> list[Any]:
    return [request.size + 1, *(request.after or ()), *(request.before or ())]


def _page(rows: Sequence[asyncpg.Record], request: PageRequest) -> Page:
    """Return the page of rows that were read with one row more than asked for."""
    has_more = len(rows) > request.size
    kept = rows[: request.size]
    is_after, is_before = request.after is not None, request.before is not None
    if request.is_backward:
        return Page(rows=kept[::-1], has_previous=has_more or is_after, has_next=is_before)
    return Page(rows=kept, has_previous=is_after, has_next=has_more or is_before)


# The statements below are made of named statements and of column names in this code; no value enters them.


@functools.lru_cache(maxsize=1024)
def narrowed(select: str, columns: tuple[str, ...] | None, always: tuple[str, ...]) -> str:
    """Return a statement that gives these columns of another's, and those that it always gives; None: all."""
    return select if columns is None else f"SELECT {_named(columns, always)} FROM (\n{select}\n) AS listed"  # noqa: S608


def _named(columns: tuple[str, ...] | None, always: tuple[str, ...]) -> str:
    return (
        "*" if columns is None else ", ".join(f"listed.{name}" for name in dict.fromkeys((*columns, *always)))
    )


@functools.lru_cache(maxsize=1024)
def _page_sql(
    select: str, bounds: _Bounds, argument_count: int, columns: tuple[str, ...] | None = None
) -> str:
    conditions = _conditions(bounds, argument_count)
    where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
    return (
        f"SELECT {_named(columns, bounds.columns)} FROM (\n{select}\n) AS listed\n{where}\n"  # noqa: S608
        f"ORDER BY {_order(bounds, 'listed')} LIMIT ${argument_count + 1}"
    )


@functools.lru_cache(maxsize=1024)
def _stretch_sql(
    select: str, ordering: Ordering, argument_count: int, columns: tuple[str, ...] | None
) -> str:
    return f"{_page_sql(select, _unbounded(ordering), argument_count, columns)} OFFSET ${argument_count + 2}"


@functools.lru_cache(maxsize=256)
def _stretches_sql(
    select: str,
    ordering: Ordering,
    argument_count: int,
    parent_column: str,
    columns: tuple[str, ...] | None,
) -> str:
    offset = f" OFFSET ${argument_count + 3}"
    return _pages_sql(select, _unbounded(ordering), argument_count, parent_column, columns, offset=offset)


@functools.lru_cache(maxsize=1024)
def _pages_sql(
    select: str,
    bounds: _Bounds,
    argument_count: int,
    parent_column: str,
    columns: tuple[str, ...] | None = None,
    *,
    offset: str = "",
) -> str:
    conditions = [f"listed.{parent_column} = parent.id", *_conditions(bounds, argument_count)]
    parents = argument_count + 1 + len(bounds.ordering.columns) * (bounds.has_after + bounds.has_before) + 1
    return (
        f"SELECT parent.id AS parent_id, page.* FROM unnest(${parents}::uuid[]) AS parent (id)\n"  # noqa: S608
        f"CROSS JOIN LATERAL (SELECT {_named(columns, bounds.columns)} FROM (\n{select}\n) AS listed\n"
        f"WHERE {' AND '.join(conditions)}\n"
        f"ORDER BY {_order(bounds, 'listed')} LIMIT ${argument_count + 1}{offset}) AS page\n"
        f"ORDER BY {_order(bounds, 'page')}"
    )


@functools.lru_cache(maxsize=256)
def _count_sql(select: str) -> str:
    return f"SELECT count(*) FROM (\n{select}\n) AS listed"  # noqa: S608


@functools.lru_cache(maxsize=256)
def _counts_by_sql(select: str, columns: tuple[str, ...]) -> str:
    named = _named(columns, ())
    return f"SELECT {named}, count(*) AS total FROM (\n{select}\n) AS listed\nGROUP BY {named}"  # noqa: S608


@functools.lru_cache(maxsize=256)
def _counts_sql(select: str, argument_count: int, parent_column: str) -> str:
    return (
        f"SELECT parent.id AS parent_id, (SELECT count(*) FROM (\n{select}\n) AS listed\n"  # noqa: S608
        f"WHERE listed.{parent_column} = parent.id) AS total\n"
        f"FROM unnest(${argument_count + 1}::uuid[]) AS parent (id)"
    )


@functools.lru_cache(maxsize=256)
def _by_ids_sql(select: str, argument_count: int) -> str:
    return f"SELECT * FROM (\n{select}\n) AS listed\nWHERE listed.id = ANY(${argument_count + 1}::uuid[])"  # noqa: S608


def _conditions(bounds: _Bounds, argument_count: int) -> list[str]:
    columns = bounds.ordering.columns
    place = argument_count + 2
    conditions = []
    for is_wanted, beyond in ((bounds.has_after, True), (bounds.has_before, False)):
        if is_wanted:
            names = ", ".join(f"listed.{column.name}" for column in columns)
            values = ", ".join(f"${place + offset}::{column.type}" for offset, column in enumerate(columns))
            comparison = ">" if beyond is not bounds.ordering.is_descending else "<"
            conditions.append(f"({names}) {comparison} ({values})")
            place += len(columns)
    return conditions


def _order(bounds: _Bounds, alias: str) -> str:
    direction = "DESC" if bounds.ordering.is_descending is not bounds.is_backward else "ASC"
    return ", ".join(f"{alias}.{column.name} {direction}" for column in bounds.ordering.columns)


def ordered_by(name: str, column: str, column_type: SortType, *, is_descending: bool = False) -> Ordering:
    """Return the order by one column, and among equals by id."""
    first = SortColumn(name=column, type=column_type)
    return Ordering(name=name, columns=(first, BY_ID), is_descending=is_descending)
