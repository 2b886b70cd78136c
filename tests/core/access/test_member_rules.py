"""Who may make whom what, and whom projects can confine."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from core.access.grants import ALL_GRANTS, on_every_scope
from core.access.member_rules import (
    MOST_PROJECTS_OF_A_MEMBER,
    confining_projects,
    keep_confinement,
    may_make_somebody,
    require_may_change,
    require_may_make,
    role_of,
)
from core.access.permission import may, reach
from core.access.plans import Plan
from core.access.principal import Grant, Principal, Role, TokenPermission, TokenScope
from core.access.rights import FIELDS, MUTATIONS, QUERIES, SUBSCRIPTIONS, Asker, is_allowed
from core.clock import ManualClock
from core.errors import Forbidden, SharedAccountWriteForbidden, TokenScopeDenied
from core.ids import Prefix, encode_id, new_id
from core.issues import Issues
from core.unset import UNSET

READ, WRITE, DELETE = TokenPermission.READ, TokenPermission.WRITE, TokenPermission.DELETE
TOKEN = Principal(
    workspace_id=UUID(int=1),
    user_id=UUID(int=2),
    token_id=UUID(int=3),
    role=Role.OWNER,
    grants=ALL_GRANTS,
    plan=Plan.FREE,
)
TEAM_WRITE = Grant(scope=TokenScope.TEAM, permission=WRITE)
RIGHTS = {**QUERIES, **MUTATIONS, **SUBSCRIPTIONS, **FIELDS}


def place_of(role: Role, *, is_confined: bool) -> Principal:
    """Return who has that place, signed in."""
    project_ids = frozenset[UUID]() if is_confined else None
    return replace(TOKEN, token_id=None, grants=frozenset(), role=role, project_ids=project_ids)


places = st.sampled_from(
    [
        *[place_of(role, is_confined=False) for role in Role],
        *[place_of(role, is_confined=True) for role in (Role.MEMBER, Role.VIEWER)],
    ]
)


@st.composite
def tokens(draw: st.DrawFn) -> Principal:
    """Return a token that changes the team, and may do what some place may, a little more or a little less."""
    like = draw(places)
    reaches = {scope: reach(like, scope) for scope in TokenScope}
    reaches |= draw(
        st.dictionaries(st.sampled_from(TokenScope), st.sampled_from([None, *TokenPermission]), max_size=3)
    )
    grants = {Grant(scope=scope, permission=each) for scope, each in reaches.items() if each is not None}
    role = draw(st.sampled_from([Role.OWNER, Role.ADMIN]))
    return replace(TOKEN, role=role, grants=frozenset({*grants, TEAM_WRITE}))


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
        require_may_make(somebody(clock, Role.OWNER), other, is_confined=False)
        require_may_change(somebody(clock, Role.OWNER), other)
    if role is Role.OWNER:
        return
    actor = somebody(clock, role)
    require_may_make(actor, Role.ADMIN, is_confined=False)
    require_may_change(actor, Role.ADMIN)
    with pytest.raises(SharedAccountWriteForbidden) as made:
        require_may_make(actor, Role.OWNER, is_confined=False)
    with pytest.raises(SharedAccountWriteForbidden) as changed:
        require_may_change(actor, Role.OWNER, "id")
    assert (made.value.path, changed.value.path) == (("role",), ("id",))


@given(tokens(), places)
def test_whatever_a_token_may_make_can_do_nothing_that_the_token_could_not(
    token: Principal, place: Principal
) -> None:
    """But for what everybody does for himself."""
    try:
        require_may_make(token, place.role, is_confined=place.project_ids is not None)
    except Forbidden:
        assume(False)

    assert may_make_somebody(token)
    for scope in TokenScope:
        assert (reach(place, scope) or 0) <= (reach(token, scope) or 0)
    for name, right in RIGHTS.items():
        if right.asker is Asker.BY_ROLE and is_allowed(right, place):
            assert is_allowed(right, token), name


@given(tokens(), places)
def test_a_token_is_refused_only_for_what_it_lacks_and_told_what_that_is(
    token: Principal, place: Principal
) -> None:
    reaches = {scope: (reach(token, scope), reach(place, scope)) for scope in TokenScope}
    lacking = [
        f"{of_place.name} on {scope.value}"
        for scope, (own, of_place) in reaches.items()
        if of_place is not None and (own is None or own < of_place)
    ]
    assume(lacking and not (place.role is Role.OWNER and token.role is Role.ADMIN))

    with pytest.raises(TokenScopeDenied) as denied:
        require_may_make(token, place.role, is_confined=place.project_ids is not None)

    assert denied.value.message.endswith(f"than the api token, which lacks {', '.join(lacking)}")


def test_a_token_that_changes_only_the_team_makes_nobody_and_one_that_reads_makes_viewers() -> None:
    only_team = replace(TOKEN, grants=frozenset({Grant(scope=TokenScope.TEAM, permission=DELETE)}))
    reads_all = replace(TOKEN, grants=on_every_scope(READ) | {TEAM_WRITE})

    for role in Role:
        with pytest.raises(TokenScopeDenied):
            require_may_make(only_team, role, is_confined=role in (Role.MEMBER, Role.VIEWER))
        require_may_make(replace(only_team, token_id=None), role, is_confined=False)
    require_may_make(reads_all, Role.VIEWER, is_confined=False)
    with pytest.raises(
        TokenScopeDenied, match=r"role MEMBER within projects may do more .* DELETE on INCIDENTS"
    ):
        require_may_make(reads_all, Role.MEMBER, is_confined=True)

    assert (may_make_somebody(only_team), may_make_somebody(reads_all)) == (False, True)
    assert may(only_team, TokenScope.TEAM, WRITE)


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
