"""Who may make whom what, and whom projects can confine."""

from __future__ import annotations

import pytest

from core.access.grants import ALL_GRANTS
from core.access.member_rules import (
    MOST_PROJECTS_OF_A_MEMBER,
    confining_projects,
    keep_confinement,
    require_may_change,
    require_may_make,
    role_of,
)
from core.access.plans import Plan
from core.access.principal import Principal, Role
from core.clock import ManualClock
from core.errors import SharedAccountWriteForbidden
from core.ids import Prefix, encode_id, new_id
from core.issues import Issues
from core.unset import UNSET


def somebody(clock: ManualClock, role: Role) -> Principal:
    return Principal(
        workspace_id=new_id(clock.now()),
        user_id=new_id(clock.now()),
        token_id=None,
        role=role,
        grants=ALL_GRANTS,
        plan=Plan.FREE,
    )


def rules_of(issues: Issues) -> list[tuple[str, str]]:
    return [(".".join(issue.path), issue.rule) for issue in issues.found]


@pytest.mark.parametrize("role", Role)
def test_only_an_owner_makes_and_changes_owners(clock, role: Role) -> None:
    for other in Role:
        require_may_make(somebody(clock, Role.OWNER), other)
        require_may_change(somebody(clock, Role.OWNER), other)
    if role is Role.OWNER:
        return
    actor = somebody(clock, role)
    require_may_make(actor, Role.ADMIN)
    require_may_change(actor, Role.ADMIN)
    with pytest.raises(SharedAccountWriteForbidden) as made:
        require_may_make(actor, Role.OWNER)
    with pytest.raises(SharedAccountWriteForbidden) as changed:
        require_may_change(actor, Role.OWNER, "id")
    assert (made.value.path, changed.value.path) == (("role",), ("id",))


def test_a_role_that_is_absent_stays_and_none_is_no_role() -> None:
    issues = Issues()
    assert role_of(UNSET, Role.VIEWER, issues) is Role.VIEWER
    assert role_of(Role.ADMIN, Role.VIEWER, issues) is Role.ADMIN
    assert issues.found == []
    assert role_of(None, Role.VIEWER, issues) is Role.VIEWER
    assert rules_of(issues) == [("role", "required")]


@pytest.mark.parametrize("role", Role)
def test_members_and_viewers_alone_can_be_confined(clock, role: Role) -> None:
    project_id = new_id(clock.now())
    public_id = encode_id(Prefix.PROJECT, project_id)
    issues, kept = Issues(), Issues()

    assert confining_projects(role, None, issues) is None
    assert confining_projects(role, [public_id, public_id], issues) == {project_id: 0}
    keep_confinement(role, kept)

    is_confinable = role in (Role.MEMBER, Role.VIEWER)
    assert rules_of(issues) == rules_of(kept) == ([] if is_confinable else [("projectIds", "conflict")])


def test_nobody_is_confined_to_nothing_nor_to_what_is_no_project(clock) -> None:
    issues = Issues()
    project = encode_id(Prefix.PROJECT, new_id(clock.now()))

    assert confining_projects(Role.MEMBER, [], issues) == {}
    assert len(confining_projects(Role.MEMBER, ["x", project, "mon_x"], issues) or ()) == 1
    assert confining_projects(Role.MEMBER, ["x"] * (MOST_PROJECTS_OF_A_MEMBER + 1), issues) == {}

    assert rules_of(issues) == [
        ("projectIds", "min_length"),
        ("projectIds.0", "unknown"),
        ("projectIds.2", "unknown"),
        ("projectIds", "max_length"),
    ]
