"""The reference page of rights, made from their table: `python -m core.access.rights_page`."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from uuid import UUID

from core.access.plans import Plan
from core.access.principal import Principal, Role
from core.access.rights import FIELDS, MUTATIONS, QUERIES, SUBSCRIPTIONS, Asker, Right, is_allowed

_HEAD = """# Who may do what

Each operation of the GraphQL API, what it needs, and to whom it is open. A person who is signed in is held by his role
alone. An API token acts with the lesser of its grants and the present role of whoever made it: where the column of
that role says no, no grant helps, and where it says yes, the token needs the grant (DELETE includes WRITE includes
READ). *Within projects* are members who are [confined to some of them](../how-to/roles.md): what is open to them is
open as far as it lies in those.

What is refused says why: `API_TOKEN_SCOPE_DENIED` is a grant that a token lacks (`FORBIDDEN` where something is only
read), `PROJECT_WRITE_FORBIDDEN` and `SHARED_ACCOUNT_WRITE_FORBIDDEN` a change that the role does not allow,
`PROJECT_SCOPE_FORBIDDEN` and `DEVICE_SCOPE_FORBIDDEN` something beyond the projects one is confined to. Another
workspace's objects are not found, as if there were none.

This page is made from the code, and a test asks for each operation as each of these.
"""

_SECTIONS: Sequence[tuple[str, Mapping[str, Right]]] = (
    ("Queries", QUERIES),
    ("Mutations", MUTATIONS),
    ("Subscriptions", SUBSCRIPTIONS),
    ("Fields that need a right besides that of their object", FIELDS),
)

_NOTES = """
`node` and `nodes` need what the query of the object's type needs. Leaving by oneself (`removeMember` of one's own
place) needs no role, and revoking itself needs of a token no more than WRITE. `auditLog` of a member or viewer is
closed, whatever token he holds.

A field that is closed is null with an error of code `FORBIDDEN`; `Check.evidence` and `Heartbeat.pingUrl` are null
without one, as is `AlertDecision.delivery` where it is the destination's own scope that is not granted. What goes to
webhooks is not for who is confined to projects. `Workspace.usage` is told of the workspace in which is asked. The checks of
an incident belong to it, but the monitor that they are of does not: as `Check.monitor` cannot be null, an incident by
whose checks it is asked for without UPTIME_CHECKS is null itself.

To give a monitor `channels` (`createMonitor`, `updateMonitor`) takes READ on NOTIFICATIONS besides, and to end one that
was made for the monitor, by leaving it out, WRITE. Whoever is confined to projects names channels only. What was made
for a monitor out of his sight is out of it too.

A token that invites or changes somebody (`inviteMember`, `updateMember`) needs WRITE on TEAM and, scope by scope, whatever
he may do then: for an OWNER or ADMIN DELETE on all; for a MEMBER DELETE on all but TEAM, ACCOUNT and TOKENS, and READ on
these; for a VIEWER READ on all. For who is confined to projects it needs READ on NOTIFICATIONS and
ANALYTICS, and on UPTIME_CHECKS and INCIDENTS the READ of a VIEWER or the DELETE of a MEMBER. So with TEAM alone it makes and changes nobody.
"""

_ANYBODY = Principal(
    workspace_id=UUID(int=0),
    user_id=UUID(int=0),
    token_id=None,
    role=Role.OWNER,
    grants=frozenset(),
    plan=Plan.ENTERPRISE,
)
_COLUMNS: Mapping[str, Principal] = {
    **{role.value: replace(_ANYBODY, role=role) for role in Role},
    **{
        f"{role.value} within projects": replace(_ANYBODY, role=role, project_ids=frozenset())
        for role in (Role.MEMBER, Role.VIEWER)
    },
}


def rights_page() -> str:
    """Return the page in Markdown."""
    return _HEAD + "".join(f"\n## {title}\n\n{_table(rights)}" for title, rights in _SECTIONS) + _NOTES


def _table(rights: Mapping[str, Right]) -> str:
    header: tuple[str, ...] = ("", *_COLUMNS, "a token needs")
    lines: list[Iterable[str]] = [header, ("---", *(":---:" for _ in _COLUMNS), "---")]
    lines += [(f"`{name}`", *_marks(right), _grant(right)) for name, right in rights.items()]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def _marks(right: Right) -> Iterable[str]:
    if right.asker is Asker.ANYBODY:
        return ("yes" for _ in _COLUMNS)
    return ("yes" if is_allowed(right, principal) else "" for principal in _COLUMNS.values())


def _grant(right: Right) -> str:
    if right.asker is Asker.ANYBODY:
        return "nothing: open without credentials"
    if right.asker is Asker.PERSON:
        return "closed to tokens"
    if right.asker is Asker.SIGNED_IN:
        return "no grant"
    needed = f"{right.permission.name} on " + " or ".join(scope.value for scope in right.scopes)
    return f"{needed}, and all that the member may do then" if right.makes_members else needed


if __name__ == "__main__":
    sys.stdout.write(rights_page())
