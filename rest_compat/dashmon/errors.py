"""How Dashmon says that something went wrong: a code for programs in `error`, and the cause in `message`."""

from __future__ import annotations

import re

import msgspec

from core.errors import InvalidInput, TocsinError
from plugins.api.config import Issue

_MONITOR = re.compile(r"\bmonitor(?=s?\b)")


class FieldIssue(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that is wrong with a field."""

    path: list[str]
    rule: str
    message: str
    expected: str | None = None
    received: str | None = None


class Refused(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An error, with every issue of an input."""

    error: str
    message: str
    issues: list[FieldIssue] = []


def refused(error: TocsinError) -> Refused:
    """Return the body of an error: the codes of the page are those of our tree, in lower case."""
    code = error.code.lower()
    if isinstance(error, InvalidInput):
        # These begin with the names of fields, which are ours already or the client's own.
        return Refused(
            error=code, message=error.message, issues=[_field_issue(issue) for issue in error.issues]
        )
    return Refused(error=code, message=in_own_words(error.message))


def in_own_words(message: str) -> str:
    """Return what services say of monitors as it is said of devices."""
    return _MONITOR.sub("device", message)


def _field_issue(issue: Issue) -> FieldIssue:
    return FieldIssue(
        path=list(issue.path),
        rule=issue.rule,
        message=issue.message,
        expected=issue.expected,
        received=issue.received,
    )
