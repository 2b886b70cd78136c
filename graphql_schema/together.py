"""Fields that are told for many objects in one go.

A field costs a coroutine and a future for each object; one that every dashboard asks for is told together
instead. Its resolver asks the same function for the one object, so that there is one truth.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from typing import Any, TypeVar

ResolverT = TypeVar("ResolverT", bound=Callable[..., Any])
TellAll = Callable[..., Coroutine[Any, Any, list[Any]]]

_ATTRIBUTE = "told_together_by"
_COLUMNS = "columns_read"


def together(tell: TellAll, *, columns: Sequence[str]) -> Callable[[ResolverT], ResolverT]:
    """Say that `tell`, given the objects, `info` and the field's arguments, returns what each resolver would.

    `columns` are all that it reads of the objects' rows.
    """

    def mark(resolver: ResolverT) -> ResolverT:
        setattr(resolver, _ATTRIBUTE, tell)
        setattr(resolver, _COLUMNS, columns)
        return resolver

    return mark


def told_together_by(resolver: Callable[..., Any]) -> TellAll | None:
    """Return what tells a resolver's field for many objects, or None."""
    return getattr(resolver, _ATTRIBUTE, None)


def columns_read_by(resolver: Callable[..., Any]) -> Sequence[str] | None:
    """Return the columns that a resolver reads of its object's row, or None if that is not known."""
    return getattr(resolver, _COLUMNS, None)
