"""What of addresses, headers and bodies may be shown."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import urlsplit, urlunsplit

MASK = "***"

_KEY_LIKE_NAME = re.compile(
    r"key|token|secret|pass|pwd|auth|sig|session|credential|jwt|bearer|otp|\bcode\b|\bpin\b|\bsid\b",
    re.IGNORECASE,
)
# Long and mixed of letters and digits: whatever its name is, it was made by a machine.
_KEY_LIKE_VALUE = re.compile(r"(?=[^&]*[0-9])(?=[^&]*[A-Za-z])[A-Za-z0-9_.~+/=%-]{20,}")
_PRIVATE_HEADER = re.compile(r"cookie|auth|token|secret|key|session", re.IGNORECASE)
_ADDRESS_HEADERS = frozenset({"location", "content-location", "refresh", "link"})
# Control characters, but not the ends of lines; what turns the reading direction or breaks lines unseen.
_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def redacted_url(url: str) -> str:
    """Return the address without its fragment, its userinfo and query values that look like keys masked."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return MASK
    _, at, host = parts.netloc.rpartition("@")
    place = f"{MASK}@{host}" if at else host
    return urlunsplit((parts.scheme, place, parts.path, _redacted_query(parts.query), ""))


def _redacted_query(query: str) -> str:
    return "&".join(_redacted_pair(pair) for pair in query.split("&"))


def _redacted_pair(pair: str) -> str:
    name, equals, value = pair.partition("=")
    if not equals:
        return MASK if _KEY_LIKE_VALUE.fullmatch(pair) else pair
    if value and (_KEY_LIKE_NAME.search(name) or _KEY_LIKE_VALUE.fullmatch(value)):
        return f"{name}={MASK}"
    return pair


def has_key_like_name(name: str) -> bool:
    """Say whether a value of that name is probably a secret."""
    return _KEY_LIKE_NAME.search(name) is not None


def redacted_headers(headers: Iterable[tuple[str, str]]) -> list[list[str]]:
    """Return the headers in order as [name, value], without cookies and whatever authorizes."""
    return [
        [printable(name), printable(redacted_url(value) if name.lower() in _ADDRESS_HEADERS else value)]
        for name, value in headers
        if not _PRIVATE_HEADER.search(name)
    ]


def printable(text: str) -> str:
    """Return the text without control characters and without turns of direction, but with its lines."""
    return _UNPRINTABLE.sub("�", text)
