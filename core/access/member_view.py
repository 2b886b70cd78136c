"""Members as they are written down in the audit log."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from core.access.principal import Role
from core.audit.redaction import View
from core.ids import Prefix, encode_ids


def member_view(role: Role, projects: Collection[UUID] | None, **more: str | None) -> View:
    """Return what a member is; None are the projects of one who is not confined."""
    shown = None if projects is None else encode_ids(Prefix.PROJECT, sorted(projects))
    return {**more, "role": role.value, "projectIds": shown}
