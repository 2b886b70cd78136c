"""What of a workspace a principal gets to see, and may change."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from core.access.grants import ALL_GRANTS
from core.access.plans import TERMS, Plan
from core.access.principal import Principal, Role
from core.access.project_scope import require_device, require_project, require_unconfined
from core.access.sight import history_begins, sight_of
from core.errors import DeviceScopeForbidden, ProjectScopeForbidden, SharedAccountWriteForbidden

NOW = datetime(2026, 11, 22, 10, 30, tzinfo=UTC)
ONE, TWO, OTHER = UUID(int=1), UUID(int=2), UUID(int=3)


def member(project_ids: frozenset[UUID] | None, plan: Plan = Plan.FREE) -> Principal:
    return Principal(
        workspace_id=UUID(int=9),
        user_id=UUID(int=8),
        token_id=None,
        role=Role.MEMBER,
        grants=ALL_GRANTS,
        plan=plan,
        project_ids=project_ids,
    )


@pytest.mark.parametrize("plan", Plan)
def test_history_begins_as_many_days_ago_as_the_plan_keeps(plan: Plan) -> None:
    assert NOW - history_begins(plan, NOW) == timedelta(days=TERMS[plan].retention_days)
    assert sight_of(member(None, plan), NOW).since == history_begins(plan, NOW)


def test_whoever_is_not_confined_sees_all_projects() -> None:
    sight = sight_of(member(None), NOW)

    assert (sight.workspace_id, sight.project_ids, sight.is_confined) == (UUID(int=9), None, False)
    assert (sight.within(OTHER), sight.within(None)) == (OTHER, None)


def test_whoever_is_confined_sees_his_projects_and_equal_sights_are_equal() -> None:
    sight = sight_of(member(frozenset({TWO, ONE})), NOW)

    assert (sight.project_ids, sight.is_confined) == ((ONE, TWO), True)
    assert sight == sight_of(member(frozenset({ONE, TWO})), NOW)
    assert hash(sight) == hash(sight_of(member(frozenset({ONE, TWO})), NOW))
    assert sight.unconfined == sight_of(member(None), NOW)


def test_a_member_confined_to_no_project_that_is_left_sees_none() -> None:
    sight = sight_of(member(frozenset()), NOW)

    assert (sight.project_ids, sight.is_confined) == ((), True)


def test_a_filter_by_a_project_out_of_sight_is_one_by_nobodys() -> None:
    sight = sight_of(member(frozenset({ONE})), NOW)

    assert (sight.within(ONE), sight.within(None), sight.within(OTHER)) == (ONE, None, UUID(int=0))


def test_a_moment_before_the_history_becomes_its_beginning() -> None:
    sight = sight_of(member(None), NOW)
    later, earlier = sight.since + timedelta(seconds=1), sight.since - timedelta(seconds=1)

    assert sight.since_or_later(later) == later
    assert sight.since_or_later(earlier) == sight.since
    assert sight.since_or_later(None) == sight.since
    assert sight.after < sight.since == sight.after + timedelta(microseconds=1)


def test_what_is_out_of_sight_is_refused_at_the_field_that_names_it() -> None:
    confined = member(frozenset({ONE}))
    for principal in (confined, member(None)):
        require_project(principal, ONE, "id")
        require_device(principal, ONE, "id")
    require_unconfined(member(None), "make projects")

    with pytest.raises(ProjectScopeForbidden) as project:
        require_project(confined, OTHER, "projectId")
    with pytest.raises(DeviceScopeForbidden) as device:
        require_device(confined, OTHER, "monitorIds", "2")
    with pytest.raises(SharedAccountWriteForbidden, match="confined to projects may not make projects"):
        require_unconfined(confined, "make projects")
    assert (project.value.path, device.value.path) == (("projectId",), ("monitorIds", "2"))
