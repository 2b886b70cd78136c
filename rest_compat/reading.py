"""Reads what a request brings: its JSON and its query, with all that is wrong told at once."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from core.errors import InvalidInput
from core.issues import Issues
from core.unset import UNSET, Unset
from plugins.api.config import Config, ConfigErrors, Issue, Meta, parse
from rest_compat.route import Parameter

ConfigT = TypeVar("ConfigT", bound=Config)
ValueT = TypeVar("ValueT")

# The numbers that every database and client can hold; what of them is allowed, the services say.
WHOLE = Meta(ge=0, le=2**31 - 1)

# The highest number of a page: further lists do not go, and what is skipped fits the database's integers.
FURTHEST_PAGE = 1_000_000_000
_WHOLE_NUMBER = re.compile("-?[0-9]{1,100}")
NOT_AN_OBJECT = Issue(path=(), rule="json", message="the body must be a json object", expected="object")


def json_object(body: bytes) -> dict[str, Any]:
    """Return the JSON object that a body is; raise InvalidInput."""
    try:
        return msgspec.json.decode(body, type=dict[str, Any])
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise InvalidInput([NOT_AN_OBJECT]) from error


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
    if not _WHOLE_NUMBER.fullmatch(text):
        cause = f"must be a whole number from 1 to {most}"
        issues.refuse_value((name,), "integer", cause, text, expected=f"1 to {most}")
        return default
    number = int(text)
    issues.bound((name,), number, 1, most)
    return number


def number_parameter(name: str, description: str, *, default: int, most: int) -> Parameter:
    """Return the parameter of the query that `whole_number` reads."""
    schema = {"type": "integer", "minimum": 1, "maximum": most, "default": default}
    return Parameter(name=name, description=description, schema=schema)


def choice(query: Mapping[str, str], name: str, choices: Sequence[str], issues: Issues) -> str | None:
    """Return what the query chooses, None if nothing; note an issue if there is no such choice."""
    text = query.get(name)
    if text is None or text in choices:
        return text
    expected = ", ".join(choices)
    issues.refuse_value((name,), "enum", f"must be one of {expected}", text, expected=expected)
    return None


def choice_parameter(
    name: str, description: str, choices: Sequence[str], *, default: str | None = None
) -> Parameter:
    """Return the parameter of the query that `choice` reads."""
    schema: dict[str, Any] = {"type": "string", "enum": list(choices)}
    return Parameter(
        name=name,
        description=description,
        schema=schema if default is None else {**schema, "default": default},
    )


def if_given(data: Mapping[str, Any], name: str, value: ValueT) -> ValueT | Unset:
    """Return the value of a field that the body names, UNSET of one that it leaves out: null is something else."""
    return value if name in data else UNSET
