"""StatusApp's team, beside that of GraphQL."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from core.access.principal import Role
from core.ids import Prefix, encode_id
from core.moments import write_moment
from tests.graphql_schema.conftest import Tenant
from tests.rest_compat.statusapp.answers import ask, places, told

BODY = {"email": "newmember@example.com", "name": "New Team Member", "role": "MEMBER"}
IN_GRAPHQL = """{
  members { id email name role status acceptedAt }
  invitations { id email role createdAt expiresAt member { id } } }"""


async def member_id_of(tenant: Tenant) -> str:
    (row,) = await tenant.fetch("SELECT id FROM members WHERE user_id = $1", tenant.user_id)
    return encode_id(Prefix.MEMBER, row["id"])


async def members_in_graphql(owner: Tenant) -> list[dict[str, Any]]:
    members: list[dict[str, Any]] = (await owner.data(IN_GRAPHQL))["members"]
    return members


async def test_the_team_is_the_same_in_both(owner, clock) -> None:
    await owner.add_token(role=Role.VIEWER)
    clock.advance(1)
    await told(owner, "POST", "/team/members", json=BODY, status=201)

    in_graphql = await owner.data(IN_GRAPHQL)
    members = (await told(owner, "GET", "/team/members"))["members"]
    invitations = (await told(owner, "GET", "/team/invitations"))["invitations"]

    assert sorted(each["status"] for each in members) == ["ACCEPTED", "ACCEPTED", "PENDING"]
    assert members == in_graphql["members"]
    assert [await told(owner, "GET", f"/team/members/{each['id']}") for each in members] == members
    assert invitations == [
        {"memberId": each.pop("member")["id"], **each} for each in in_graphql["invitations"]
    ]


async def test_who_is_added_is_invited_and_told_how_to_accept(owner, clock) -> None:
    added = await told(owner, "POST", "/team/members", json=BODY, status=201)

    token = added.pop("invitationToken")
    assert added in await members_in_graphql(owner)
    assert {**added, "id": None} == {"id": None, **BODY, "status": "PENDING", "acceptedAt": None}
    (invitation,) = (await told(owner, "GET", "/team/invitations"))["invitations"]
    assert invitation["expiresAt"] == write_moment(clock.now() + timedelta(days=7))
    joined = await owner.client.post(
        "/graphql",
        json={
            "query": "mutation ($i: SignUpInput!) { signUp(input: $i) { userErrors { message } } }",
            "variables": {
                "i": {
                    "email": BODY["email"],
                    "password": "correct horse",
                    "name": "Newton",
                    "invitationToken": token,
                }
            },
        },
    )
    assert joined.json()["data"] == {"signUp": {"userErrors": []}}
    accepted = await told(owner, "GET", f"/team/members/{added['id']}")
    assert (accepted["name"], accepted["status"]) == ("Newton", "ACCEPTED")
    assert accepted["acceptedAt"] == write_moment(clock.now())


async def test_who_needs_no_name_is_added_without_one(owner) -> None:
    body = {"email": "a@example.com", "role": "VIEWER"}

    added = await told(owner, "POST", "/team/members", json=body, status=201)

    assert (added["name"], added["role"]) == (None, "VIEWER")


async def test_an_invitation_is_cancelled_with_its_member(owner) -> None:
    added = await told(owner, "POST", "/team/members", json=BODY, status=201)

    gone = await told(owner, "DELETE", f"/team/members/{added['id']}")

    assert gone == {"success": True, "message": "Team member removed successfully"}
    in_graphql = await owner.data(IN_GRAPHQL)
    assert len(in_graphql["members"]) == 1
    assert in_graphql["invitations"] == []
    assert (await told(owner, "GET", "/team/invitations"))["invitations"] == []


async def test_a_role_that_one_changes_the_other_shows(owner) -> None:
    teammate = await owner.add_token(role=Role.VIEWER)
    member_id = await member_id_of(teammate)
    path = f"/team/members/{member_id}"

    changed = await told(owner, "PUT", path, json={"role": "ADMIN"})
    assert changed["role"] == "ADMIN"
    assert changed in await members_in_graphql(owner)
    assert await told(owner, "PUT", path, json={}) == changed

    await owner.data(
        "mutation ($id: ID!) { updateMember(input: {id: $id, role: MEMBER}) { userErrors { code } } }",
        id=member_id,
    )
    assert (await told(owner, "GET", path))["role"] == "MEMBER"


async def test_whoever_is_removed_opens_nothing_any_more(owner) -> None:
    teammate = await owner.add_token(role=Role.ADMIN)
    await told(teammate, "GET", "/team/members")

    await told(owner, "DELETE", f"/team/members/{await member_id_of(teammate)}")

    assert (await ask(teammate, "GET", "/team/members")).status_code == 401
    assert len(await members_in_graphql(owner)) == 1


async def test_whoever_may_not_lead_may_still_leave(owner) -> None:
    viewer = await owner.add_token(role=Role.VIEWER)
    other = await owner.add_token(role=Role.VIEWER)

    assert (await ask(viewer, "DELETE", f"/team/members/{await member_id_of(other)}")).status_code == 403
    await told(viewer, "DELETE", f"/team/members/{await member_id_of(viewer)}")

    assert len(await members_in_graphql(owner)) == 2


async def test_the_last_owner_stays_and_only_an_owner_makes_another(owner, contents) -> None:
    admin = await owner.add_token(role=Role.ADMIN)
    own_path = f"/team/members/{await member_id_of(owner)}"
    for asker in (owner, admin):
        await told(asker, "GET", "/team/members")
    before = await contents()

    refused = [
        await ask(owner, "PUT", own_path, json={"role": "ADMIN"}),
        await ask(owner, "DELETE", own_path),
        await ask(admin, "PUT", own_path, json={"role": "MEMBER"}),
        await ask(admin, "DELETE", own_path),
        await ask(admin, "POST", "/team/members", json={**BODY, "role": "OWNER"}),
    ]

    assert [(each.status_code, each.json()["code"]) for each in refused] == [
        (409, "CONFLICT"),
        (409, "CONFLICT"),
        (403, "FORBIDDEN"),
        (403, "FORBIDDEN"),
        (403, "FORBIDDEN"),
    ]
    assert await contents() == before


async def test_whoever_is_there_is_not_invited_again_and_the_plan_bounds_the_team(owner, contents) -> None:
    await owner.fetch("UPDATE workspaces SET plan = 'FREE' WHERE id = $1", owner.workspace_id)
    await told(owner, "POST", "/team/members", json=BODY, status=201)
    await told(owner, "POST", "/team/members", json={**BODY, "email": "b@example.com"}, status=201)
    before = await contents()

    for email, status, code in (
        (BODY["email"], 409, "CONFLICT"),
        ("ada@example.org", 409, "CONFLICT"),
        ("d@example.com", 403, "FORBIDDEN"),
    ):
        answer = await ask(owner, "POST", "/team/members", json={**BODY, "email": email})
        assert (answer.status_code, answer.json()["code"]) == (status, code)

    assert await contents() == before


async def test_what_is_wrong_with_a_member_is_told_at_its_place_and_nothing_is_stored(
    owner, contents
) -> None:
    path = f"/team/members/{await member_id_of(owner)}"
    await told(owner, "GET", "/team/members")
    before = await contents()

    for body, expected in (
        ({}, ["email", "role"]),
        ({"email": 7, "role": "member", "name": []}, ["email", "name", "role"]),
        ({**BODY, "email": "nobody", "name": ""}, ["email", "name"]),
        ({**BODY, "roles": ["ADMIN"]}, ["roles"]),
    ):
        assert places(await ask(owner, "POST", "/team/members", json=body)) == expected, body
    for body, expected in (
        ({"role": None}, ["role"]),
        ({"role": "BOSS"}, ["role"]),
        ({"role": 1, "email": "x@example.com"}, ["email", "role"]),
    ):
        assert places(await ask(owner, "PUT", path, json=body)) == expected, body

    assert await contents() == before


async def test_every_request_takes_as_many_statements_however_large_the_team_is(owner, watched) -> None:
    counts: dict[str, set[int]] = {}
    for number in range(3):
        await told(
            owner, "POST", "/team/members", json={**BODY, "email": f"{number}@example.com"}, status=201
        )
        below = f"/team/members/{await member_id_of(owner)}"
        for path in ("/team/members", "/team/invitations", below):
            watched.statements.clear()
            await told(owner, "GET", path)
            counts.setdefault(path, set()).add(len(watched.statements))

    assert set(map(frozenset, counts.values())) == {frozenset({1})}
