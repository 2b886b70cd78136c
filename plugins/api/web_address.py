"""The rule for an address that requests are sent to."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import SplitResult, urlsplit

import httpx

from plugins.api.config import FieldError

HIGHEST_PORT = 65_535

_LONGEST_NAME = 253
# Underscores are no hostname's, but stand in names that resolve.
_LABEL = re.compile("[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?", re.IGNORECASE)

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
    elif not _is_host(parts.hostname):
        yield "must name a valid host"
    if not _has_fitting_port(parts):
        yield f"must have a port from 1 to {HIGHEST_PORT}"


def _is_host(host: str) -> bool:
    """Tell whether the host is an IP address, or a name that the DNS can hold."""
    if ":" in host:
        return True  # Between brackets, where urlsplit takes nothing but an address.
    try:
        name = httpx.URL(scheme="http", host=host).raw_host.decode("ascii").removesuffix(".")
    except httpx.InvalidURL:
        return False
    return len(name) <= _LONGEST_NAME and all(_LABEL.fullmatch(label) for label in name.split("."))


def _has_fitting_port(parts: SplitResult) -> bool:
    try:
        return parts.port is None or 1 <= parts.port <= HIGHEST_PORT
    except ValueError:
        return False
