"""Pages of StatusApp's lists: by number, in an order that the client names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import asyncpg
import msgspec

from core.db.database import Connection
from core.db.listing import Ordering, count_rows, read_stretch
from core.issues import Issues
from core.text_rules import name_of
from rest_compat.reading import FURTHEST_PAGE, choice, choice_parameter, number_parameter, whole_number
from rest_compat.route import Parameter

DEFAULT_LIMIT: Final = 50
MOST_LIMIT: Final = 100
LONGEST_SEARCH: Final = 2_000
ASCENDING: Final = "asc"
DESCENDING: Final = "desc"


class Pagination(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Which page of how many."""

    total: int
    page: int
    limit: int
    total_pages: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Sorting:
    """The fields that a list is sorted by, each with its ascending and its descending order; the first is the default."""

    orders: Mapping[str, tuple[Ordering, Ordering]]

    @property
    def fields(self) -> Sequence[str]:
        """The names of the fields."""
        return list(self.orders)


@dataclass(frozen=True, kw_only=True, slots=True)
class PageWanted:
    """The page that a request asks for."""

    page: int
    limit: int
    ordering: Ordering

    def told(self, total: int) -> Pagination:
        """Return what is told of the page where the list is so long."""
        return Pagination(total=total, page=self.page, limit=self.limit, total_pages=-(-total // self.limit))


def page_wanted(query: Mapping[str, str], sorting: Sorting, issues: Issues) -> PageWanted:
    """Return the page of a query, noting what is wrong with it."""
    page = whole_number(query, "page", default=1, most=FURTHEST_PAGE, issues=issues)
    limit = whole_number(query, "limit", default=DEFAULT_LIMIT, most=MOST_LIMIT, issues=issues)
    field = choice(query, "sort", sorting.fields, issues) or sorting.fields[0]
    direction = choice(query, "order", (ASCENDING, DESCENDING), issues) or DESCENDING
    ascending, descending = sorting.orders.get(field, sorting.orders[sorting.fields[0]])
    return PageWanted(page=page, limit=limit, ordering=ascending if direction == ASCENDING else descending)


async def read_wanted(
    connection: Connection,
    select: str,
    arguments: Sequence[Any],
    wanted: PageWanted,
    columns: tuple[str, ...] | None = None,
) -> tuple[list[asyncpg.Record], Pagination]:
    """Return the rows of the page, those of the columns (None: all), and what is told of it."""
    total = await count_rows(connection, select, arguments)
    skipped = (wanted.page - 1) * wanted.limit
    rows = await read_stretch(
        connection,
        select,
        arguments,
        wanted.ordering,
        skipped=skipped,
        size=wanted.limit,
        columns=columns,
    )
    return rows, wanted.told(total)


def paging_parameters(sorting: Sorting) -> tuple[Parameter, ...]:
    """Return the parameters that `page_wanted` reads."""
    first = sorting.fields[0]
    return (
        number_parameter("page", "Page number", default=1, most=FURTHEST_PAGE),
        number_parameter("limit", "Results per page", default=DEFAULT_LIMIT, most=MOST_LIMIT),
        choice_parameter("sort", "Sort field", sorting.fields, default=first),
        choice_parameter("order", "Sort order", (ASCENDING, DESCENDING), default=DESCENDING),
    )


def searched(query: Mapping[str, str], name: str, issues: Issues) -> str | None:
    """Return the text to search for, None if nothing; note what no stored text can hold."""
    text = query.get(name)
    if text is not None and text.strip():
        name_of(text, (name,), issues, longest=LONGEST_SEARCH)
    return text
