"""What each operation needs of whoever asks: the table behind the page of rights, held to be true by a test.

The services refuse; here stands what they refuse by, under the names that the GraphQL contract gives to operations.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from core.access.member_rules import may_make_somebody
from core.access.permission import may, may_by_grant
from core.access.principal import Principal, Role, TokenPermission, TokenScope


class Asker(enum.StrEnum):
    """Who may ask for an operation."""

    ANYBODY = "whoever asks, signed in or not"
    SIGNED_IN = "everybody who is signed in, and every token"
    PERSON = "a person who is signed in, for himself; no token"
    ONESELF = "everybody for himself, whatever his role; a token needs the grant"
    BY_ROLE = "by role; a token needs the grant too"


@dataclass(frozen=True, kw_only=True, slots=True)
class Right:
    """What an operation needs. Of several scopes one is enough.

    `roles` are those that may at all, and `is_of_workspace` closes it to whoever is confined to projects. Where it
    `makes_members`, a token needs besides whatever the member may do then; where it `opens_everything` to
    somebody else, READ on every scope.
    """

    asker: Asker = Asker.BY_ROLE
    scopes: tuple[TokenScope, ...] = ()
    permission: TokenPermission = TokenPermission.READ
    roles: frozenset[Role] = frozenset(Role)
    is_of_workspace: bool = False
    makes_members: bool = False
    opens_everything: bool = False


def is_allowed(right: Right, principal: Principal | None) -> bool:
    """Return whether the operation is open to the principal; None is nobody."""
    if right.asker is Asker.ANYBODY or principal is None:
        return right.asker is Asker.ANYBODY
    if right.asker is Asker.PERSON:
        return principal.token_id is None
    if right.asker is Asker.ONESELF:
        return any(may_by_grant(principal, scope, right.permission) for scope in right.scopes)
    return right.asker is Asker.SIGNED_IN or _is_allowed_by_role(right, principal)


def _is_allowed_by_role(right: Right, principal: Principal) -> bool:
    if principal.role not in right.roles or (right.is_of_workspace and principal.project_ids is not None):
        return False
    if right.makes_members and not may_make_somebody(principal):
        return False
    if right.opens_everything and not _reads_everything(principal):
        return False
    return any(may(principal, scope, right.permission) for scope in right.scopes)


def _reads_everything(principal: Principal) -> bool:
    return all(may_by_grant(principal, scope, TokenPermission.READ) for scope in TokenScope)


_READ, _WRITE, _DELETE = TokenPermission.READ, TokenPermission.WRITE, TokenPermission.DELETE
_ADMINISTRATORS = frozenset({Role.OWNER, Role.ADMIN})


def _by_role(permission: TokenPermission, *scopes: TokenScope) -> Right:
    return Right(scopes=scopes, permission=permission)


_ANYBODY = Right(asker=Asker.ANYBODY)
_SIGNED_IN = Right(asker=Asker.SIGNED_IN)
_PERSON = Right(asker=Asker.PERSON)
_MAKES_MEMBERS = Right(scopes=(TokenScope.TEAM,), permission=_WRITE, makes_members=True)
_WATCHED = TokenScope.UPTIME_CHECKS
_DESTINATIONS = (TokenScope.NOTIFICATIONS, TokenScope.WEBHOOKS)

# `node` and `nodes` open each object as its own query does.
QUERIES: Mapping[str, Right] = MappingProxyType(
    {
        "node": _SIGNED_IN,
        "nodes": _SIGNED_IN,
        "viewer": _SIGNED_IN,
        "workspace": _SIGNED_IN,
        "projects": _by_role(_READ, _WATCHED),
        "project": _by_role(_READ, _WATCHED),
        "monitors": _by_role(_READ, _WATCHED),
        "monitor": _by_role(_READ, _WATCHED),
        "incidents": _by_role(_READ, TokenScope.INCIDENTS),
        "incident": _by_role(_READ, TokenScope.INCIDENTS),
        "tags": _by_role(_READ, _WATCHED),
        "regions": _by_role(_READ, _WATCHED),
        "analytics": _by_role(_READ, TokenScope.ANALYTICS),
        "channels": _by_role(_READ, TokenScope.NOTIFICATIONS),
        "webhooks": _by_role(_READ, TokenScope.WEBHOOKS),
        "deliveries": _by_role(_READ, *_DESTINATIONS),
        "members": _by_role(_READ, TokenScope.TEAM),
        "invitations": _by_role(_READ, TokenScope.TEAM),
        "apiTokens": _by_role(_READ, TokenScope.TOKENS),
        "auditLog": Right(scopes=(TokenScope.ACCOUNT,), roles=_ADMINISTRATORS),
        "probeKinds": _ANYBODY,
        "notifierKinds": _ANYBODY,
        "eventCursor": _SIGNED_IN,
        "server": _ANYBODY,
    }
)

MUTATIONS: Mapping[str, Right] = MappingProxyType(
    {
        "signUp": _ANYBODY,
        "signIn": _ANYBODY,
        "signOut": _ANYBODY,
        "requestPasswordReset": _ANYBODY,
        "resetPassword": _ANYBODY,
        "changePassword": _PERSON,
        "revokeSession": _PERSON,
        "switchWorkspace": _PERSON,
        "acceptInvitation": _PERSON,
        "updateProfile": Right(asker=Asker.ONESELF, scopes=(TokenScope.ACCOUNT,), permission=_WRITE),
        "inviteMember": _MAKES_MEMBERS,
        "cancelInvitation": _by_role(_DELETE, TokenScope.TEAM),
        "updateMember": _MAKES_MEMBERS,
        "removeMember": _by_role(_DELETE, TokenScope.TEAM),
        "createApiToken": _by_role(_WRITE, TokenScope.TOKENS),
        "revokeApiToken": _by_role(_DELETE, TokenScope.TOKENS),
        "createProject": Right(scopes=(_WATCHED,), permission=_WRITE, is_of_workspace=True),
        "updateProject": _by_role(_WRITE, _WATCHED),
        "deleteProject": Right(scopes=(_WATCHED,), permission=_DELETE, is_of_workspace=True),
        "createMonitor": _by_role(_WRITE, _WATCHED),
        "updateMonitor": _by_role(_WRITE, _WATCHED),
        "deleteMonitor": _by_role(_DELETE, _WATCHED),
        "pauseMonitor": _by_role(_WRITE, _WATCHED),
        "resumeMonitor": _by_role(_WRITE, _WATCHED),
        "checkNow": _by_role(_WRITE, _WATCHED),
        "setTags": _by_role(_WRITE, _WATCHED),
        "rotateHeartbeatUrl": _by_role(_WRITE, _WATCHED),
        "acknowledgeIncident": _by_role(_WRITE, TokenScope.INCIDENTS),
        "resolveIncident": _by_role(_WRITE, TokenScope.INCIDENTS),
        "addIncidentNote": _by_role(_WRITE, TokenScope.INCIDENTS),
        "setRootCause": _by_role(_WRITE, TokenScope.INCIDENTS),
        "createChannel": _by_role(_WRITE, TokenScope.NOTIFICATIONS),
        "updateChannel": _by_role(_WRITE, TokenScope.NOTIFICATIONS),
        "deleteChannel": _by_role(_DELETE, TokenScope.NOTIFICATIONS),
        "testChannel": _by_role(_WRITE, TokenScope.NOTIFICATIONS),
        "createWebhook": _by_role(_WRITE, TokenScope.WEBHOOKS),
        "updateWebhook": _by_role(_WRITE, TokenScope.WEBHOOKS),
        "deleteWebhook": _by_role(_DELETE, TokenScope.WEBHOOKS),
        "testWebhook": _by_role(_WRITE, TokenScope.WEBHOOKS),
        "redeliver": _by_role(_WRITE, *_DESTINATIONS),
    }
)

SUBSCRIPTIONS: Mapping[str, Right] = MappingProxyType(
    {
        "monitorChanged": _by_role(_READ, _WATCHED),
        "incidentChanged": _by_role(_READ, TokenScope.INCIDENTS),
        "checkCompleted": _by_role(_READ, _WATCHED),
    }
)

# What of an object needs a right besides that of the object.
FIELDS: Mapping[str, Right] = MappingProxyType(
    {
        "Workspace.usage": _by_role(_READ, TokenScope.ACCOUNT),
        "Viewer.projectScope": _by_role(_READ, _WATCHED),
        "Viewer.sessions": _PERSON,
        "Member.projectScope": _by_role(_READ, _WATCHED),
        "Monitor.openIncident": _by_role(_READ, TokenScope.INCIDENTS),
        "Check.monitor": _by_role(_READ, _WATCHED),
        "Monitor.channels": _by_role(_READ, TokenScope.NOTIFICATIONS),
        "Check.evidence": Right(scopes=(_WATCHED,), roles=frozenset(Role) - {Role.VIEWER}),
        "Heartbeat.pingUrl": _by_role(_WRITE, _WATCHED),
        "Incident.monitor": _by_role(_READ, _WATCHED),
        "Incident.alertDecisions": _by_role(_READ, TokenScope.NOTIFICATIONS),
        "Incident.acknowledgedBy": _by_role(_READ, TokenScope.TEAM),
        "IncidentEvent.actor": _by_role(_READ, TokenScope.TEAM),
        "AlertDecision.channel": _by_role(_READ, TokenScope.NOTIFICATIONS),
        "AlertDecision.delivery": _by_role(_READ, *_DESTINATIONS),
        "Channel.monitor": _by_role(_READ, _WATCHED),
        "Delivery.channel": _by_role(_READ, TokenScope.NOTIFICATIONS),
        "Delivery.webhook": _by_role(_READ, TokenScope.WEBHOOKS),
        "Delivery.incident": _by_role(_READ, TokenScope.INCIDENTS),
        "ApiToken.createdBy": _by_role(_READ, TokenScope.TEAM),
        "AuditEntry.actor": _by_role(_READ, TokenScope.TEAM),
        "AuditEntry.token": _by_role(_READ, TokenScope.TOKENS),
        "MonitorChange.monitor": _by_role(_READ, _WATCHED),
        "IncidentChange.incident": _by_role(_READ, TokenScope.INCIDENTS),
    }
)

# Of these, those that are null to everybody else without an error beside them.
SILENT_FIELDS = frozenset({"Check.evidence", "Heartbeat.pingUrl"})
