"""What a principal may do: the lesser of the member's role and the token's grants."""

from __future__ import annotations

from collections.abc import Sequence

from core.access.principal import Principal, Role, TokenPermission, TokenScope
from core.errors import Forbidden, ProjectWriteForbidden, SharedAccountWriteForbidden, TokenScopeDenied

_OF_PROJECTS = frozenset({TokenScope.UPTIME_CHECKS, TokenScope.INCIDENTS})
_ADMINISTRATORS = frozenset({Role.OWNER, Role.ADMIN})
# What whoever is confined may read beside that: who can be told, and figures, which are of his projects alone.
_READ_FROM_WITHIN = frozenset({TokenScope.NOTIFICATIONS, TokenScope.ANALYTICS})
_OF_ADMINISTRATION = frozenset({TokenScope.TEAM, TokenScope.ACCOUNT, TokenScope.TOKENS})


def require(principal: Principal, scope: TokenScope, permission: TokenPermission) -> None:
    """Raise TokenScopeDenied if the token's grants do not reach so far, Forbidden if the role does not.

    A change that the role does not allow is a ProjectWriteForbidden or a SharedAccountWriteForbidden.
    """
    require_grant(principal, scope, permission)
    if permission > (_ceiling(principal, scope) or 0):
        raise _refusal(principal, scope, permission)


def require_any(principal: Principal, scopes: Sequence[TokenScope], permission: TokenPermission) -> None:
    """Raise what `require` does for one of the scopes, unless one is open so far: of a granted one it is the role."""
    if not any(may(principal, scope, permission) for scope in scopes):
        granted = [scope for scope in scopes if may_by_grant(principal, scope, permission)]
        require(principal, (granted or scopes)[0], permission)


def require_grant(principal: Principal, scope: TokenScope, permission: TokenPermission) -> None:
    """Raise TokenScopeDenied if the token's grants do not reach so far, whatever the role: for one's own things."""
    if not may_by_grant(principal, scope, permission):
        raise TokenScopeDenied(f"the api token lacks {permission.name} on {scope.value}")


def require_administrator(principal: Principal) -> None:
    """Raise Forbidden unless the principal owns or administers the workspace."""
    if principal.role not in _ADMINISTRATORS:
        raise Forbidden(f"the role {principal.role.value} does not allow it: owners and admins only")


def may(principal: Principal, scope: TokenScope, permission: TokenPermission) -> bool:
    """Return whether `require` would let the principal pass."""
    return may_by_grant(principal, scope, permission) and permission <= (_ceiling(principal, scope) or 0)


def may_by_grant(principal: Principal, scope: TokenScope, permission: TokenPermission) -> bool:
    """Return whether the token reaches so far; a signed-in person is held by the role alone."""
    if principal.token_id is None:
        return True
    return any(grant.scope is scope and grant.permission >= permission for grant in principal.grants)


def reach(principal: Principal, scope: TokenScope) -> TokenPermission | None:
    """Return the furthest that the principal may go in a scope; None if it is closed to him."""
    allowed = [permission for permission in TokenPermission if may(principal, scope, permission)]
    return max(allowed, default=None)


def _ceiling(principal: Principal, scope: TokenScope) -> TokenPermission | None:
    """Return how far a role reaches: viewers read, members change what is watched and who is told.

    Whoever is confined to projects has nothing to do with what is the whole workspace's, but that he reads who can
    be told, and figures of what he sees.
    """
    if principal.project_ids is not None and scope not in _OF_PROJECTS:
        return TokenPermission.READ if scope in _READ_FROM_WITHIN else None
    if principal.role in _ADMINISTRATORS:
        return TokenPermission.DELETE
    if principal.role is Role.VIEWER or scope in _OF_ADMINISTRATION:
        return TokenPermission.READ
    return TokenPermission.DELETE


def _refusal(principal: Principal, scope: TokenScope, permission: TokenPermission) -> Forbidden:
    who = f"the role {principal.role.value}" + ("" if principal.project_ids is None else " within projects")
    message = f"{who} does not allow {permission.name} on {scope.value}"
    if permission is TokenPermission.READ:
        return Forbidden(message)
    return (ProjectWriteForbidden if scope in _OF_PROJECTS else SharedAccountWriteForbidden)(message)
