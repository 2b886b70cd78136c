"""A change as it is written down: what was done to what, and what was there before and after. It holds no secret."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from core.audit.action import AuditAction
from core.audit.redaction import View, differences, shown_view


@dataclass(frozen=True, kw_only=True, slots=True)
class AuditedChange:
    """One deed. Of an update `before` and `after` have what differs; nothing was before a creation, or is after an end."""

    action: AuditAction
    subject_id: UUID
    before: dict[str, Any] | None = None
    after: dict[str, Any] | None = None


def created(action: AuditAction, subject_id: UUID, after: View) -> AuditedChange:
    """Return what made something, or was done without a trace in it: `after` says what it came to."""
    return AuditedChange(action=action, subject_id=subject_id, after=shown_view(after))


def updated(action: AuditAction, subject_id: UUID, before: View, after: View) -> AuditedChange:
    """Return what changed something; both views have the same parts, or all of them."""
    old, new = differences(before, after)
    return AuditedChange(action=action, subject_id=subject_id, before=old, after=new)


def deleted(action: AuditAction, subject_id: UUID, before: View) -> AuditedChange:
    """Return what ended something."""
    return AuditedChange(action=action, subject_id=subject_id, before=shown_view(before))


def done(action: AuditAction, subject_id: UUID) -> AuditedChange:
    """Return what was done to something without changing it."""
    return AuditedChange(action=action, subject_id=subject_id)
