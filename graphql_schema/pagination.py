"""Relay connections by keyset: arguments, cursors, and the page of rows on its way to the client."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Generic, TypeVar, cast
from uuid import UUID

import asyncpg
import strawberry

from core.access.sight import Sight
from core.db.database import Connection as DatabaseConnection
from core.db.listing import (
    Ordering,
    Page,
    PageRequest,
    count_rows,
    count_rows_of,
    read_page,
    read_pages,
)
from core.issues import Issues
from graphql_schema.context import Context
from graphql_schema.cursors import cursor_writer, decode_cursor
from graphql_schema.row_backed import ReadAll
from graphql_schema.written import written

DEFAULT_PAGE_SIZE = 50
LARGEST_PAGE_SIZE = 100

NodeT = TypeVar("NodeT")


async def _total_count(root: Any) -> int:
    total: int = await root.count()
    return total


@strawberry.type(description="Where a page stands in its list")
class PageInfo:
    """Resolved from a RowPage."""

    has_next_page: bool = strawberry.field(description="Whether there are more behind the page")
    has_previous_page: bool = strawberry.field(description="Whether there are more before the page")
    start_cursor: str | None = strawberry.field(description="The cursor of the page's first item")
    end_cursor: str | None = strawberry.field(description="The cursor of the page's last item")


@strawberry.type(description="One item of a list, and its place in it")
class Edge(Generic[NodeT]):
    """Resolved from a RowEdge."""

    cursor: str = strawberry.field(description="For `after` or `before`; opaque")
    node: NodeT = strawberry.field(description="The item itself")


@strawberry.type(description="A page of a list")
class Connection(Generic[NodeT]):
    """Resolved from a RowPage."""

    edges: list[Edge[NodeT]] = strawberry.field(description="The items, each with its cursor")
    nodes: list[NodeT] = strawberry.field(description="The items alone, for who needs no cursors")
    page_info: PageInfo = strawberry.field(description="Where the page stands in the list")

    total_count: int = strawberry.field(
        resolver=_total_count, description="How long the whole list is; counted only when asked for"
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class PageArguments:
    """What a client wrote; UNSET and None are the same."""

    first: int | None = strawberry.UNSET
    after: str | None = strawberry.UNSET
    last: int | None = strawberry.UNSET
    before: str | None = strawberry.UNSET

    def request(self, ordering: Ordering) -> PageRequest:
        """Return what to read; raise InvalidInput for sizes and cursors that are refused."""
        issues = Issues()
        first, last = written(self.first), written(self.last)
        if first is not None and last is not None:
            issues.refuse(("last",), "conflict", "must not be given together with first")
        for name, size in (("first", first), ("last", last)):
            if size is not None and not 0 <= size <= LARGEST_PAGE_SIZE:
                bounds = f"0..{LARGEST_PAGE_SIZE}"
                issues.refuse_value((name,), "bounds", f"must be from {bounds}", size, expected=bounds)
        after = _place(ordering, "after", written(self.after), issues)
        before = _place(ordering, "before", written(self.before), issues)
        issues.raise_if_any()
        size = next((size for size in (first, last) if size is not None), DEFAULT_PAGE_SIZE)
        return PageRequest(
            ordering=ordering, size=size, after=after, before=before, is_backward=last is not None
        )


def _place(ordering: Ordering, name: str, cursor: str | None, issues: Issues) -> tuple[Any, ...] | None:
    if cursor is None:
        return None
    place = decode_cursor(ordering, cursor)
    if place is None:
        issues.refuse((name,), "cursor", "is not a cursor of this list")
    return place


@dataclass(frozen=True, kw_only=True, slots=True)
class Listed(Generic[NodeT]):
    """A list: its statement, the statement's hashable arguments, and how a row is shown.

    `parent_column` names the parent that a row belongs to, where the list is one below many parents. `columns` are
    those that are to be shown, None for all; those of the order and the id are read with them.
    """

    select: str
    arguments: tuple[Any, ...]
    show: Callable[[asyncpg.Record], NodeT] = field(compare=False)
    parent_column: str = ""
    columns: tuple[str, ...] | None = None


class RowPage:
    """A page of rows on its way to the client, and the one place where lists of rows become objects.

    `cursor_of` returns the place of a row, `object_of` the object that stands for it.
    """

    __slots__ = ("_page", "count", "cursor_of", "object_of")

    def __init__(
        self, listed: Listed[Any], request: PageRequest, page: Page, count: Callable[[], Awaitable[Any]]
    ) -> None:
        self._page = page
        self.count = count
        self.cursor_of = cursor_writer(request.ordering)
        self.object_of = listed.show

    @property
    def nodes(self) -> list[Any]:
        """The rows as objects."""
        return [self.object_of(row) for row in self._page.rows]

    @property
    def edges(self) -> list[RowEdge]:
        """The rows as objects, each with its cursor."""
        return [RowEdge(self, row) for row in self._page.rows]

    @property
    def page_info(self) -> PageInfo:
        """Where the page stands."""
        rows = self._page.rows
        return PageInfo(
            has_next_page=self._page.has_next,
            has_previous_page=self._page.has_previous,
            start_cursor=self.cursor_of(rows[0]) if rows else None,
            end_cursor=self.cursor_of(rows[-1]) if rows else None,
        )


class RowEdge:
    """One row of a page; its cursor is made only if asked for."""

    __slots__ = ("page", "row")

    def __init__(self, page: RowPage, row: asyncpg.Record) -> None:
        self.page = page
        self.row = row

    @property
    def cursor(self) -> str:
        """The row's place."""
        return self.page.cursor_of(self.row)

    @property
    def node(self) -> Any:
        """The row as an object."""
        return self.page.object_of(self.row)

    @classmethod
    def read_together(cls, name: str) -> ReadAll | None:
        """Return what reads an attribute of many edges."""
        return _COLUMNS_OF_EDGES.get(name)


