"""A token's grants, as they are stored."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from core.access.principal import Grant, TokenPermission, TokenScope

ALL_GRANTS = frozenset(Grant(scope=scope, permission=TokenPermission.DELETE) for scope in TokenScope)


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
