"""The shape of JSON, to be compared with that of an example."""

from __future__ import annotations

from typing import Any


def shape_of(value: Any) -> Any:
    """Return the keys and types of JSON; of a list those of its items."""
    if isinstance(value, dict):
        return {name: shape_of(each) for name, each in value.items()}
    if isinstance(value, list):
        return [shape_of(value[0])] if value else []
    return type(value).__name__
