"""What is found out once for each operation and kept while clients repeat it.

The documents that were parsed lately are kept (documents.py), so that an operation sent again is the same object.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any, Generic, TypeVar

MOST_OPERATIONS = 512

T = TypeVar("T")


class KnownOperations(Generic[T]):
    """Of at most so many operations, what `make` makes for each."""

    def __init__(self, make: Callable[[], T], most: int = MOST_OPERATIONS) -> None:
        self._make = make
        self._most = most
        # With the objects themselves, as without them their ids may come to stand for others.
        self._known: OrderedDict[tuple[Any, ...], tuple[T, object, object]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._known)

    def of(self, schema: object, operation: object, *told_apart_by: Any) -> T:
        """Return what is kept of an operation of a schema, and of what else tells it apart; a new one if nothing."""
        key = (id(schema), id(operation), *told_apart_by)
        known = self._known.get(key)
        if known is not None:
            self._known.move_to_end(key)
            return known[0]
        made = self._make()
        self._known[key] = made, schema, operation
        if len(self._known) > self._most:
            self._known.popitem(last=False)
        return made
