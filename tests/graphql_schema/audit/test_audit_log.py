"""The audit log through GraphQL: for owners and admins, and for nobody else."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from core.access.grants import on_every_scope
from core.access.principal import Grant, Role, TokenPermission, TokenScope
from core.audit.action import AuditAction
from core.audit.change import AuditedChange, updated
from core.audit.reading import KEPT
from core.audit.recording import Operator, record_all
from core.ids import Prefix, encode_id, new_id
from graphql_schema.scalars import write_moment
from tests.graphql_schema.test_statement_counts import statements_of

READ_ACCOUNT = Grant(scope=TokenScope.ACCOUNT, permission=TokenPermission.READ)
READ_TOKENS = Grant(scope=TokenScope.TOKENS, permission=TokenPermission.READ)
LIST = """
query ($first: Int, $after: String) { auditLog(first: $first, after: $after) {
  totalCount nodes { id at action subjectId before after actor { email } token { name prefix } }
  pageInfo { hasNextPage endCursor } } }
"""
NODE = "query ($id: ID!) { node(id: $id) { ... on AuditEntry { action subjectId } } }"
CREATE = 'mutation { createProject(input: {name: "House"}) { project { id } userErrors { message } } }'


async def note(tenant, *changes: AuditedChange, at=None) -> None:
    """Write changes down as the operator."""
    async with tenant.database.acquire() as connection:
        await record_all(connection, Operator(workspace_id=tenant.workspace_id), changes, at or tenant.now)


def renamed(tenant, name: str) -> AuditedChange:
    project_id = new_id(tenant.now)
    return updated(AuditAction.PROJECT_UPDATED, project_id, {"name": "Old"}, {"name": name})


async def entry_id(tenant) -> str:
    [row] = await tenant.fetch("SELECT id FROM audit_entries WHERE workspace_id = $1", tenant.workspace_id)
    return encode_id(Prefix.AUDIT_ENTRY, row["id"])


async def test_an_entry_says_who_did_what_to_what_by_what_token(owner):
    project_id = (await owner.data(CREATE))["createProject"]["project"]["id"]

    [entry] = (await owner.data(LIST))["auditLog"]["nodes"]

    [person] = await owner.fetch("SELECT email FROM users WHERE id = $1", owner.user_id)
    assert entry == {
        "id": await entry_id(owner),
        "at": write_moment(owner.now),
        "action": "project.created",
        "subjectId": project_id,
        "before": None,
        "after": {"name": "House"},
        "actor": {"email": person["email"]},
        "token": {"name": "a token", "prefix": owner.secret[:8]},
    }


async def test_the_latest_stands_first_and_pages_follow_each_other(owner):
    for number in range(5):
        await note(owner, renamed(owner, str(number)), at=owner.now - timedelta(seconds=10 - number))

    first = (await owner.data(LIST, first=3))["auditLog"]
    second = (await owner.data(LIST, first=3, after=first["pageInfo"]["endCursor"]))["auditLog"]

    assert [node["after"]["name"] for node in first["nodes"]] == ["4", "3", "2"]
    assert [node["after"]["name"] for node in second["nodes"]] == ["1", "0"]
    assert (first["totalCount"], first["pageInfo"]["hasNextPage"]) == (5, True)
    assert second["pageInfo"]["hasNextPage"] is False
    assert {node["actor"] for node in first["nodes"]} == {node["token"] for node in first["nodes"]} == {None}


async def test_what_is_older_than_90_days_is_not_shown_though_it_is_still_there(owner):
    await note(owner, renamed(owner, "old"), at=owner.now - KEPT - timedelta(seconds=1))
    old = await entry_id(owner)
    await note(owner, renamed(owner, "young"), at=owner.now - KEPT + timedelta(seconds=60))

    [shown] = (await owner.data(LIST))["auditLog"]["nodes"]

    assert shown["after"] == {"name": "young"}
    assert (await owner.data(NODE, id=old))["node"] is None


async def test_an_admin_sees_it_by_a_token_with_the_grant(owner):
    await note(owner, renamed(owner, "New"))
    admin = await owner.add_token(READ_ACCOUNT, READ_TOKENS, role=Role.ADMIN)

    assert [node["action"] for node in (await admin.data(LIST))["auditLog"]["nodes"]] == ["project.updated"]
    assert (await admin.data(NODE, id=await entry_id(owner)))["node"]["action"] == "project.updated"


@pytest.mark.parametrize("role", [Role.MEMBER, Role.VIEWER])
async def test_members_and_viewers_are_refused_whether_there_is_an_entry_or_not(owner, role):
    await note(owner, renamed(owner, "New"))
    other = await owner.add_token(role=role)

    for answer in (
        await other.ask(LIST),
        await other.ask(NODE, id=await entry_id(owner)),
        await other.ask(NODE, id=encode_id(Prefix.AUDIT_ENTRY, new_id(owner.now))),
    ):
        assert answer.codes == ["FORBIDDEN"]
        assert set(answer.body["data"].values()) == {None}


async def test_a_token_acts_with_the_lesser_of_its_grants_and_its_makers_role(owner):
    await note(owner, renamed(owner, "New"))
    others = on_every_scope(TokenPermission.DELETE) - {
        replace(READ_ACCOUNT, permission=TokenPermission.DELETE)
    }
    without = await owner.add_token(*others)

    assert (await without.ask(LIST)).codes == ["FORBIDDEN"]
    assert (await without.ask(NODE, id=await entry_id(owner))).codes == ["FORBIDDEN"]


async def test_whoever_is_confined_to_projects_is_refused_whatever_his_role(owner):
    admin = await owner.add_token(role=Role.ADMIN)
    async with owner.database.acquire() as connection:
        await connection.execute("UPDATE members SET is_confined = true WHERE user_id = $1", admin.user_id)

    assert (await admin.ask(LIST)).codes == ["FORBIDDEN"]


async def test_which_token_it_was_needs_the_scope_of_tokens_and_who_it_was_that_of_the_team(owner):
    await owner.data(CREATE)
    admin = await owner.add_token(READ_ACCOUNT, role=Role.ADMIN)

    answer = await admin.ask(LIST)

    assert answer.codes == ["FORBIDDEN", "FORBIDDEN"]
    assert {error["path"][-1] for error in answer.errors} == {"token", "actor"}
    [entry] = answer.body["data"]["auditLog"]["nodes"]
    assert (entry["action"], entry["token"], entry["actor"]) == ("project.created", None, None)


async def test_another_workspaces_entries_are_like_none(owner, stranger):
    await note(stranger, renamed(stranger, "Theirs"))

    assert (await owner.data(LIST))["auditLog"]["nodes"] == []
    assert (await owner.data(NODE, id=await entry_id(stranger)))["node"] is None
    assert (await owner.data(NODE, id="aud_nonsense"))["node"] is None


async def test_many_entries_cost_as_many_statements_as_few(owner, watched):
    document = "{ auditLog(first: 100) { nodes { action actor { name } token { name } } } }"
    await owner.data(CREATE)
    few = await statements_of(owner, watched, document)
    for _ in range(30):
        await owner.data(CREATE)
    many = await statements_of(owner, watched, document)

    assert len(many) == len(few) == 3