def _cursors(edges: Sequence[RowEdge]) -> list[str]:
    return [edge.page.cursor_of(edge.row) for edge in edges]


def _nodes(edges: Sequence[RowEdge]) -> list[Any]:
    return [edge.page.object_of(edge.row) for edge in edges]


_COLUMNS_OF_EDGES: Mapping[str, ReadAll] = MappingProxyType({"cursor": _cursors, "node": _nodes})


async def connect(context: Context, listed: Listed[NodeT], request: PageRequest) -> Connection[NodeT]:
    """Return a page of a list, as the source of a Connection."""
    page = await context.reads.once(read_page, listed.select, listed.arguments, request, listed.columns)
    source = RowPage(
        listed, request, page, lambda: context.reads.once(count_rows, listed.select, listed.arguments)
    )
    return cast("Connection[NodeT]", source)


async def connect_below(
    context: Context, parent: UUID, listed: Listed[NodeT], request: PageRequest
) -> Connection[NodeT]:
    """Return a page of those rows of a list that belong to a parent; for many parents in one statement."""
    page = await context.reads.load(_pages_below, parent, listed, request)
    source = RowPage(
        listed,
        request,
        page or Page(rows=()),
        lambda: context.reads.load(_counts_below, parent, listed),
    )
    return cast("Connection[NodeT]", source)


async def _pages_below(
    connection: DatabaseConnection,
    _sight: Sight,
    parents: Sequence[UUID],
    listed: Listed[Any],
    request: PageRequest,
) -> dict[UUID, Page]:
    return await read_pages(
        connection,
        listed.select,
        listed.arguments,
        request,
        parent_column=listed.parent_column,
        parents=parents,
        columns=listed.columns,
    )


async def _counts_below(
    connection: DatabaseConnection, _sight: Sight, parents: Sequence[UUID], listed: Listed[Any]
) -> dict[UUID, int]:
    return await count_rows_of(
        connection, listed.select, listed.arguments, parent_column=listed.parent_column, parents=parents
    )
