"""The mark of what an input left out: absent means unchanged, null means back to the default."""

from __future__ import annotations

import enum
from typing import Final, TypeVar

T = TypeVar("T")


class Unset(enum.Enum):
    """The type of UNSET, so that `value is UNSET` narrows it."""

    UNSET = enum.auto()


UNSET: Final = Unset.UNSET


def given(value: T | Unset | None, present: T, default: T) -> T:
    """Return the value of an update: what stands already if absent, the default if null."""
    if value is UNSET:
        return present
    return default if value is None else value
