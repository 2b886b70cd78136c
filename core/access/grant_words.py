"""Grants in the words of the three REST dialects, and back.

OnlineOrNot names each grant by scope and permission (/v1/tokens, /v1/tokens/permissions). Dashmon has one access
level for a token (/api/user/api-tokens) and StatusApp one list of permissions (/api/v1/account/api-keys), both
for everything: there a token is shown as the least that it can do everywhere, and never as more.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from core.access.grants import least_everywhere, on_every_scope, strongest
from core.access.principal import Grant, TokenPermission, TokenScope
from core.issues import Issues, Path


@dataclass(frozen=True, kw_only=True, slots=True)
class Words:
    """What each dialect calls a permission."""

    onlineornot: str
    dashmon: str
    statusapp: str


# The one table. Dashmon's read_write deletes too, so what cannot delete is read_only there; read back, a word
# means the least permission that is called by it.
WORDS: Mapping[TokenPermission, Words] = MappingProxyType(
    {
        TokenPermission.READ: Words(onlineornot="read", dashmon="read_only", statusapp="read"),
        TokenPermission.WRITE: Words(onlineornot="write", dashmon="read_only", statusapp="read,write"),
        TokenPermission.DELETE: Words(
            onlineornot="delete", dashmon="read_write", statusapp="read,write,delete"
        ),
    }
)

_BY_ONLINEORNOT = {words.onlineornot: permission for permission, words in WORDS.items()}
_BY_DASHMON = {words.dashmon: permission for permission, words in reversed([*WORDS.items()])}
_BY_STATUSAPP = {frozenset(words.statusapp.split(",")): permission for permission, words in WORDS.items()}
_BY_SCOPE = {scope.value.lower(): scope for scope in TokenScope}
_PHRASE = re.compile(r"(\w+) \((\w+)\)")


def onlineornot_phrases(grants: Iterable[Grant]) -> list[str]:
    """Return each grant as `uptime_checks (read)`, in the order of the scopes; the strongest of each scope."""
    permissions = strongest(grants)
    return [
        f"{scope.value.lower()} ({WORDS[permissions[scope]].onlineornot})"
        for scope in TokenScope
        if scope in permissions
    ]


def grant_of_phrase(phrase: str, path: Path, issues: Issues) -> Grant | None:
    """Return what `uptime_checks (read)` grants; note an issue and return None if it is no such phrase."""
    named = _PHRASE.fullmatch(phrase)
    if named is None:
        issues.refuse_value(
            path, "pattern", "must be a scope and a permission", phrase, expected="scope (permission)"
        )
        return None
    return grant_of_names(named[1], named[2], path, issues)


def grant_of_names(
    scope: str | None,
    permission: str | None,
    path: Path,
    issues: Issues,
    *,
    fields: tuple[str, str] = ("scope", "permission"),
) -> Grant | None:
    """Return the grant of a scope and a permission by name, in either case; note an issue for each unknown one.

    `fields` are what the two are called in the input. Of a name that is None something is wrong that is told already.
    """
    found_scope = _BY_SCOPE.get((scope or "").lower())
    found_permission = _BY_ONLINEORNOT.get((permission or "").lower())
    if scope is not None and found_scope is None:
        expected = ", ".join(_BY_SCOPE)
        issues.refuse_value((*path, fields[0]), "enum", "is not a scope", scope, expected=expected)
    if permission is not None and found_permission is None:
        expected = ", ".join(_BY_ONLINEORNOT)
        issues.refuse_value((*path, fields[1]), "enum", "is not a permission", permission, expected=expected)
    if found_scope is None or found_permission is None:
        return None
    return Grant(scope=found_scope, permission=found_permission)


def dashmon_access_level(grants: Iterable[Grant]) -> str | None:
    """Return read_only or read_write; None for a token that cannot even read everywhere."""
    permission = least_everywhere(grants)
    return None if permission is None else WORDS[permission].dashmon


def grants_of_access_level(level: str, path: Path, issues: Issues) -> frozenset[Grant]:
    """Return what an access level grants; note an issue if there is no such level."""
    permission = _BY_DASHMON.get(level)
    if permission is None:
        expected = ", ".join(sorted(_BY_DASHMON))
        issues.refuse_value(path, "enum", "is not an access level", level, expected=expected)
        return frozenset()
    return on_every_scope(permission)


def statusapp_permissions(grants: Iterable[Grant]) -> str:
    """Return `read`, `read,write` or `read,write,delete`; empty for a token that cannot even read everywhere."""
    permission = least_everywhere(grants)
    return "" if permission is None else WORDS[permission].statusapp


def grants_of_permissions(permissions: str, path: Path, issues: Issues) -> frozenset[Grant]:
    """Return what a list of permissions grants, in any order.

    Notes an issue for a list with a gap, such as `read,delete`: here who deletes also writes.
    """
    words = frozenset(word.strip() for word in permissions.split(","))
    permission = _BY_STATUSAPP.get(words)
    if permission is None:
        expected = " or ".join(each.statusapp for each in WORDS.values())
        issues.refuse_value(path, "enum", f"must be {expected}", permissions, expected=expected)
        return frozenset()
    return on_every_scope(permission)
