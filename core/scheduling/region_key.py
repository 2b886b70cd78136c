"""What a region may be called."""

from __future__ import annotations

import re

_KEY = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")


def region_key_fault(key: str) -> str | None:
    """Return what is wrong with a region's key, or None."""
    return None if _KEY.fullmatch(key) else "must be 1 to 40 lower-case letters, digits and inner hyphens"
