"""A token's grants: as they are stored, and what several of them come to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from core.access.principal import Grant, TokenPermission, TokenScope


def on_every_scope(permission: TokenPermission) -> frozenset[Grant]:
    """Return the grants of that permission everywhere."""
    return frozenset(Grant(scope=scope, permission=permission) for scope in TokenScope)


ALL_GRANTS = on_every_scope(TokenPermission.DELETE)


def strongest(grants: Iterable[Grant]) -> dict[TokenScope, TokenPermission]:
    """Return how far each granted scope is open: a permission includes those below it."""
    permissions: dict[TokenScope, TokenPermission] = {}
    for grant in grants:
        permissions[grant.scope] = max(grant.permission, permissions.get(grant.scope, grant.permission))
    return permissions


def least_everywhere(grants: Iterable[Grant]) -> TokenPermission | None:
    """Return what is granted on every scope there is; None if some scope is closed."""
    permissions = strongest(grants)
    return min(permissions.values()) if len(permissions) == len(TokenScope) else None


def grants_to_json(grants: Iterable[Grant]) -> list[dict[str, str]]:
    """Return the JSON of `api_tokens.grants`: scope and permission by name, in the order of the scopes."""
    order = list(TokenScope)
    return [
        {"scope": grant.scope.value, "permission": grant.permission.name}
        for grant in sorted(grants, key=lambda grant: order.index(grant.scope))
    ]


def grants_from_json(stored: Iterable[Mapping[str, str]]) -> frozenset[Grant]:
    """Return the grants of a token's row. A scope unknown to this release opens nothing."""
    known = set(TokenScope)
    return frozenset(
        Grant(scope=TokenScope(row["scope"]), permission=TokenPermission[row["permission"]])
        for row in stored
        if row["scope"] in known
    )
