"""What a principal may do: the lesser of the member's role and the token's grants."""

from __future__ import annotations

from core.access.principal import Principal, Role, TokenPermission, TokenScope
from core.errors import Forbidden, TokenScopeDenied

_OF_THE_WORKSPACE = frozenset({TokenScope.TEAM, TokenScope.ACCOUNT, TokenScope.TOKENS})


def require(principal: Principal, scope: TokenScope, permission: TokenPermission) -> None:
    """Raise TokenScopeDenied if the token's grants do not reach so far, Forbidden if the role does not."""
    require_grant(principal, scope, permission)
    if permission > _ceiling(principal.role, scope):
        raise Forbidden(f"the role {principal.role.value} does not allow {permission.name} on {scope.value}")


def require_grant(principal: Principal, scope: TokenScope, permission: TokenPermission) -> None:
    """Raise TokenScopeDenied if the token's grants do not reach so far, whatever the role: for one's own things."""
    if not _granted(principal, scope, permission):
        raise TokenScopeDenied(f"the api token lacks {permission.name} on {scope.value}")


def may(principal: Principal, scope: TokenScope, permission: TokenPermission) -> bool:
    """Return whether `require` would let the principal pass."""
    return _granted(principal, scope, permission) and permission <= _ceiling(principal.role, scope)


def reach(principal: Principal, scope: TokenScope) -> TokenPermission | None:
    """Return the furthest that the principal may go in a scope; None if it is closed to him."""
    allowed = [permission for permission in TokenPermission if may(principal, scope, permission)]
    return max(allowed, default=None)


def _granted(principal: Principal, scope: TokenScope, permission: TokenPermission) -> bool:
    """Return whether the token reaches so far; a signed-in person is held by the role alone."""
    if principal.token_id is None:
        return True
    return any(grant.scope is scope and grant.permission >= permission for grant in principal.grants)


def _ceiling(role: Role, scope: TokenScope) -> TokenPermission:
    """Return how far a role reaches: viewers read, members change what is watched and who is told."""
    if role in (Role.OWNER, Role.ADMIN):
        return TokenPermission.DELETE
    if role is Role.VIEWER or scope in _OF_THE_WORKSPACE:
        return TokenPermission.READ
    return TokenPermission.DELETE
