"""How Dashmon says that something went wrong: a code for programs in `error`, and the cause in `message`."""

from __future__ import annotations

import msgspec

from core.errors import InvalidInput, TocsinError
from plugins.api.config import Issue


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
    issues = error.issues if isinstance(error, InvalidInput) else ()
    return Refused(
        error=error.code.lower(), message=error.message, issues=[_field_issue(issue) for issue in issues]
    )


def _field_issue(issue: Issue) -> FieldIssue:
    return FieldIssue(
        path=list(issue.path),
        rule=issue.rule,
        message=issue.message,
        expected=issue.expected,
        received=issue.received,
    )
