"""Rules for the addresses that Tocsin sends requests to."""

from __future__ import annotations

from core.issues import Issues, Path
from plugins.api.web_address import require_web_address

LONGEST_ADDRESS = 2_048


def web_address(value: str | None, path: Path, issues: Issues) -> str:
    """Return an http or https address; note an issue for each rule that it breaks, without quoting it."""
    if not value:
        issues.refuse(path, "required", "is required")
        return ""
    if len(value) > LONGEST_ADDRESS:
        cause = f"must have at most {LONGEST_ADDRESS} characters"
        issues.refuse_value(path, "max_length", cause, len(value), expected=str(LONGEST_ADDRESS))
    try:
        require_web_address(value)
    except ExceptionGroup as faults:
        for fault in faults.exceptions:
            issues.refuse(path, "invalid", str(fault))
    return value
