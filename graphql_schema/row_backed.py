"""Objects that read from their row what is asked of them, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter, itemgetter
from typing import Any, ClassVar, Self

from core.ids import Prefix, encode_ids

# What is asked of many rows at once costs a fraction of asking each.
ReadAll = Callable[[Sequence[Any]], list[Any]]

_row_of = attrgetter("row")


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadColumn:
    """How an attribute is read from many rows, and which of their columns it needs."""

    columns: Sequence[str]
    read_all: ReadAll


class RowBacked:
    """Base of a type whose fields stand in a row: COLUMNS says of each how it is read from many rows."""

    COLUMNS: ClassVar[Mapping[str, ReadColumn]]
    row: Any

    @classmethod
    def of(cls, row: Any) -> Self:
        """Return the object that stands for a row."""
        made = cls.__new__(cls)
        made.row = row
        return made

    @classmethod
    def of_each(cls, lists: Sequence[Sequence[Any]]) -> list[list[Self]]:
        """Return lists of rows as lists of objects; a row that stands in several is one object."""
        rows = {id(row): row for rows in lists for row in rows}
        shown = {key: cls.of(row) for key, row in rows.items()}
        return [[shown[id(row)] for row in rows] for rows in lists]

    @classmethod
    def read_together(cls, name: str) -> ReadAll | None:
        """Return what reads an attribute of many objects, or None if it does not stand in the row."""
        column = cls.COLUMNS.get(name)
        return None if column is None else lambda objects: column.read_all(list(map(_row_of, objects)))

    def __getattr__(self, name: str) -> Any:
        column = type(self).COLUMNS.get(name)
        if column is None:
            raise AttributeError(f"{type(self).__name__} has no {name}")
        return column.read_all((self.row,))[0]


def stored(name: str) -> ReadColumn:
    """Return what reads a column as it is."""
    read = itemgetter(name)
    return ReadColumn(columns=(name,), read_all=lambda rows: list(map(read, rows)))


def all_stored(*names: str) -> dict[str, ReadColumn]:
    """Return what reads each of the columns that are named as their fields."""
    return {name: stored(name) for name in names}


def derived(read: Callable[[Any], Any], *columns: str) -> ReadColumn:
    """Return what asks `read` of each row, of which it needs these columns."""
    return ReadColumn(columns=columns, read_all=lambda rows: list(map(read, rows)))


def public_id(prefix: Prefix) -> ReadColumn:
    """Return what reads the public ids of rows."""
    return ReadColumn(columns=("id",), read_all=lambda rows: encode_ids(prefix, [row["id"] for row in rows]))
