"""What of a change is written down: everything but what opens something."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, TypeAlias

from core.heartbeats.tokens import PING_PATH
from plugins.api.redaction import MASK, has_key_like_name, redacted_url

SET: Final = "[set]"
CHANGED: Final = "[changed]"
LONGEST_TEXT = 2_000
# What of a text is looked at: an address that begins in what is shown ends in it.
_LONGEST_READ = LONGEST_TEXT + 4_096

# A thing as the public API names and writes its parts.
View: TypeAlias = Mapping[str, Any]

# Each pattern begins at a place of its own, so that no text takes longer than its length.
_ADDRESS = re.compile(r"""://[^\s"<>]+""")
_PING_TOKEN = re.compile(rf"({re.escape(PING_PATH)})[\w-]+")
_API_TOKEN = re.compile(r"\b(tocsin_)[\w-]{8,}")
# name=value of forms and command lines, "name": "value" of JSON.
_PAIR = re.compile(
    r"""(?<![\w.-])(?P<name>[\w.-]+)(?P<between>\s*=\s*)(?:"[^"]*"|'[^']*'|[^"'&\s,;}]+)"""
    r"""|(?P<json_name>"[^"\n]+")(?P<json_between>\s*:\s*)"(?:[^"\\]|\\.)*\""""
)
# A line of a header, or of a file of settings. Of names that people give to things too, such as key, it says nothing.
_LINE = re.compile(r"^([ \t]*([\w-]+)[ \t]*:[ \t]*)\S.*$", re.MULTILINE)
_PRIVATE_LINE = re.compile(r"authorization|cookie|api-?key|password|passwd|secret|token", re.IGNORECASE)
_NOTHING: Final = object()


@dataclass(frozen=True, slots=True)
class Hidden:
    """A secret: it can be compared, and is never shown."""

    secret: Any

    def __repr__(self) -> str:
        """Show nothing of it."""
        return "Hidden(…)"


def hidden(secret: str | None) -> Hidden | None:
    """Return a secret, if it is set, as a view may hold it."""
    return None if secret is None else Hidden(secret)


def differences(before: View, after: View) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what of two views of one thing differs, as it is written down.

    A secret is "[set]", and "[changed]" where another one was. Lists are shown as a whole.
    """
    old: dict[str, Any] = {}
    new: dict[str, Any] = {}
    for name in {**before, **after}:
        was, is_now = before.get(name, _NOTHING), after.get(name, _NOTHING)
        if was == is_now:
            continue
        if isinstance(was, Mapping) and isinstance(is_now, Mapping):
            old[name], new[name] = differences(was, is_now)
            continue
        if was is not _NOTHING:
            old[name] = _shown(was)
        if is_now is not _NOTHING:
            new[name] = _shown(is_now, was)
    return old, new


def shown_view(view: View) -> dict[str, Any]:
    """Return the whole of a view as it is written down."""
    return {name: _shown(value) for name, value in view.items()}


def redacted_text(text: str) -> str:
    """Return a text without what opens something: in addresses, after names like `password=`, and our own tokens."""
    # Whatever stands before it, it is read as an address.
    text = _ADDRESS.sub(lambda found: redacted_url(f"x{found[0]}").removeprefix("x"), text)
    text = _PING_TOKEN.sub(rf"\1{MASK}", text)
    text = _API_TOKEN.sub(rf"\1{MASK}", text)
    text = _LINE.sub(_masked_line, text)
    return _PAIR.sub(_masked_pair, text)


def _masked_pair(found: re.Match[str]) -> str:
    name = found["name"] or found["json_name"]
    if not has_key_like_name(name):
        return found[0]
    if found["json_name"]:
        return f'{name}{found["json_between"]}"{MASK}"'
    return f"{name}{found['between']}{MASK}"


def _masked_line(found: re.Match[str]) -> str:
    return f"{found[1]}{MASK}" if _PRIVATE_LINE.search(found[2]) else found[0]


def _shown(value: Any, before: Any = _NOTHING) -> Any:
    """Return JSON for a value; `before` is what stood in its place."""
    if isinstance(value, Hidden):
        return CHANGED if isinstance(before, Hidden) and before != value else SET
    if isinstance(value, Mapping):
        return {name: _shown(inner, _counterpart(before, name)) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_shown(item, _counterpart_of_item(before, place, item)) for place, item in enumerate(value)]
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if isinstance(value, str):
        return _clipped(redacted_text(value[:_LONGEST_READ]))
    return value


def _counterpart(before: Any, name: str) -> Any:
    return before.get(name, _NOTHING) if isinstance(before, Mapping) else _NOTHING


def _counterpart_of_item(before: Any, place: int, item: Any) -> Any:
    """Return what an item of a list was: the one of the same name where items have names, else of the same place."""
    if not isinstance(before, list | tuple):
        return _NOTHING
    if isinstance(item, Mapping) and "name" in item:
        return next((other for other in before if _counterpart(other, "name") == item["name"]), _NOTHING)
    return before[place] if place < len(before) else _NOTHING


def _clipped(text: str) -> str:
    return text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - 1] + "…"
