"""What is wrong with fields, in the words of zod, the validator whose list StatusApp answers with.

https://v3.zod.dev/ERROR_HANDLING: each code has members of its own. Messages are ours, which say more, but for those
of wrong types.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

import msgspec

from plugins.api.config import Issue

_INVALID_TYPE: Final = "invalid_type"
_UNDEFINED: Final = "undefined"

# What JSON's types are called in JavaScript.
_TYPES: Mapping[str | None, str] = MappingProxyType({"text": "string", "list": "array", "integer": "number"})


class FieldError(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that is wrong with a field."""

    code: str
    path: list[str | int]
    message: str
    expected: str | None = None
    received: str | None = None
    keys: list[str] = []
    options: list[str] = []
    validation: str | None = None
    type: str | None = None
    minimum: float | None = None
    maximum: float | None = None
    inclusive: bool | None = None


def field_error(issue: Issue) -> FieldError:
    """Return an issue as zod would tell it; what zod has no code for is `custom`."""
    if issue.rule == "invalid" and issue.path[-1].lower().endswith("url"):
        return _told(issue, "invalid_string", validation="url")
    tell = _BY_RULE.get(issue.rule)
    return _told(issue, "custom") if tell is None else tell(issue)


def _told(issue: Issue, code: str, **members: Any) -> FieldError:
    said: dict[str, Any] = {
        "path": _places(issue.path),
        "message": issue.message,
        "expected": issue.expected,
        "received": issue.received,
    }
    return FieldError(code=code, **{**said, **members})


def _places(path: tuple[str, ...]) -> list[str | int]:
    """Return the path with positions of lists as numbers."""
    return [int(step) if step.isascii() and step.isdigit() else step for step in path]


def _missing(issue: Issue) -> FieldError:
    expected = _TYPES.get(issue.expected, issue.expected)
    if issue.received is None:
        return _told(issue, _INVALID_TYPE, expected=expected, received=_UNDEFINED, message="Required")
    message = f"Expected {expected}, received {issue.received}"
    return _told(issue, _INVALID_TYPE, expected=expected, message=message)


def _wrong_type(issue: Issue) -> FieldError:
    received = _TYPES.get(issue.received, issue.received)
    # Of a number that is not whole zod says which it is.
    expected = "integer" if issue.expected == "integer" and received == "number" else None
    expected = expected or _TYPES.get(issue.expected, issue.expected)
    received = "float" if expected == "integer" else received
    message = f"Expected {expected}" if received is None else f"Expected {expected}, received {received}"
    return _told(issue, _INVALID_TYPE, expected=expected, received=received, message=message)


def _unknown_key(issue: Issue) -> FieldError:
    *above, key = issue.path
    hint = f"; did you mean {issue.expected}?" if issue.expected else ""
    return FieldError(
        code="unrecognized_keys",
        keys=[key],
        path=_places(tuple(above)),
        message=f"Unrecognized key(s) in object: '{key}'{hint}",
    )


def _bound(issue: Issue) -> dict[str, Any]:
    if not issue.rule.endswith("_length"):
        return {"type": "number", "inclusive": True}
    is_text = "character" in issue.message
    return {"type": "string" if is_text else "array", "inclusive": True}


def _number(text: str | None) -> float | None:
    try:
        return None if text is None else float(text) if "." in text else int(text)
    except ValueError:
        return None


def _too_small(issue: Issue) -> FieldError:
    return _told(issue, "too_small", minimum=_number(issue.expected), **_bound(issue))


def _too_big(issue: Issue) -> FieldError:
    return _told(issue, "too_big", maximum=_number(issue.expected), **_bound(issue))


_BY_RULE: Mapping[str, Callable[[Issue], FieldError]] = MappingProxyType(
    {
        "required": _missing,
        "type": _wrong_type,
        "unknown_field": _unknown_key,
        "enum": lambda issue: _told(issue, "invalid_enum_value", options=(issue.expected or "").split(", ")),
        "minimum": _too_small,
        "min_length": _too_small,
        "maximum": _too_big,
        "max_length": _too_big,
        "pattern": lambda issue: _told(issue, "invalid_string", validation="regex"),
        "integer": lambda issue: _told(issue, _INVALID_TYPE, expected="integer", received="string"),
    }
)
