"""Strawberry's mark of what a client left out, turned into what the rest of the code understands."""

from __future__ import annotations

from typing import TypeVar

import strawberry

from core.unset import UNSET, Unset

T = TypeVar("T")


def written(value: T | None) -> T | None:
    """Return the value, or None if it was left out."""
    return None if value is strawberry.UNSET else value


def written_or_unset(value: T | None) -> T | Unset | None:
    """Return the value, null included, or the core's UNSET if it was left out."""
    return UNSET if value is strawberry.UNSET else value
