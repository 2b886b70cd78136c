"""What people do that is written down, under names that stay."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from types import MappingProxyType

from core.ids import Prefix


class AuditAction(enum.StrEnum):
    """A deed, named after what it is done to."""

    USER_SIGNED_UP = "user.signed_up"
    USER_UPDATED = "user.updated"
    USER_PASSWORD_CHANGED = "user.password_changed"  # noqa: S105  (a deed, not a password)
    USER_PASSWORD_RESET = "user.password_reset"  # noqa: S105
    SESSION_REVOKED = "session.revoked"
    WORKSPACE_PLAN_SET = "workspace.plan_set"
    WORKSPACE_CHECKED = "workspace.checked"
    WORKSPACE_HANDED_OVER = "workspace.handed_over"
    MEMBER_INVITED = "member.invited"
    MEMBER_JOINED = "member.joined"
    MEMBER_UPDATED = "member.updated"
    MEMBER_REMOVED = "member.removed"
    INVITATION_CANCELLED = "invitation.cancelled"
    TOKEN_CREATED = "token.created"  # noqa: S105
    TOKEN_REVOKED = "token.revoked"  # noqa: S105
    PROJECT_CREATED = "project.created"
    PROJECT_UPDATED = "project.updated"
    PROJECT_DELETED = "project.deleted"
    MONITOR_CREATED = "monitor.created"
    MONITOR_UPDATED = "monitor.updated"
    MONITOR_DELETED = "monitor.deleted"
    MONITOR_PAUSED = "monitor.paused"
    MONITOR_RESUMED = "monitor.resumed"
    MONITOR_CHECKED = "monitor.checked"
    MONITOR_TAGGED = "monitor.tagged"
    MONITOR_HEARTBEAT_URL_ROTATED = "monitor.heartbeat_url_rotated"
    INCIDENT_ACKNOWLEDGED = "incident.acknowledged"
    INCIDENT_RESOLVED = "incident.resolved"
    INCIDENT_NOTE_ADDED = "incident.note_added"
    INCIDENT_ROOT_CAUSE_SET = "incident.root_cause_set"
    CHANNEL_CREATED = "channel.created"
    CHANNEL_UPDATED = "channel.updated"
    CHANNEL_DELETED = "channel.deleted"
    CHANNEL_TESTED = "channel.tested"
    WEBHOOK_CREATED = "webhook.created"
    WEBHOOK_UPDATED = "webhook.updated"
    WEBHOOK_DELETED = "webhook.deleted"
    WEBHOOK_TESTED = "webhook.tested"
    DELIVERY_REPEATED = "delivery.repeated"

    @property
    def subject(self) -> Prefix:
        """What it is done to, as ids say it."""
        return Prefix[self.value.partition(".")[0].upper()]


MEANINGS: Mapping[AuditAction, str] = MappingProxyType(
    {
        AuditAction.USER_SIGNED_UP: "somebody made an account, and with it the workspace, unless he was invited",
        AuditAction.USER_UPDATED: "somebody changed his own profile",
        AuditAction.USER_PASSWORD_CHANGED: "somebody changed his own password; all his other sessions ended",
        AuditAction.USER_PASSWORD_RESET: "somebody chose another password with the token of a letter; "
        "all his sessions before ended",
        AuditAction.SESSION_REVOKED: "somebody ended one of his own sessions",
        AuditAction.WORKSPACE_PLAN_SET: "the operator booked another plan",
        AuditAction.WORKSPACE_CHECKED: "all monitors were made due at once",
        AuditAction.WORKSPACE_HANDED_OVER: "who answered for the workspace ceased to be OWNER, and another one does",
        AuditAction.MEMBER_INVITED: "somebody was invited, or once more after the invitation had expired",
        AuditAction.MEMBER_JOINED: "somebody accepted an invitation",
        AuditAction.MEMBER_UPDATED: "a member got another role, or other projects",
        AuditAction.MEMBER_REMOVED: "a member was removed, or left",
        AuditAction.INVITATION_CANCELLED: "an invitation was taken back, and its member with it",
        AuditAction.TOKEN_CREATED: "an API token was made",
        AuditAction.TOKEN_REVOKED: "an API token was revoked",
        AuditAction.PROJECT_CREATED: "a project was made",
        AuditAction.PROJECT_UPDATED: "a project was changed",
        AuditAction.PROJECT_DELETED: "a project was deleted; each monitor that went with it has an entry of its own",
        AuditAction.MONITOR_CREATED: "a monitor was made",
        AuditAction.MONITOR_UPDATED: "a monitor was changed",
        AuditAction.MONITOR_DELETED: "a monitor was deleted",
        AuditAction.MONITOR_PAUSED: "a monitor was paused",
        AuditAction.MONITOR_RESUMED: "a monitor was resumed",
        AuditAction.MONITOR_CHECKED: "a monitor was made due at once, by its name",
        AuditAction.MONITOR_TAGGED: "a monitor got tags or lost some, with others or alone",
        AuditAction.MONITOR_HEARTBEAT_URL_ROTATED: "a heartbeat got another address",
        AuditAction.INCIDENT_ACKNOWLEDGED: "somebody took care of an incident",
        AuditAction.INCIDENT_RESOLVED: "an incident was resolved by hand",
        AuditAction.INCIDENT_NOTE_ADDED: "a note was added to an incident's timeline",
        AuditAction.INCIDENT_ROOT_CAUSE_SET: "somebody said why an incident happened",
        AuditAction.CHANNEL_CREATED: "a channel was made",
        AuditAction.CHANNEL_UPDATED: "a channel was changed",
        AuditAction.CHANNEL_DELETED: "a channel was deleted",
        AuditAction.CHANNEL_TESTED: "a test message was sent to a channel's recipients",
        AuditAction.WEBHOOK_CREATED: "a webhook was made",
        AuditAction.WEBHOOK_UPDATED: "a webhook was changed",
        AuditAction.WEBHOOK_DELETED: "a webhook was deleted",
        AuditAction.WEBHOOK_TESTED: "a test payload was sent to a webhook",
        AuditAction.DELIVERY_REPEATED: "a message was sent once more",
    }
)
