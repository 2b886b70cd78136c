"""JSON whose bytes survive `JSON.stringify(JSON.parse(bytes))`, so that a receiver may sign what it parsed."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import TypeAlias

JsonValue: TypeAlias = "str | int | bool | Mapping[str, JsonValue] | Sequence[JsonValue] | None"

GREATEST_SAFE_INTEGER = 2**53 - 1

_SURROGATE = re.compile("[\ud800-\udfff]")
# JavaScript moves the members of an object whose names are whole numbers to its front.
_ARRAY_INDEX = re.compile("0|[1-9][0-9]*")


def canonical_json(value: JsonValue) -> bytes:
    """Return the bytes that Node's JSON.stringify gives for the value.

    NUL is dropped from texts and a lone surrogate becomes U+FFFD: no receiver could keep them. Raises
    ValueError for what JavaScript would write otherwise: fractions, integers beyond 2^53 - 1, and members
    whose names are whole numbers.
    """
    return json.dumps(_writable(value), ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def clean_text(text: str) -> str:
    """Return the text without NUL and with U+FFFD for each lone surrogate."""
    return _SURROGATE.sub("\ufffd", text.replace("\x00", ""))


def _writable(value: JsonValue) -> JsonValue:
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int):
        return _safe_integer(value)
    if isinstance(value, Mapping):
        return {_member_name(name): _writable(member) for name, member in value.items()}
    if isinstance(value, list | tuple):
        return [_writable(item) for item in value]
    raise ValueError(f"{type(value).__name__} has no canonical form")


def _safe_integer(value: int) -> int:
    if abs(value) > GREATEST_SAFE_INTEGER:
        raise ValueError("an integer beyond 2^53 - 1 has no canonical form")
    # A plain int: an enum of integers must not be written by its name.
    return int(value)


def _member_name(name: str) -> str:
    cleaned = clean_text(name)
    if _ARRAY_INDEX.fullmatch(cleaned):
        raise ValueError(f"a member named {cleaned} has no canonical place")
    return cleaned
