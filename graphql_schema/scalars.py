"""How moments are read and written."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import strawberry
from graphql import GraphQLError

from core.moments import moment_of, write_moment


def read_moment(text: Any) -> datetime:
    """Return the moment that a text names; it must say its offset from UTC."""
    moment = moment_of(text)
    if moment is None:
        raise GraphQLError("DateTime must be ISO-8601 with an offset, such as 2026-02-16T11:23:00.000Z")
    return moment


DATE_TIME = strawberry.scalar(
    name="DateTime",
    description="A moment: ISO-8601, UTC, milliseconds: 2026-02-16T11:23:00.000Z",
    serialize=write_moment,
    parse_value=read_moment,
)
