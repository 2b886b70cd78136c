"""Objects that read from their row what is asked of them, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Self
from uuid import UUID

from core.ids import Prefix, encode_id

ReadColumn = Callable[[Any], Any]


class RowBacked:
    """Base of a type whose fields stand in a row: COLUMNS says of each how it is read from there."""

    COLUMNS: ClassVar[Mapping[str, ReadColumn]]
    row: Any

    @classmethod
    def of(cls, row: Any) -> Self:
        """Return the object that stands for a row."""
        made = cls.__new__(cls)
        made.row = row
        return made

    def __getattr__(self, name: str) -> Any:
        column = type(self).COLUMNS.get(name)
        if column is None:
            raise AttributeError(f"{type(self).__name__} has no {name}")
        return column(self.row)


def public_id(prefix: Prefix) -> ReadColumn:
    """Return what reads the public id of a row."""

    def read(row: Any) -> str:
        identifier: UUID = row["id"]
        return encode_id(prefix, identifier)

    return read
