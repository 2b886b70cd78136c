"""What a route reads with: one connection, within what the principal gets to see now."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

from core.access.sight import Sight, sight_of
from core.db.database import Connection
from core.issues import Issues
from core.moments import write_moment
from rest_compat.reading import FURTHEST_PAGE, number_parameter, whole_number
from rest_compat.route import Call, Parameter

PAGE = number_parameter("page", "Which page of the list", default=1, most=FURTHEST_PAGE)


@dataclass(frozen=True, kw_only=True, slots=True)
class Reads:
    """The connection, what is in sight, and when that is."""

    connection: Connection
    sight: Sight
    now: datetime


@asynccontextmanager
async def reads(call: Call) -> AsyncIterator[Reads]:
    """Give what to read with for a request."""
    now = call.services.clock.now()
    async with call.services.database.acquire() as connection:
        yield Reads(connection=connection, sight=sight_of(call.principal, now), now=now)


@dataclass(frozen=True, kw_only=True, slots=True)
class Stretch:
    """A page of a list."""

    page: int
    limit: int

    @property
    def skipped(self) -> int:
        """How many rows come before it."""
        return (self.page - 1) * self.limit


def limit_parameter(what: str, *, default: int, most: int) -> Parameter:
    """Return the parameter by which a page is bounded."""
    return number_parameter("limit", f"{what} a page", default=default, most=most)


def stretch_of(query: Mapping[str, str], issues: Issues, *, default: int, most: int) -> Stretch:
    """Return the page that a query asks for, noting what is wrong with it."""
    page = whole_number(query, PAGE.name, default=1, most=FURTHEST_PAGE, issues=issues)
    limit = whole_number(query, "limit", default=default, most=most, issues=issues)
    return Stretch(page=page, limit=limit)


def moment_or_none(moment: datetime | None) -> str | None:
    """Return a moment as every API writes it."""
    return None if moment is None else write_moment(moment)


def milliseconds(microseconds: int | None) -> float | None:
    """Return a measured time as it is told."""
    return None if microseconds is None else microseconds / 1000
