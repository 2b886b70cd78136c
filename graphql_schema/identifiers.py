"""Ids, texts and lists as filters give them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar
from uuid import UUID

from core.ids import Prefix, decode_id
from core.issues import Issues, Path
from core.text_rules import name_of
from graphql_schema.written import written

T = TypeVar("T")

LONGEST_FILTER = 2_000

# Stands for an id that is malformed: it is nobody's, as an id that is unknown.
_NOBODY = UUID(int=0)


def filter_id(prefix: Prefix, text: str | None) -> UUID | None:
    """Return the id to filter by, or None if nothing was written."""
    value = written(text)
    return None if value is None else decode_id(prefix, value) or _NOBODY


def filter_text(text: str | None, path: Path, issues: Issues) -> str | None:
    """Return the text to filter by, or None if nothing was written; note what no stored text can hold."""
    value = written(text)
    if value is not None and value.strip():
        name_of(value, path, issues, longest=LONGEST_FILTER)
    return value


def frozen_list(values: Sequence[T] | None) -> tuple[T, ...] | None:
    """Return the values as a hashable sequence, or None if nothing was written."""
    value = written(values)
    return None if value is None else tuple(value)
