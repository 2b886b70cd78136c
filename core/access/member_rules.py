"""Who may make whom what in a workspace, and whom projects can confine."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from core.access.permission import may, reach
from core.access.principal import Principal, Role, TokenScope
from core.errors import SharedAccountWriteForbidden, TokenScopeDenied
from core.ids import Prefix, decode_id
from core.issues import Issues
from core.unset import UNSET, Unset

INVITATION_LASTS = timedelta(days=7)
MOST_MEMBERS = 500
MOST_PROJECTS_OF_A_MEMBER = 100

_CONFINABLE = frozenset({Role.MEMBER, Role.VIEWER})
_PATH = ("projectIds",)


def require_may_make(actor: Principal, role: Role, *, is_confined: bool) -> None:
    """Raise SharedAccountWriteForbidden where somebody else than an OWNER would make one.

    Raises TokenScopeDenied where a token would make somebody who may do more than itself.
    """
    if role is Role.OWNER and actor.role is not Role.OWNER:
        raise SharedAccountWriteForbidden("role can be made OWNER by an OWNER only", path=("role",))
    lacking = ", ".join(_lacking(actor, role, is_confined))
    if lacking:
        who = f"{role.value}{' within projects' if is_confined else ''}"
        raise TokenScopeDenied(f"role {who} may do more than the api token, which lacks {lacking}")


def may_make_somebody(actor: Principal) -> bool:
    """Return whether there is any place, be it the least, that lies within the reach of the actor's token."""
    return any(not any(_lacking(actor, role, is_confined=True)) for role in _CONFINABLE)


def _lacking(actor: Principal, role: Role, is_confined: bool) -> Iterator[str]:
    """Return what somebody in such a place may do, and the actor's token may not; nothing for who is signed in."""
    if actor.token_id is None:
        return
    place = replace(actor, token_id=None, role=role, project_ids=frozenset() if is_confined else None)
    for scope in TokenScope:
        wanted = reach(place, scope)
        if wanted is not None and not may(actor, scope, wanted):
            yield f"{wanted.name} on {scope.value}"


def require_may_change(actor: Principal, present: Role, *path: str) -> None:
    """Raise SharedAccountWriteForbidden where somebody else than an OWNER would change or remove one."""
    if present is Role.OWNER and actor.role is not Role.OWNER:
        raise SharedAccountWriteForbidden("an OWNER is changed and removed by an OWNER only", path=path)


def role_of(wanted: Role | Unset | None, present: Role, issues: Issues) -> Role:
    """Return the role of an update; note an issue if it is null, as no role is the default."""
    if wanted is None:
        issues.refuse_value(("role",), "required", "must not be null", None, expected="text")
        return present
    return present if wanted is UNSET else wanted


def confining_projects(
    role: Role, public_ids: Sequence[str] | None, issues: Issues
) -> dict[UUID, int] | None:
    """Return the projects that somebody of a role is to be confined to, with their places; None if he is not to be.

    Notes each rule that is broken: OWNERs and ADMINs cannot be confined, and nobody to nothing.
    """
    if public_ids is None:
        return None
    if role not in _CONFINABLE:
        issues.refuse(
            _PATH, "conflict", f"must not be given for the role {role.value}, which has all projects"
        )
    if not public_ids:
        issues.refuse(_PATH, "min_length", "must name at least 1 project, or be null for all", expected="1")
    if len(public_ids) > MOST_PROJECTS_OF_A_MEMBER:
        cause = f"must have at most {MOST_PROJECTS_OF_A_MEMBER} items"
        most = str(MOST_PROJECTS_OF_A_MEMBER)
        issues.refuse_value(_PATH, "max_length", cause, len(public_ids), expected=most)
        return {}
    places: dict[UUID, int] = {}
    for place, public_id in enumerate(public_ids):
        project_id = decode_id(Prefix.PROJECT, public_id)
        if project_id is None:
            refuse_project(place, issues)
        else:
            places.setdefault(project_id, place)
    return places


def refuse_project(place: int, issues: Issues) -> None:
    """Note that what stands at a place of the list names no project of the workspace."""
    issues.refuse((*_PATH, str(place)), "unknown", "names no project")


def keep_confinement(role: Role, issues: Issues) -> None:
    """Note an issue if somebody who stays confined is to have a role that cannot be."""
    if role not in _CONFINABLE:
        cause = f"must be null for the role {role.value}: the member is confined to projects"
        issues.refuse(_PATH, "conflict", cause)
