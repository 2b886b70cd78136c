"""The objects of an answer: each made at once of its members, and not looked at by the garbage collector."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

# A class is worth its making for the selections that clients repeat.
_KEPT = 512
_MOST_MEMBERS = 100


def records(names: Sequence[str], columns: Sequence[Sequence[Any]], count: int) -> list[Any]:
    """Return `count` objects that are encoded with a member of each column, under its name and in that order."""
    if not names:
        return [{} for _ in range(count)]
    if len(names) > _MOST_MEMBERS:
        return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]
    return list(itertools.starmap(_record(tuple(names)), zip(*columns, strict=True)))


@functools.lru_cache(maxsize=_KEPT)
def _record(names: tuple[str, ...]) -> Callable[..., Any]:
    """Return the class of objects with these members; a client's names may be words of Python."""
    fields = [(f"member_{place}", Any) for place in range(len(names))]
    told_as = {field: name for (field, _), name in zip(fields, names, strict=True)}
    return msgspec.defstruct("Record", fields, rename=told_as, gc=False, eq=False)
