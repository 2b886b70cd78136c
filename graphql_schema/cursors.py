"""Opaque cursors: a row's place in an order, as text. Nothing in one is trusted when it comes back."""

from __future__ import annotations

import base64
import binascii
import functools
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from core.db.listing import Ordering, SortType

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_GREATEST_INTEGER = 2**63 - 1
_FOR_URLS = bytes.maketrans(b"+/", b"-_")


@functools.lru_cache(maxsize=256)
def cursor_writer(ordering: Ordering) -> Callable[[Any], str]:
    """Return what returns the cursor of a row's place in the order."""
    columns = [(column.name, _WRITTEN[column.type]) for column in ordering.columns]
    return lambda row: _text_of([ordering.name, *[write(row[name]) for name, write in columns]])


def _text_of(values: list[Any]) -> str:
    # As base64.urlsafe_b64encode, at half its cost.
    encoded = binascii.b2a_base64(msgspec.json.encode(values), newline=False)
    return encoded.translate(_FOR_URLS).rstrip(b"=").decode()


def decode_cursor(ordering: Ordering, text: str) -> tuple[Any, ...] | None:
    """Return the place that a cursor names, or None if it is not one of this order."""
    try:
        padded = text.encode("ascii") + b"=" * (-len(text) % 4)
        name, *values = msgspec.json.decode(
            base64.b64decode(padded, altchars=b"-_", validate=True), type=list
        )
        if name != ordering.name:
            return None
        return tuple(
            _READ[column.type](value) for column, value in zip(ordering.columns, values, strict=True)
        )
    except (ValueError, TypeError, OverflowError, RecursionError, binascii.Error):
        return None


def _read_text(value: Any) -> str:
    if not isinstance(value, str) or "\0" in value:
        raise ValueError("not a text")
    return value


def _read_integer(value: Any) -> int:
    if type(value) is not int or abs(value) > _GREATEST_INTEGER:
        raise ValueError("not an integer")
    return value


def _read_moment(value: Any) -> datetime:
    return _EPOCH + timedelta(microseconds=_read_integer(value))


def _write_moment(value: datetime) -> int:
    return (value - _EPOCH) // _MICROSECOND


_WRITTEN: Mapping[SortType, Callable[[Any], Any]] = {
    SortType.TEXT: str,
    SortType.INTEGER: int,
    SortType.MOMENT: _write_moment,
    SortType.UUID: lambda value: value.hex,
}
_READ: Mapping[SortType, Callable[[Any], Any]] = {
    SortType.TEXT: _read_text,
    SortType.INTEGER: _read_integer,
    SortType.MOMENT: _read_moment,
    SortType.UUID: lambda value: UUID(hex=_read_text(value)),
}
