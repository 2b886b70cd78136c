"""Labelled API tokens, and the same in GraphQL."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.access.grants import on_every_scope
from core.access.plans import Plan
from core.access.principal import Role, TokenPermission
from core.moments import write_moment
from tests.graphql_schema.personas import signed_in
from tests.rest_compat.dashmon.asking import ask, book, refusal, told

PATH = "/api/user/api-tokens"
IN_GRAPHQL = (
    "{ apiTokens(filter: {isActive: true}) { nodes { id name prefix createdAt lastUsedAt expiresAt } } }"
)


@pytest.mark.parametrize(
    ("body", "level", "lives"),
    [
        ({"label": "ci"}, "read_write", timedelta(days=365)),
        ({"name": "ci", "accessLevel": "read_only", "expiresInDays": 90}, "read_only", timedelta(days=90)),
        ({"label": "ci", "accessLevel": "read_write", "expiresInDays": None}, "read_write", None),
    ],
)
async def test_a_token_is_made_told_once_and_works_as_far_as_its_level(owner, body, level, lives) -> None:
    made = await told(owner, "POST", PATH, body, status=201)

    secret = made.pop("token")
    assert (made["label"], made["accessLevel"]) == ("ci", level)
    assert made["expiresAt"] == (None if lives is None else write_moment(owner.now + lives))
    bearer = {"Authorization": f"Bearer {secret}"}
    assert (await ask(owner, "GET", "/api/projects", headers=bearer)).status_code == 200
    change = await ask(owner, "POST", "/api/projects", {"name": "x"}, headers=bearer)
    assert change.status_code == (201 if level == "read_write" else 403)
    assert level == "read_write" or change.json()["error"] == "api_token_scope_denied"
    listed = await told(owner, "GET", PATH)
    assert secret not in str(listed)
    nodes = (await owner.data(IN_GRAPHQL))["apiTokens"]["nodes"]
    assert [{**each, "accessLevel": None} for each in listed["tokens"]] == [
        {
            "id": node["id"],
            "label": node["name"],
            "prefix": node["prefix"],
            "accessLevel": None,
            "createdAt": node["createdAt"],
            "lastUsedAt": node["lastUsedAt"],
            "expiresAt": node["expiresAt"],
        }
        for node in nodes
    ]
    levels = {each["id"]: each["accessLevel"] for each in listed["tokens"]}
    assert (listed["total"], levels[made["id"]]) == (2, level)


async def test_a_revoked_token_opens_nothing_and_is_no_token_any_more(owner) -> None:
    made = await told(owner, "POST", PATH, {"label": "ci"}, status=201)
    assert await told(owner, "GET", "/api/user/api-token") == {
        "hasToken": False,
        "activeTokens": 2,
        "replacedBy": PATH,
    }

    assert await told(owner, "DELETE", f"{PATH}/{made['id']}") == {"id": made["id"], "revoked": True}

    dead = await ask(owner, "GET", "/api/me", headers={"Authorization": f"Bearer {made['token']}"})
    assert (dead.status_code, dead.json()["error"]) == (401, "api_token_revoked")
    assert await refusal(owner, "DELETE", f"{PATH}/{made['id']}") == (404, "not_found")
    assert (await told(owner, "GET", "/api/user/api-token"))["activeTokens"] == 1
    assert made["id"] not in [each["id"] for each in (await told(owner, "GET", PATH))["tokens"]]


async def test_expired_tokens_are_not_listed_and_narrower_ones_have_no_level(owner) -> None:
    await owner.add_token(expires_at=owner.now - timedelta(seconds=1))
    await owner.add_token(*list(on_every_scope(TokenPermission.READ))[:3])

    listed = await told(owner, "GET", PATH)

    assert {each["accessLevel"] for each in listed["tokens"]} == {"read_write", None}
    second = await told(owner, "GET", f"{PATH}?page=2&limit=1")
    assert (second["tokens"], second["total"]) == (listed["tokens"][1:], 2)
    for query in ("page=0", "limit=101", "limit=x"):
        assert await refusal(owner, "GET", f"{PATH}?{query}") == (400, "invalid_input")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"label": ""},
        {"label": "a", "name": "b"},
        {"label": 7},
        {"label": "ci", "accessLevel": "admin"},
        {"label": "ci", "expiresInDays": 0},
        {"label": "ci", "expiresInDays": 3651},
        {"label": "ci", "expiresInDays": "90"},
        {"label": "ci", "expiresAt": "2027-01-01T00:00:00Z"},
        {"label": "TOCSIN_OWNER_TOKEN"},
    ],
)
async def test_a_token_that_cannot_be_is_told_in_these_names_and_not_stored(owner, contents, body) -> None:
    await told(owner, "GET", "/api/me")
    before = await contents()

    answer = await ask(owner, "POST", PATH, body)

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_input")
    assert {issue["path"][0] for issue in answer.json()["issues"]} <= {
        "label",
        "accessLevel",
        "expiresInDays",
        "expiresAt",
    }
    assert await contents() == before


async def test_a_token_makes_none_that_goes_further_than_itself(owner, contents) -> None:
    narrow = await owner.add_token(*on_every_scope(TokenPermission.WRITE))
    await told(narrow, "GET", "/api/me")
    made = await told(narrow, "POST", PATH, {"label": "reader", "accessLevel": "read_only"}, status=201)
    assert made["accessLevel"] == "read_only"
    before = await contents()

    assert await refusal(narrow, "POST", PATH, {"label": "writer"}) == (403, "api_token_scope_denied")

    assert await contents() == before


async def test_on_a_free_plan_a_token_is_made_without_a_choice_and_listed_but_opens_nothing_here(
    owner, contents
) -> None:
    await book(owner, Plan.FREE)
    person = await signed_in(owner, Role.OWNER)
    made = await told(owner, "POST", PATH, {"label": "ci"}, by=person, status=201)
    assert made["id"] in [each["id"] for each in (await told(owner, "GET", PATH, by=person))["tokens"]]
    bearer = {"Authorization": f"Bearer {made['token']}"}
    answer = await ask(owner, "GET", "/api/projects", headers=bearer)
    assert (answer.status_code, answer.json()["error"]) == (403, "premium_required")
    await owner.client.post("/graphql", json={"query": "{ viewer { role } }"}, headers=bearer)
    before = await contents()

    for more in ({"accessLevel": "read_only"}, {"expiresInDays": 30}, {"expiresInDays": None}):
        body = {"label": "ci", **more}
        assert await refusal(owner, "POST", PATH, body, by=person) == (403, "premium_required")

    assert await contents() == before


async def test_a_list_takes_as_many_statements_however_long_it_is(owner, watched) -> None:
    counts = set()
    for _ in range(3):
        await told(owner, "POST", PATH, {"label": "ci"}, status=201)
        watched.statements.clear()
        await told(owner, "GET", PATH)
        counts.add(len(watched.statements))

    assert counts == {2}
