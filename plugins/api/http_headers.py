"""Rules for the headers that users have sent with requests of ours."""

from __future__ import annotations

import re

LONGEST_NAME = 200
LONGEST_VALUE = 8_192

_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(r"[\x20-\x7e\t\x80-\xff]*")
# What frames the request is ours to say.
_FRAMING = frozenset({"connection", "content-length", "te", "trailer", "transfer-encoding", "upgrade"})


def require_header_name(name: str) -> None:
    """Raise ValueError unless the name may be sent as a header of the user's."""
    if not _NAME.fullmatch(name):
        raise ValueError("must be a header name: letters, digits and hyphens")
    if name.lower() in _FRAMING:
        raise ValueError("is set by Tocsin itself")


def require_header_value(value: str) -> None:
    """Raise ValueError unless the value fits on one line of Latin-1."""
    if not _VALUE.fullmatch(value):
        raise ValueError("must be one line without control characters, in Latin-1")
