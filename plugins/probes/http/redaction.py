"""What of headers and bodies may be shown."""

from __future__ import annotations

import re
from collections.abc import Iterable

from plugins.api.redaction import redacted_url

_PRIVATE_HEADER = re.compile(r"cookie|auth|token|secret|key|session", re.IGNORECASE)
_ADDRESS_HEADERS = frozenset({"location", "content-location", "refresh", "link"})
# Control characters, but not the ends of lines; what turns the reading direction or breaks lines unseen.
_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


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
