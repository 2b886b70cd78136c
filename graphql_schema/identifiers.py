"""Ids and lists as filters give them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar
from uuid import UUID

from core.ids import Prefix, decode_id
from graphql_schema.written import written

T = TypeVar("T")

# Stands for an id that is malformed: it is nobody's, as an id that is unknown.
_NOBODY = UUID(int=0)


def filter_id(prefix: Prefix, text: str | None) -> UUID | None:
    """Return the id to filter by, or None if nothing was written."""
    value = written(text)
    return None if value is None else decode_id(prefix, value) or _NOBODY


def frozen_list(values: Sequence[T] | None) -> tuple[T, ...] | None:
    """Return the values as a hashable sequence, or None if nothing was written."""
    value = written(values)
    return None if value is None else tuple(value)
