"""Paths into JSON: the singular queries of RFC 9535 (2.3.5.1), which find one value or none.

`$`, then any number of `.name`, `['name']`, `["name"]` and `[0]`; `[-1]` counts from the end.
"""

from __future__ import annotations

import json
import re
from typing import Any

LONGEST_PATH = 500
MOST_SEGMENTS = 50

_BLANK = re.compile(r"[ \t\r\n]*")
_NAME = re.compile("[A-Za-z_\x80-\ud7ff\ue000-\U0010ffff][A-Za-z0-9_\x80-\ud7ff\ue000-\U0010ffff]*")
_INDEX = re.compile(r"0|-?[1-9][0-9]{0,14}")
_QUOTED = {
    "'": re.compile(r"'((?:[^'\\\x00-\x1f]|\\(?:['\\/bfnrt]|u[0-9A-Fa-f]{4}))*)'"),
    '"': re.compile(r'"((?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9A-Fa-f]{4}))*)"'),
}
_ESCAPED_OR_QUOTE = re.compile(r"\\(.)|(\")")
_SEVERAL = {"*": "a wildcard", "?": "a filter", ":": "a slice", ",": "a list of names", ".": "a descendant"}

Segment = str | int
JsonPath = tuple[Segment, ...]

ABSENT: Any = object()


class PathError(ValueError):
    """The text is not a path; the message says what is wrong, and at which character."""


def parsed_path(text: str) -> JsonPath:
    """Return the names and places that a path goes through; raise PathError."""
    if not text.startswith("$"):
        raise PathError("must begin with $, which is the whole body: $.status")
    segments: list[Segment] = []
    place = 1
    while place < len(text):
        segment, place = _segment(text, _after_blank(text, place))
        segments.append(segment)
    if len(segments) > MOST_SEGMENTS:
        raise PathError(f"must be a path of at most {MOST_SEGMENTS} steps")
    return tuple(segments)


def selected(path: JsonPath, document: Any) -> Any:
    """Return the value at the path, or ABSENT."""
    for segment in path:
        if isinstance(segment, str) and isinstance(document, dict):
            document = document.get(segment, ABSENT)
        elif isinstance(segment, int) and isinstance(document, list):
            is_there = -len(document) <= segment < len(document)
            document = document[segment] if is_there else ABSENT
        else:
            return ABSENT
    return document


def _segment(text: str, place: int) -> tuple[Segment, int]:
    if text.startswith("[", place):
        return _bracketed(text, place)
    if not text.startswith(".", place):
        raise _error(place, "a step begins with . or [")
    name = _NAME.match(text, place + 1)
    if name is None:
        raise _error(place + 1, _instead(text, place + 1, "a name with other signs is written ['…']"))
    return name[0], name.end()


def _bracketed(text: str, place: int) -> tuple[Segment, int]:
    start = _after_blank(text, place + 1)
    segment: Segment
    if (quoted := _QUOTED.get(text[start : start + 1])) is not None:
        found = quoted.match(text, start)
        if found is None:
            raise _error(start, "a quoted name is not closed, or has an escape that JSON does not know")
        segment = _unescaped(found[1], start)
    else:
        found = _INDEX.match(text, start)
        if found is None:
            raise _error(start, _instead(text, start, "between [ and ] stands a quoted name or an index"))
        segment = int(found[0])
    end = _after_blank(text, found.end())
    if not text.startswith("]", end):
        raise _error(end, _instead(text, end, "a ] is missing"))
    return segment, end + 1


def _unescaped(inner: str, place: int) -> str:
    # As JSON quotes it, where only double quotes are escaped.
    in_json = _ESCAPED_OR_QUOTE.sub(
        lambda found: '\\"' if found[2] else "'" if found[1] == "'" else found[0], inner
    )
    name: str = json.loads(f'"{in_json}"')
    try:
        name.encode()
    except UnicodeEncodeError:
        raise _error(place, "a name has half a surrogate pair") from None
    return name


def _after_blank(text: str, place: int) -> int:
    blank = _BLANK.match(text, place)
    return place if blank is None else blank.end()


def _instead(text: str, place: int, otherwise: str) -> str:
    """Say what stands there, if it is a part of JSONPath that may find several values."""
    several = _SEVERAL.get(text[place : place + 1])
    return otherwise if several is None else f"{several} may find several values, and one is wanted"


def _error(place: int, cause: str) -> PathError:
    return PathError(f"is not a path to one value: {cause} (at character {place + 1})")
