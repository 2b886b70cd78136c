"""Who may do what."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.access.grants import ALL_GRANTS, grants_from_json, grants_to_json
from core.access.permission import may, may_by_grant, reach, require, require_any
from core.access.plans import Plan
from core.access.principal import Grant, Principal, Role, TokenPermission, TokenScope
from core.errors import Forbidden, ProjectWriteForbidden, SharedAccountWriteForbidden, TokenScopeDenied

OWNER = Principal(
    workspace_id=UUID(int=1),
    user_id=UUID(int=2),
    token_id=UUID(int=3),
    role=Role.OWNER,
    grants=ALL_GRANTS,
    plan=Plan.ENTERPRISE,
)
OF_PROJECTS = {TokenScope.UPTIME_CHECKS, TokenScope.INCIDENTS}
scopes = st.sampled_from(TokenScope)
permissions = st.sampled_from(TokenPermission)
grant_sets = st.frozensets(st.builds(Grant, scope=scopes, permission=permissions))
principals = st.builds(
    replace,
    st.just(OWNER),
    role=st.sampled_from(Role),
    grants=grant_sets,
    token_id=st.sampled_from([None, UUID(int=3)]),
    project_ids=st.sampled_from([None, frozenset[UUID](), frozenset({UUID(int=9)})]),
)


@pytest.mark.parametrize("scope", TokenScope)
def test_an_owner_with_all_grants_may_do_everything(scope: TokenScope) -> None:
    require(OWNER, scope, TokenPermission.DELETE)


@pytest.mark.parametrize("scope", TokenScope)
def test_a_viewer_reads_and_changes_nothing(scope: TokenScope) -> None:
    viewer = replace(OWNER, role=Role.VIEWER)

    require(viewer, scope, TokenPermission.READ)
    refusal = ProjectWriteForbidden if scope in OF_PROJECTS else SharedAccountWriteForbidden
    with pytest.raises(refusal, match="the role VIEWER"):
        require(viewer, scope, TokenPermission.WRITE)


def test_a_member_changes_what_is_watched_but_not_who_belongs() -> None:
    member = replace(OWNER, role=Role.MEMBER)

    require(member, TokenScope.UPTIME_CHECKS, TokenPermission.DELETE)
    with pytest.raises(SharedAccountWriteForbidden):
        require(member, TokenScope.TEAM, TokenPermission.WRITE)


@pytest.mark.parametrize("scope", TokenScope)
def test_whoever_is_confined_has_his_role_within_projects_and_beside_them_sees_who_can_be_told_and_figures(
    scope: TokenScope,
) -> None:
    confined = replace(OWNER, role=Role.MEMBER, project_ids=frozenset({UUID(int=9)}))

    reaches = TokenPermission.DELETE if scope in OF_PROJECTS else None
    if scope in {TokenScope.NOTIFICATIONS, TokenScope.ANALYTICS}:
        reaches = TokenPermission.READ
    assert reach(confined, scope) == reaches
    if reaches is None:
        with pytest.raises(Forbidden, match="within projects"):
            require(confined, scope, TokenPermission.READ)


def test_a_confined_member_sees_his_projects_alone() -> None:
    confined = replace(OWNER, project_ids=frozenset({UUID(int=9)}))

    assert confined.sees_project(UUID(int=9))
    assert not confined.sees_project(UUID(int=8))
    assert not confined.sees_project(None)
    assert OWNER.sees_project(UUID(int=8))


def test_a_missing_grant_is_said_to_be_the_tokens_fault() -> None:
    token = replace(
        OWNER, grants=frozenset({Grant(scope=TokenScope.INCIDENTS, permission=TokenPermission.WRITE)})
    )

    require(token, TokenScope.INCIDENTS, TokenPermission.READ)
    with pytest.raises(TokenScopeDenied, match="lacks DELETE on INCIDENTS"):
        require(token, TokenScope.INCIDENTS, TokenPermission.DELETE)
    with pytest.raises(TokenScopeDenied):
        require(token, TokenScope.WEBHOOKS, TokenPermission.READ)


def test_a_person_who_is_signed_in_needs_no_grants() -> None:
    require(replace(OWNER, token_id=None, grants=frozenset()), TokenScope.TEAM, TokenPermission.DELETE)


@given(principals, scopes, permissions)
def test_asking_and_requiring_agree(
    principal: Principal, scope: TokenScope, permission: TokenPermission
) -> None:
    try:
        require(principal, scope, permission)
    except Forbidden:
        assert not may(principal, scope, permission)
    else:
        assert may(principal, scope, permission)


@given(principals, scopes)
def test_delete_includes_write_includes_read(principal: Principal, scope: TokenScope) -> None:
    allowed = [may(principal, scope, permission) for permission in TokenPermission]

    assert allowed == sorted(allowed, reverse=True)


@given(grant_sets)
def test_grants_come_back_as_they_were_stored(grants: frozenset[Grant]) -> None:
    assert grants_from_json(grants_to_json(grants)) == grants


def test_a_scope_of_a_later_release_opens_nothing() -> None:
    assert grants_from_json([{"scope": "TELEPORT", "permission": "DELETE"}]) == frozenset()


@given(
    principal=principals,
    wanted=st.lists(scopes, min_size=1, max_size=2, unique=True),
    permission=permissions,
)
def test_of_several_scopes_one_is_enough_and_no_grant_is_asked_for_that_would_not_help(
    principal: Principal, wanted: list[TokenScope], permission: TokenPermission
) -> None:
    is_open = any(may(principal, scope, permission) for scope in wanted)
    is_granted = any(may_by_grant(principal, scope, permission) for scope in wanted)

    if is_open:
        require_any(principal, wanted, permission)
        return
    with pytest.raises(Forbidden) as refusal:
        require_any(principal, wanted, permission)
    assert isinstance(refusal.value, TokenScopeDenied) is not is_granted
