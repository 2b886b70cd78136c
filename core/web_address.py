"""Rules for the addresses that Tocsin sends requests to."""

from __future__ import annotations

import re
from urllib.parse import SplitResult, urlsplit

from core.issues import Issues, Path

LONGEST_ADDRESS = 2_048
HIGHEST_PORT = 65_535

_UNPRINTABLE = re.compile("[\x00-\x20\x7f-\x9f\ud800-\udfff]")


def web_address(value: str | None, path: Path, issues: Issues) -> str:
    """Return an http or https address; note an issue for each rule that it breaks.

    Its value is never quoted: the path and the query of a webhook's address are often its only secret.
    """
    if not value:
        issues.refuse(path, "required", "is required")
        return ""
    if len(value) > LONGEST_ADDRESS:
        cause = f"must have at most {LONGEST_ADDRESS} characters"
        issues.refuse_value(path, "max_length", cause, len(value), expected=str(LONGEST_ADDRESS))
    if _UNPRINTABLE.search(value):
        issues.refuse(path, "invalid", "must not contain spaces or control characters")
        return value
    try:
        parts = urlsplit(value)
    except ValueError:
        issues.refuse(path, "invalid", "is not an address")
        return value
    _check_parts(parts, path, issues)
    return value


def _check_parts(parts: SplitResult, path: Path, issues: Issues) -> None:
    if parts.scheme not in ("http", "https"):
        issues.refuse(path, "invalid", "must start with http:// or https://", expected="http or https")
        return
    if parts.username is not None or parts.password is not None:
        issues.refuse(path, "invalid", "must not contain a user name or password")
    if not parts.hostname:
        issues.refuse(path, "invalid", "must name a host")
    if not _port_fits(parts):
        issues.refuse(
            path, "invalid", f"must have a port from 1 to {HIGHEST_PORT}", expected=f"1-{HIGHEST_PORT}"
        )


def _port_fits(parts: SplitResult) -> bool:
    try:
        return parts.port is None or 1 <= parts.port <= HIGHEST_PORT
    except ValueError:
        return False
