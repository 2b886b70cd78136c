"""Rules for the texts that people give: what PostgreSQL can hold and a screen can show."""

from __future__ import annotations

import re

from core.issues import Issues, Path

LONGEST_NAME = 200
LONGEST_TAG = 100
LONGEST_NOTE = 5_000
LONGEST_SECRET = 500

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_CONTROL_BUT_LINES = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


def name_of(value: str | None, path: Path, issues: Issues, *, longest: int = LONGEST_NAME) -> str:
    """Return a name of one line without the space around it; note each rule it breaks."""
    if value is None:
        issues.refuse_value(path, "required", "must not be null", None, expected="text")
        return ""
    return _text(value.strip(), path, issues, longest, _CONTROL)


def note_of(value: str | None, path: Path, issues: Issues, *, longest: int = LONGEST_NOTE) -> str:
    """Return a text of several lines without the space around it; note each rule it breaks."""
    return _text((value or "").strip(), path, issues, longest, _CONTROL_BUT_LINES)


def secret_of(value: str, path: Path, issues: Issues, *, longest: int = LONGEST_SECRET) -> str:
    """Return a secret exactly as it was given; note each rule it breaks."""
    return _text(value, path, issues, longest, _CONTROL)


def _text(text: str, path: Path, issues: Issues, longest: int, refused: re.Pattern[str]) -> str:
    if not text:
        issues.refuse(path, "min_length", "must have at least 1 character", expected="1")
    if len(text) > longest:
        cause = f"must have at most {longest} characters"
        issues.refuse_value(path, "max_length", cause, len(text), expected=str(longest))
    if refused.search(text):
        issues.refuse(path, "invalid", "must not contain control characters")
    if _LONE_SURROGATE.search(text):
        issues.refuse(path, "invalid", "must not contain a lone surrogate")
    return text
