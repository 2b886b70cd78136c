"""Rules for the names of tags."""

from __future__ import annotations

from collections.abc import Sequence

from core.issues import Issues, Path
from core.text_rules import LONGEST_TAG, name_of

MOST_TAGS = 50


def tag_names(names: Sequence[str], path: Path, issues: Issues) -> list[str]:
    """Return the names trimmed, each once whatever its case; note each rule they break."""
    if len(names) > MOST_TAGS:
        cause = f"must have at most {MOST_TAGS} items"
        issues.refuse_value(path, "max_length", cause, len(names), expected=str(MOST_TAGS))
        return []
    trimmed = [
        name_of(name, (*path, str(place)), issues, longest=LONGEST_TAG) for place, name in enumerate(names)
    ]
    return list({name.lower(): name for name in reversed(trimmed)}.values())[::-1]
