"""The rule for an address that requests are sent to."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import SplitResult, urlsplit

from plugins.api.config import FieldError

HIGHEST_PORT = 65_535

_UNPRINTABLE = re.compile("[\x00-\x20\x7f-\x9f\ud800-\udfff]")


def require_web_address(address: str) -> None:
    """Raise an ExceptionGroup of FieldErrors, one for each rule broken, unless it is an http or https address.

    The address is never quoted: its path and query are often its only secret.
    """
    faults = [FieldError("", fault) for fault in _faults(address)]
    if faults:
        raise ExceptionGroup("not a web address", faults)


def _faults(address: str) -> Iterator[str]:
    if _UNPRINTABLE.search(address):
        yield "must not contain spaces or control characters"
        return
    try:
        parts = urlsplit(address)
    except ValueError:
        yield "is not an address"
        return
    if parts.scheme not in ("http", "https"):
        yield "must start with http:// or https://"
        return
    if parts.username is not None or parts.password is not None:
        yield "must not contain a user name or password"
    if not parts.hostname:
        yield "must name a host"
    if not _has_fitting_port(parts):
        yield f"must have a port from 1 to {HIGHEST_PORT}"


def _has_fitting_port(parts: SplitResult) -> bool:
    try:
        return parts.port is None or 1 <= parts.port <= HIGHEST_PORT
    except ValueError:
        return False
