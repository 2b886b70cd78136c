"""Who is asking: a user or a token, in a workspace, with a role and grants."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from uuid import UUID

from core.access.plans import Plan


class Role(enum.StrEnum):
    """What a member is in a workspace."""

    OWNER = "OWNER"
    ADMIN = "ADMIN"
    MEMBER = "MEMBER"
    VIEWER = "VIEWER"


class TokenScope(enum.StrEnum):
    """What a grant opens. UPTIME_CHECKS covers projects, monitors, checks, heartbeats, tags, regions."""

    UPTIME_CHECKS = "UPTIME_CHECKS"
    INCIDENTS = "INCIDENTS"
    STATUS_PAGES = "STATUS_PAGES"
    NOTIFICATIONS = "NOTIFICATIONS"
    WEBHOOKS = "WEBHOOKS"
    TEAM = "TEAM"
    ACCOUNT = "ACCOUNT"
    TOKENS = "TOKENS"
    ANALYTICS = "ANALYTICS"


class TokenPermission(enum.IntEnum):
    """How far a grant goes: DELETE includes WRITE includes READ."""

    READ = 1
    WRITE = 2
    DELETE = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class Grant:
    """One scope, and how far it is open."""

    scope: TokenScope
    permission: TokenPermission


@dataclass(frozen=True, kw_only=True, slots=True)
class Principal:
    """Who is asking, in one workspace. `token_id` is None for a signed-in person, `session_id` for a token.

    `plan` is the workspace's, at most a few seconds old: what is written is judged by the stored one. `project_ids`
    are those that a member is confined to; None if he is not.
    """

    workspace_id: UUID
    user_id: UUID | None
    token_id: UUID | None
    role: Role
    grants: frozenset[Grant]
    plan: Plan
    session_id: UUID | None = None
    project_ids: frozenset[UUID] | None = None

    def sees_project(self, project_id: UUID | None) -> bool:
        """Return whether a project, and what is in it, is open to the principal at all."""
        return self.project_ids is None or project_id in self.project_ids
