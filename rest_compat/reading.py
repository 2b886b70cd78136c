"""Reads what a request brings: its JSON and its query, with all that is wrong told at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec

from core.errors import InvalidInput
from core.issues import Issues
from plugins.api.config import Config, ConfigErrors, Issue, parse

ConfigT = TypeVar("ConfigT", bound=Config)


def json_object(body: bytes) -> dict[str, Any]:
    """Return the JSON object that a body is; raise InvalidInput."""
    try:
        return msgspec.json.decode(body, type=dict[str, Any])
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        message = "the body must be a json object"
        raise InvalidInput([Issue(path=(), rule="json", message=message, expected="object")]) from error


def parsed(config: type[ConfigT], data: Mapping[str, Any]) -> ConfigT:
    """Return the body as its class says; raise InvalidInput with every issue."""
    try:
        return parse(config, dict(data))
    except ConfigErrors as refusal:
        raise InvalidInput(refusal.issues) from refusal


def whole_number(query: Mapping[str, str], name: str, *, default: int, most: int, issues: Issues) -> int:
    """Return a number of the query, 1 or more; note an issue if it is none, or too large."""
    text = query.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(most))):
        cause = f"must be a whole number from 1 to {most}"
        issues.refuse_value((name,), "integer", cause, text, expected=f"1 to {most}")
        return default
    number = int(text)
    issues.bound((name,), number, 1, most)
    return number
