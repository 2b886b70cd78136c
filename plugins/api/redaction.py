"""What of addresses may be shown: their userinfo, and values that look like keys, are masked."""

from __future__ import annotations

import re
from urllib.parse import urlsplit, urlunsplit

MASK = "***"

_KEY_LIKE_NAME = re.compile(
    r"key|token|secret|pass|pwd|auth|sig|session|credential|jwt|bearer|otp|\bcode\b|\bpin\b|\bsid\b",
    re.IGNORECASE,
)
# Long and mixed of letters and digits: whatever its name is, it was made by a machine.
_KEY_LIKE_VALUE = re.compile(r"(?=[^&]*[0-9])(?=[^&]*[A-Za-z])[A-Za-z0-9_.~+/=%-]{20,}")


def redacted_url(url: str) -> str:
    """Return the address without its fragment, its userinfo and query values that look like keys masked."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return MASK
    _, at, host = parts.netloc.rpartition("@")
    place = f"{MASK}@{host}" if at else host
    return urlunsplit((parts.scheme, place, parts.path, _redacted_query(parts.query), ""))


def has_key_like_name(name: str) -> bool:
    """Say whether a value of that name is probably a secret."""
    return _KEY_LIKE_NAME.search(name) is not None


def _redacted_query(query: str) -> str:
    return "&".join(_redacted_pair(pair) for pair in query.split("&"))


def _redacted_pair(pair: str) -> str:
    name, equals, value = pair.partition("=")
    if not equals:
        return MASK if _KEY_LIKE_VALUE.fullmatch(pair) else pair
    if value and (has_key_like_name(name) or _KEY_LIKE_VALUE.fullmatch(value)):
        return f"{name}={MASK}"
    return pair
