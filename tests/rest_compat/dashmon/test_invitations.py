"""Invitations to the workspace, and the same in GraphQL."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.access.principal import Role
from core.ids import Prefix, encode_id
from tests.graphql_schema.personas import signed_in
from tests.rest_compat.dashmon.asking import refusal, told

PATH = "/api/user/team-invitations"
IN_GRAPHQL = "{ invitations { id email role createdAt expiresAt } }"


async def test_an_invitation_is_made_listed_and_cancelled_as_graphql_sees_it(owner) -> None:
    admin = await signed_in(owner, Role.ADMIN)
    project_id = encode_id(Prefix.PROJECT, await owner.add_project("Zoo"))
    body = {"email": "grace@example.org", "role": "member", "name": "Grace", "projectIds": [project_id]}

    made = await told(owner, "POST", PATH, body, by=admin, status=201)

    assert made.pop("token")
    listed = await told(owner, "GET", PATH, by=admin)
    assert listed == {"invitations": [made]}
    (node,) = (await owner.data(IN_GRAPHQL))["invitations"]
    assert made == {**node, "role": "member", "status": "pending"}
    assert node["role"] == "MEMBER"
    cancelled = await told(owner, "POST", f"{PATH}/{made['id']}/cancel", by=admin)
    assert cancelled == {"id": made["id"], "cancelled": True}
    assert (await told(owner, "GET", PATH, by=admin)) == {"invitations": []}
    assert await refusal(owner, "POST", f"{PATH}/{made['id']}/cancel", by=admin) == (404, "not_found")


async def test_who_accepts_works_in_the_new_workspace_and_an_expired_one_is_told_so(
    owner, stranger, clock
) -> None:
    host, guest = await signed_in(owner, Role.OWNER), await signed_in(stranger, Role.VIEWER)
    assert guest.principal is not None
    (row,) = await owner.fetch("SELECT email FROM users WHERE id = $1", guest.principal.user_id)
    made = await told(owner, "POST", PATH, {"email": row["email"]}, by=host, status=201)
    assert made["role"] == "viewer"

    moved = await told(owner, "POST", f"{PATH}/accept", {"token": made["token"]}, by=guest)

    assert moved["workspace"]["id"] == encode_id(Prefix.WORKSPACE, owner.workspace_id)
    assert await told(owner, "GET", "/api/me", by=guest) == moved
    assert await refusal(owner, "POST", f"{PATH}/accept", {"token": made["token"]}, by=guest) == (
        404,
        "not_found",
    )
    await told(owner, "POST", PATH, {"email": "late@example.org"}, by=host, status=201)
    clock.advance(timedelta(days=8).total_seconds())
    later = await signed_in(owner, Role.OWNER)
    await owner.fetch("UPDATE sessions SET last_seen_at = $1, created_at = $1", clock.now())
    (expired,) = (await told(owner, "GET", PATH, by=later))["invitations"]
    assert (expired["email"], expired["status"]) == ("late@example.org", "expired")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, (400, "invalid_input")),
        ({"email": "nonsense"}, (400, "invalid_input")),
        ({"email": "a@example.org", "role": "VIEWER"}, (400, "invalid_input")),
        ({"email": "a@example.org", "role": "admin", "projectIds": []}, (400, "invalid_input")),
        ({"email": "a@example.org", "projectIds": ["prj_1"]}, (400, "invalid_input")),
        ({"email": "a@example.org", "roles": "viewer"}, (400, "invalid_input")),
        ({"email": "ada@example.org"}, (409, "conflict")),
        ({"email": "a@example.org", "role": "owner"}, (403, "shared_account_write_forbidden")),
    ],
)
async def test_an_invitation_that_cannot_be_is_refused_without_a_trace(
    owner, contents, body, expected
) -> None:
    admin = await signed_in(owner, Role.ADMIN)
    await told(owner, "GET", "/api/me", by=admin)
    before = await contents()

    assert await refusal(owner, "POST", PATH, body, by=admin) == expected

    assert await refusal(owner, "POST", f"{PATH}/accept", {"token": "unknown"}, by=admin) == (
        404,
        "not_found",
    )
    assert await contents() == before
