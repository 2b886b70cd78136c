"""Members and invitations through GraphQL: what is shown to whom, and what a refused change leaves behind."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from core.access.principal import Grant, Role, TokenPermission, TokenScope
from core.ids import Prefix, encode_id
from graphql_schema.scalars import write_moment
from tests.graphql_schema.test_statement_counts import statements_of

ERRORS = "userErrors { code message path rule }"
MEMBER = "id email name role status invitedAt acceptedAt user { email } projectScope { id name }"
LIST = (
    f"{{ members {{ {MEMBER} }} invitations {{ id email role createdAt expiresAt member {{ id status }} }} }}"
)
INVITE = f"""mutation ($input: InviteMemberInput!) {{ inviteMember(input: $input) {{
  invitation {{ id email role expiresAt member {{ {MEMBER} }} }} token {ERRORS} }} }}"""
CANCEL = f"mutation ($id: ID!) {{ cancelInvitation(input: {{id: $id}}) {{ deletedId {ERRORS} }} }}"
UPDATE = f"""mutation ($input: UpdateMemberInput!) {{ updateMember(input: $input) {{
  member {{ {MEMBER} }} {ERRORS} }} }}"""
REMOVE = f"mutation ($id: ID!) {{ removeMember(input: {{id: $id}}) {{ deletedId {ERRORS} }} }}"
SWITCH = f"""mutation ($id: ID!) {{ switchWorkspace(input: {{workspaceId: $id}}) {{
  viewer {{ role }} {ERRORS} }} }}"""
ACCEPT = f"""mutation ($token: String!) {{ acceptInvitation(input: {{token: $token}}) {{
  viewer {{ role }} {ERRORS} }} }}"""
NODE = f"""query ($id: ID!) {{ node(id: $id) {{
  __typename ... on Member {{ {MEMBER} }} ... on Invitation {{ email }} }} }}"""
SCOPE = "{ viewer { role projectScope { name } } }"
HOW_TO = Path(__file__).parents[3] / "docs" / "how-to" / "roles.md"
BOB = {"email": "bob@example.org", "role": "MEMBER"}
TEAM_WRITE = Grant(scope=TokenScope.TEAM, permission=TokenPermission.WRITE)


async def field_of(tenant: Any, document: str, **variables: Any) -> Any:
    [value] = (await tenant.data(document, **variables)).values()
    return value


async def invite(tenant: Any, **wanted: Any) -> Any:
    return await field_of(tenant, INVITE, input={**BOB, **wanted})


async def member_id(tenant: Any, user_id: Any) -> str:
    [row] = await tenant.fetch(
        "SELECT id FROM members WHERE workspace_id = $1 AND user_id = $2", tenant.workspace_id, user_id
    )
    return encode_id(Prefix.MEMBER, row["id"])


def codes(payload: Any) -> list[str]:
    return [error["code"] for error in payload["userErrors"]]


async def test_whoever_is_invited_stands_in_the_list_at_once(owner, clock) -> None:
    project = encode_id(Prefix.PROJECT, await owner.add_project("The shop"))
    clock.advance(1)

    payload = await invite(owner, name="Bob", projectIds=[project])

    assert payload["userErrors"] == []
    assert len(payload["token"]) == 43
    invitation = payload["invitation"]
    member = invitation.pop("member")
    assert member == {
        "id": member["id"],
        "email": "bob@example.org",
        "name": "Bob",
        "role": "MEMBER",
        "status": "PENDING",
        "invitedAt": write_moment(clock.now()),
        "acceptedAt": None,
        "user": None,
        "projectScope": [{"id": project, "name": "The shop"}],
    }
    assert member["id"].startswith("tm_")
    assert invitation["id"].startswith("inv_")
    listed = await owner.data(LIST)
    [own, bob] = listed["members"]
    assert bob == member
    assert (own["status"], own["role"], own["user"]) == ("ACCEPTED", "OWNER", {"email": "ada@example.org"})
    assert (own["projectScope"], own["invitedAt"]) == (None, None)
    [listed_invitation] = listed["invitations"]
    assert listed_invitation["member"] == {"id": member["id"], "status": "PENDING"}
    assert (await owner.data(NODE, id=member["id"]))["node"] == {"__typename": "Member", **member}
    node = (await owner.data(NODE, id=invitation["id"]))["node"]
    assert node == {"__typename": "Invitation", "email": "bob@example.org"}


async def test_an_invitation_is_cancelled_with_its_member(owner) -> None:
    invitation = (await invite(owner))["invitation"]

    cancelled = await field_of(owner, CANCEL, id=invitation["id"])

    assert cancelled == {"deletedId": invitation["id"], "userErrors": []}
    listed = await owner.data(LIST)
    assert (len(listed["members"]), listed["invitations"]) == (1, [])


async def test_a_member_is_changed_and_removed(owner) -> None:
    project = encode_id(Prefix.PROJECT, await owner.add_project("The shop"))
    mate = await owner.add_token(role=Role.MEMBER)
    own_id = await member_id(owner, mate.user_id)

    payload = await field_of(owner, UPDATE, input={"id": own_id, "role": "VIEWER", "projectIds": [project]})
    assert (payload["userErrors"], payload["member"]["role"]) == ([], "VIEWER")
    assert [one["name"] for one in payload["member"]["projectScope"]] == ["The shop"]
    viewer = (await mate.data(SCOPE))["viewer"]
    assert viewer == {"role": "VIEWER", "projectScope": [{"name": "The shop"}]}
    payload = await field_of(owner, UPDATE, input={"id": own_id, "projectIds": None})
    assert payload["member"]["projectScope"] is None
    assert (await mate.data(SCOPE))["viewer"] == {"role": "VIEWER", "projectScope": None}

    removed = await field_of(owner, REMOVE, id=own_id)

    assert removed == {"deletedId": own_id, "userErrors": []}
    assert (await mate.ask(SCOPE)).status == 401
    assert (await owner.data(NODE, id=own_id))["node"] is None


async def test_whoever_is_confined_to_deleted_projects_is_shown_confined_to_none(owner) -> None:
    project = await owner.add_project("The shop")
    mate = await owner.add_token(role=Role.MEMBER)
    own_id = await member_id(owner, mate.user_id)
    wanted = {"id": own_id, "projectIds": [encode_id(Prefix.PROJECT, project)]}
    await field_of(owner, UPDATE, input=wanted)

    await owner.data(
        "mutation ($id: ID!) { deleteProject(input: {id: $id}) { deletedId } }",
        id=encode_id(Prefix.PROJECT, project),
    )

    assert (await owner.data(NODE, id=own_id))["node"]["projectScope"] == []
    assert (await mate.data(SCOPE))["viewer"]["projectScope"] == []


@pytest.mark.parametrize("role", [*Role, None])
async def test_every_role_sees_the_team_and_owners_and_admins_change_it(
    owner, stranger, contents, role: Role | None
) -> None:
    """None stands for the owner of another workspace."""
    teammate = stranger if role is None else await owner.add_token(role=role)
    other = await owner.add_token(role=Role.VIEWER)
    invitation = (await invite(owner))["invitation"]
    other_id = await member_id(owner, other.user_id)
    everybody = {member["id"] for member in (await owner.data(LIST))["members"]}
    before = await contents()

    listed = await teammate.data(LIST)
    nodes = [(await teammate.data(NODE, id=each))["node"] for each in (other_id, invitation["id"])]
    payloads = [
        await field_of(teammate, UPDATE, input={"id": other_id, "role": "MEMBER"}),
        await field_of(teammate, REMOVE, id=other_id),
        await field_of(teammate, CANCEL, id=invitation["id"]),
    ]

    if role is None:
        assert (len(listed["members"]), listed["invitations"], nodes) == (1, [], [None, None])
        assert [codes(payload) for payload in payloads] == [["NOT_FOUND"]] * 3
    else:
        assert {member["id"] for member in listed["members"]} == everybody
        assert None not in nodes
    if role in (Role.OWNER, Role.ADMIN):
        assert [codes(payload) for payload in payloads] == [[]] * 3
        assert codes(await invite(teammate, email="new@example.org")) == []
        return
    if role is not None:
        assert [codes(payload) for payload in payloads] == [["SHARED_ACCOUNT_WRITE_FORBIDDEN"]] * 3
        refused = await invite(teammate, email="new@example.org")
        assert codes(refused) == ["SHARED_ACCOUNT_WRITE_FORBIDDEN"]
        assert (refused["invitation"], refused["token"]) == (None, None)
    after = await contents()
    for seen in (before, after):  # that somebody asked is noted
        seen.pop("api_tokens")
        seen.pop("request_quotas")
    assert after == before


async def test_whoever_is_confined_sees_nothing_of_the_team_and_may_leave(owner) -> None:
    mate = await owner.add_token(role=Role.MEMBER)
    own_id = await member_id(owner, mate.user_id)
    project = encode_id(Prefix.PROJECT, owner.project_id)
    await field_of(owner, UPDATE, input={"id": own_id, "projectIds": [project]})

    answer = await mate.ask(LIST)
    assert (answer.body["data"], answer.codes) == (
        {"members": None, "invitations": None},
        ["FORBIDDEN", "FORBIDDEN"],
    )
    assert codes(await field_of(mate, REMOVE, id=await member_id(owner, owner.user_id))) == [
        "SHARED_ACCOUNT_WRITE_FORBIDDEN"
    ]
    assert await field_of(mate, REMOVE, id=own_id) == {"deletedId": own_id, "userErrors": []}
    assert (await mate.ask(SCOPE)).status == 401


async def test_what_a_token_needs_for_it(owner) -> None:
    async def token(permission: TokenPermission, scope: TokenScope = TokenScope.TEAM) -> Any:
        return await owner.add_token(Grant(scope=scope, permission=permission))

    reads, writes, deletes = [await token(each) for each in TokenPermission]
    blind = await token(TokenPermission.DELETE, TokenScope.UPTIME_CHECKS)
    invitation = (await invite(owner))["invitation"]
    denied = ["API_TOKEN_SCOPE_DENIED"]

    assert (await blind.ask(LIST)).codes == ["FORBIDDEN"] * 2
    assert codes(await invite(blind, email="new@example.org")) == denied
    assert codes(await invite(reads, email="new@example.org")) == denied
    assert codes(await invite(writes, email="new@example.org")) == denied
    assert codes(await field_of(writes, CANCEL, id=invitation["id"])) == denied
    assert codes(await field_of(writes, REMOVE, id=await member_id(owner, writes.user_id))) == denied
    assert codes(await field_of(deletes, CANCEL, id=invitation["id"])) == []
    # Of projects it is told what TEAM covers: not which they are.
    answer = await reads.ask("{ members { email projectScope { id } } viewer { projectScope { id } } }")
    assert set(answer.codes) == {"FORBIDDEN"}
    assert answer.body["data"]["viewer"] == {"projectScope": None}


async def test_a_token_makes_nobody_who_may_do_more_than_itself(owner, contents) -> None:
    everything = await owner.add_token()
    team = await owner.add_token(TEAM_WRITE)
    mate = await owner.add_token(role=Role.MEMBER)
    shop, house = [encode_id(Prefix.PROJECT, await owner.add_project(name)) for name in ("Shop", "House")]
    confined = await owner.add_token(role=Role.VIEWER)
    mate_id, confined_id = [await member_id(owner, each.user_id) for each in (mate, confined)]
    await field_of(owner, UPDATE, input={"id": confined_id, "projectIds": [shop]})
    assert (await team.ask("{ viewer { role } }")).status == 200
    before = await contents()

    refused = [await invite(team, role=role) for role in ("OWNER", "ADMIN", "MEMBER", "VIEWER")]
    assert [(one["invitation"], one["token"]) for one in refused] == [(None, None)] * 4
    changes = (
        {"id": mate_id, "role": "OWNER"},
        {"id": mate_id, "role": "ADMIN"},
        {"id": mate_id, "role": "VIEWER"},
        {"id": confined_id, "role": "MEMBER"},
        {"id": confined_id, "projectIds": [shop, house]},
        {"id": confined_id, "projectIds": None},
    )
    refused += [await field_of(team, UPDATE, input=wanted) for wanted in changes]

    assert [codes(payload) for payload in refused] == [["API_TOKEN_SCOPE_DENIED"]] * len(refused)
    assert "lacks DELETE on UPTIME_CHECKS" in refused[0]["userErrors"][0]["message"]
    assert await contents() == before
    for role in ("OWNER", "ADMIN", "MEMBER", "VIEWER"):
        assert codes(await invite(everything, role=role, email=f"{role}@example.org")) == []
    assert codes(await field_of(everything, UPDATE, input={"id": mate_id, "role": "OWNER"})) == []


async def test_a_token_makes_whom_its_grants_and_its_makers_role_allow(owner) -> None:
    reads = [Grant(scope=scope, permission=TokenPermission.READ) for scope in TokenScope]
    reader = await owner.add_token(*reads, TEAM_WRITE)
    admins = await owner.add_token(role=Role.ADMIN)
    mate = await owner.add_token(role=Role.MEMBER)
    mate_id = await member_id(owner, mate.user_id)

    assert codes(await invite(reader, role="VIEWER")) == []
    assert codes(await invite(reader, email="new@example.org")) == ["API_TOKEN_SCOPE_DENIED"]
    assert codes(await field_of(reader, UPDATE, input={"id": mate_id, "role": "VIEWER"})) == []
    assert codes(await field_of(reader, UPDATE, input={"id": mate_id, "role": "MEMBER"})) == [
        "API_TOKEN_SCOPE_DENIED"
    ]
    assert codes(await invite(admins, role="ADMIN", email="new@example.org")) == []
    assert codes(await invite(admins, role="OWNER", email="more@example.org")) == [
        "SHARED_ACCOUNT_WRITE_FORBIDDEN"
    ]


async def test_a_token_neither_accepts_nor_switches(owner) -> None:
    token = (await invite(owner))["token"]
    own = encode_id(Prefix.WORKSPACE, owner.workspace_id)

    for payload in (await field_of(owner, ACCEPT, token=token), await field_of(owner, SWITCH, id=own)):
        assert (payload["viewer"], codes(payload)) == (None, ["FORBIDDEN"])


async def test_nobody_signed_in_gets_nothing(owner, client) -> None:
    for document, variables in (
        (LIST, {}),
        (INVITE, {"input": BOB}),
        (CANCEL, {"id": "inv_x"}),
        (UPDATE, {"input": {"id": "tm_x"}}),
        (REMOVE, {"id": "tm_x"}),
        (SWITCH, {"id": "ws_x"}),
        (ACCEPT, {"token": "x"}),
    ):
        answer = (await client.post("/graphql", json={"query": document, "variables": variables})).json()
        assert {one["extensions"]["code"] for one in answer["errors"]} == {"UNAUTHENTICATED"}
        assert not any((answer.get("data") or {}).values())


async def test_all_problems_of_an_input_are_told_at_their_paths(owner, stranger) -> None:
    foreign = encode_id(Prefix.PROJECT, stranger.project_id)
    own = encode_id(Prefix.PROJECT, owner.project_id)

    payload = await invite(owner, email="x", name="", role="ADMIN", projectIds=[own, foreign])

    assert payload["invitation"] is None
    assert [(one["code"], one["path"]) for one in payload["userErrors"]] == [
        ("INVALID_INPUT", ["email"]),
        ("INVALID_INPUT", ["name"]),
        ("INVALID_INPUT", ["projectIds"]),
        ("INVALID_INPUT", ["projectIds", "1"]),
    ]
    empty = await invite(owner, projectIds=[])
    assert [(one["code"], one["path"]) for one in empty["userErrors"]] == [("INVALID_INPUT", ["projectIds"])]
    again = await invite(owner, email="ADA@example.org")
    assert [(one["code"], one["path"]) for one in again["userErrors"]] == [("CONFLICT", ["email"])]


async def test_a_plan_without_room_says_so(owner) -> None:
    await owner.fetch("UPDATE workspaces SET plan = 'FREE'")
    for name in "ab":
        assert codes(await invite(owner, email=f"{name}@example.org")) == []

    assert codes(await invite(owner)) == ["OVER_LIMIT"]


async def test_a_list_of_members_costs_the_same_however_long_it_is(owner, watched) -> None:
    project = encode_id(Prefix.PROJECT, owner.project_id)
    await invite(owner, projectIds=[project])
    few = await statements_of(owner, watched, LIST)
    for number in range(20):
        await owner.add_token(role=Role.VIEWER)
        await invite(owner, email=f"bob{number}@example.org", projectIds=[project])

    assert len(await statements_of(owner, watched, LIST)) == len(few)


async def test_the_documents_of_the_how_to_guide_do_what_they_say(owner) -> None:
    invite_one, change_one, see = re.findall(r"```graphql\n(.*?)```", HOW_TO.read_text(), re.DOTALL)
    project = encode_id(Prefix.PROJECT, await owner.add_project("The shop"))

    invited = (await owner.data(invite_one))["inviteMember"]
    member = invited["invitation"]["member"]
    named = change_one.replace("tm_…", member["id"]).replace("prj_…", project)
    changed = (await owner.data(named))["updateMember"]
    viewer = (await owner.data(see))["viewer"]

    assert (invited["userErrors"], member["status"], len(invited["token"])) == ([], "PENDING", 43)
    assert changed["userErrors"] == []
    assert changed["member"] == {"role": "VIEWER", "projectScope": [{"name": "The shop"}]}
    assert viewer["workspaces"] == [viewer["workspace"]]
