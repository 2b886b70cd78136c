"""What of addresses may be shown: their userinfo, and values that look like keys, are masked."""

from __future__ import annotations

import re
from collections.abc import Collection
from urllib.parse import unquote_plus, urlsplit, urlunsplit

MASK = "***"

_KEY_LIKE_NAME = re.compile(
    r"key|token|secret|pass|pwd|auth|sig|session|credential|jwt|bearer|otp|\bcode\b|\bpin\b|\bsid\b",
    re.IGNORECASE,
)
# Long and mixed of letters and digits: whatever its name is, it was made by a machine.
_KEY_LIKE_VALUE = re.compile(r"(?=[^&]*[0-9])(?=[^&]*[A-Za-z])[A-Za-z0-9_.~+/=%-]{20,}")


def redacted_url(url: str, secret_names: Collection[str] = ()) -> str:
    """Return the address without its fragment, its userinfo and query values that look like keys masked.

    So are the values of the parameters that `secret_names` names, whatever they look like.
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        return MASK
    _, at, host = parts.netloc.rpartition("@")
    place = f"{MASK}@{host}" if at else host
    return urlunsplit((parts.scheme, place, parts.path, _redacted_query(parts.query, secret_names), ""))


def has_key_like_name(name: str) -> bool:
    """Say whether a value of that name is probably a secret."""
    return _KEY_LIKE_NAME.search(name) is not None


def _redacted_query(query: str, secret_names: Collection[str]) -> str:
    return "&".join(_redacted_pair(pair, secret_names) for pair in query.split("&"))


def _redacted_pair(pair: str, secret_names: Collection[str]) -> str:
    name, equals, value = pair.partition("=")
    if not equals:
        return MASK if _KEY_LIKE_VALUE.fullmatch(pair) else pair
    is_secret = has_key_like_name(name) or unquote_plus(name) in secret_names
    return f"{name}={MASK}" if value and (is_secret or _KEY_LIKE_VALUE.fullmatch(value)) else pair
