"""API tokens through GraphQL: for the owner, for teammates of every role, and for strangers."""

from __future__ import annotations

import hashlib
import re
from datetime import timedelta
from pathlib import Path

import pytest

from core.access.principal import Grant, Role, TokenPermission, TokenScope
from core.ids import Prefix, encode_id
from core.moments import write_moment
from tests.graphql_schema.test_statement_counts import statements_of

HOW_TO = Path(__file__).parents[3] / "docs" / "how-to" / "tokens.md"
READ, WRITE, DELETE = TokenPermission
ERRORS = "userErrors { code message path rule expected received }"
CREATE = f"""
mutation ($input: CreateApiTokenInput!) {{ createApiToken(input: $input) {{ secret token {{
  id name prefix grants {{ scope permission }} isActive createdBy {{ id }} createdAt lastUsedAt expiresAt revokedAt
}} {ERRORS} }} }}
"""
REVOKE = f"mutation ($id: ID!) {{ revokeApiToken(input: {{id: $id}}) {{ deletedId {ERRORS} }} }}"
LIST = """
query ($first: Int, $after: String, $filter: ApiTokenFilter) { apiTokens(first: $first, after: $after, filter: $filter) {
  totalCount nodes { name isActive lastUsedAt createdBy { email } } pageInfo { hasNextPage endCursor } } }
"""
WHO = "{ viewer { token { id } grants { scope permission } } }"
READS = [{"scope": "UPTIME_CHECKS", "permission": "READ"}]


async def create(tenant, **wanted) -> dict:
    return (await tenant.data(CREATE, input={"name": "CI", "grants": READS, **wanted}))["createApiToken"]


async def make(tenant, **wanted) -> tuple[str, str]:
    """Make a token; return its id and its secret."""
    payload = await create(tenant, **wanted)
    assert payload["userErrors"] == []
    return payload["token"]["id"], payload["secret"]


async def revoke(tenant, token_id: str) -> dict:
    return (await tenant.data(REVOKE, id=token_id))["revokeApiToken"]


async def ask_with(tenant, secret: str):
    """Ask who is asking, with that secret."""
    return await type(tenant)(**{**vars(tenant), "secret": secret}).ask(WHO)


async def stored(tenant) -> list:
    """Return every token there is, but for when it was used."""
    rows = await tenant.fetch("SELECT * FROM api_tokens ORDER BY id")
    return [{**row, "last_used_at": None} for row in rows]


async def test_a_token_is_shown_with_its_secret_once(owner):
    payload = await create(owner, name=" CI ", grants=[{"scope": "TEAM", "permission": "WRITE"}, *READS])

    secret, token = payload["secret"], payload["token"]
    assert payload["userErrors"] == []
    assert token.pop("id").startswith("key_")
    assert token == {
        "name": "CI",
        "prefix": secret[:13],
        "grants": [
            {"scope": "UPTIME_CHECKS", "permission": "READ"},
            {"scope": "TEAM", "permission": "WRITE"},
        ],
        "isActive": True,
        "createdBy": {"id": encode_id(Prefix.USER, owner.user_id)},
        "createdAt": write_moment(owner.now),
        "lastUsedAt": None,
        "expiresAt": write_moment(owner.now + timedelta(days=365)),
        "revokedAt": None,
    }
    [row] = await owner.fetch(
        "SELECT * FROM api_tokens WHERE secret_sha256 = $1", hashlib.sha256(secret.encode()).digest()
    )
    assert secret not in repr(dict(row))


async def test_a_token_lives_as_long_as_was_said(owner):
    soon = write_moment(owner.now + timedelta(hours=1))

    assert (await create(owner, expiresAt=soon))["token"]["expiresAt"] == soon
    assert (await create(owner, expiresAt=None))["token"]["expiresAt"] is None


async def test_all_that_is_wrong_is_told_at_its_field_and_nothing_is_stored(owner):
    before = await stored(owner)

    payload = await create(owner, name="", grants=[], expiresAt=write_moment(owner.now - timedelta(days=1)))

    assert (payload["token"], payload["secret"]) == (None, None)
    assert [(one["code"], one["path"], one["rule"]) for one in payload["userErrors"]] == [
        ("INVALID_INPUT", ["name"], "min_length"),
        ("INVALID_INPUT", ["grants"], "min_length"),
        ("INVALID_INPUT", ["expiresAt"], "minimum"),
    ]
    assert await stored(owner) == before


async def test_each_grant_that_its_maker_lacks_is_named(owner):
    maker = await owner.add_token(
        Grant(scope=TokenScope.TOKENS, permission=WRITE), Grant(scope=TokenScope.TEAM, permission=READ)
    )
    before = await stored(owner)
    grants = [
        {"scope": scope, "permission": permission}
        for scope, permission in (
            ("TEAM", "READ"),
            ("TEAM", "DELETE"),
            ("TOKENS", "WRITE"),
            ("WEBHOOKS", "READ"),
        )
    ]

    payload = await create(maker, grants=grants)

    refused = [(one["path"], one["expected"], one["received"]) for one in payload["userErrors"]]
    assert refused == [
        (["grants", "1", "permission"], "READ", "DELETE"),
        (["grants", "3", "permission"], "nothing", "READ"),
    ]
    assert (payload["token"], payload["secret"]) == (None, None)
    assert await stored(owner) == before


@pytest.mark.parametrize("role", Role)
async def test_owners_and_admins_make_and_revoke_tokens_and_nobody_else(owner, role: Role):
    teammate = await owner.add_token(role=role)
    token_id, _ = await make(owner)
    before = await stored(owner)

    made, revoked = await create(teammate), await revoke(teammate, token_id)

    if role in (Role.OWNER, Role.ADMIN):
        assert made["userErrors"] == revoked["userErrors"] == []
        assert revoked["deletedId"] == token_id
    else:
        for payload in (made, revoked):
            assert [one["code"] for one in payload["userErrors"]] == ["SHARED_ACCOUNT_WRITE_FORBIDDEN"]
        assert (made["token"], made["secret"], revoked["deletedId"]) == (None, None, None)
        assert await stored(owner) == before


@pytest.mark.parametrize("role", Role)
async def test_every_role_sees_the_tokens_of_the_workspace_and_no_others(owner, stranger, role: Role):
    await make(stranger, name="theirs")
    teammate = await owner.add_token(role=role)
    await make(owner, name="ours")

    seen = (await teammate.data(LIST))["apiTokens"]

    assert sorted(node["name"] for node in seen["nodes"]) == ["a token", "a token", "ours"]
    assert seen["totalCount"] == 3


async def test_without_the_grant_tokens_are_not_seen_nor_made_nor_revoked(owner):
    token_id, _ = await make(owner)
    blind = await owner.add_token(Grant(scope=TokenScope.ACCOUNT, permission=DELETE))
    before = await stored(owner)

    answer = await blind.ask(LIST)

    assert (answer.body["data"], answer.codes) == ({"apiTokens": None}, ["FORBIDDEN"])
    for payload in (await create(blind), await revoke(blind, token_id)):
        assert [one["code"] for one in payload["userErrors"]] == ["API_TOKEN_SCOPE_DENIED"]
    assert await stored(owner) == before


async def test_the_list_comes_in_pages_and_by_whether_they_are_active(owner, clock):
    ids = []
    for name in "abcd":
        clock.advance(1)
        ids.append((await make(owner, name=name))[0])
    clock.advance(1)
    await make(owner, name="short", expiresAt=write_moment(clock.now() + timedelta(seconds=1)))
    await revoke(owner, ids[1])
    clock.advance(1)

    first = (await owner.data(LIST, first=2))["apiTokens"]
    rest = (await owner.data(LIST, after=first["pageInfo"]["endCursor"]))["apiTokens"]
    by_state = {
        is_active: (await owner.data(LIST, filter={"isActive": is_active}))["apiTokens"]
        for is_active in (True, False)
    }

    assert [node["name"] for page in (first, rest) for node in page["nodes"]] == ["a token", *"abcd", "short"]
    assert (first["pageInfo"]["hasNextPage"], rest["pageInfo"]["hasNextPage"]) == (True, False)
    for is_active, names in ((True, ["a token", "a", "c", "d"]), (False, ["b", "short"])):
        assert by_state[is_active]["totalCount"] == len(names)
        assert [node["name"] for node in by_state[is_active]["nodes"]] == names
        assert {node["isActive"] for node in by_state[is_active]["nodes"]} == {is_active}


async def test_a_list_of_tokens_costs_the_same_however_long_it_is(owner, watched):
    few = await statements_of(owner, watched, LIST)
    for _ in range(20):
        await make(owner)

    assert len(await statements_of(owner, watched, LIST)) == len(few) == 3


async def test_its_last_use_is_shown(owner):
    _, secret = await make(owner)
    assert (await ask_with(owner, secret)).status == 200

    [*_, token] = (await owner.data(LIST))["apiTokens"]["nodes"]

    assert token["lastUsedAt"] == write_moment(owner.now)


async def test_a_revoked_token_is_told_so_and_an_unknown_one_is_not(owner):
    token_id, secret = await make(owner)
    assert (await ask_with(owner, secret)).data["viewer"]["grants"] == READS

    assert (await revoke(owner, token_id)) == {"deletedId": token_id, "userErrors": []}

    revoked, unknown = await ask_with(owner, secret), await ask_with(owner, secret + "x")
    assert (revoked.status, revoked.codes) == (401, ["API_TOKEN_REVOKED"])
    assert (unknown.status, unknown.codes) == (401, ["UNAUTHENTICATED"])


async def test_an_expired_token_is_told_so(owner, clock):
    _, secret = await make(owner, expiresAt=write_moment(owner.now + timedelta(seconds=1)))
    clock.advance(1)

    expired = await ask_with(owner, secret)

    assert (expired.status, expired.codes) == (401, ["API_TOKEN_EXPIRED"])


async def test_revoking_once_more_is_accepted_and_changes_nothing(owner, clock):
    token_id, _ = await make(owner)
    first = await revoke(owner, token_id)
    before = await stored(owner)
    clock.advance(60)

    assert await revoke(owner, token_id) == first
    assert await stored(owner) == before


async def test_a_token_may_revoke_itself(owner):
    maker = await owner.add_token(Grant(scope=TokenScope.TOKENS, permission=WRITE))
    own = (await maker.data(WHO))["viewer"]["token"]["id"]

    assert (await revoke(maker, own))["deletedId"] == own
    assert (await maker.ask(WHO)).codes == ["API_TOKEN_REVOKED"]


async def test_a_stranger_can_tell_a_token_of_others_from_none_by_nothing(owner, stranger):
    token_id, _ = await make(owner)
    before = await stored(owner)
    unknown = encode_id(Prefix.TOKEN, owner.next_id())

    answers = [await revoke(stranger, each) for each in (token_id, unknown, "", "key_", "x" * 1000)]

    assert answers == [answers[0]] * 5
    assert [one["code"] for one in answers[0]["userErrors"]] == ["NOT_FOUND"]
    assert await stored(owner) == before


async def test_nobody_signed_in_gets_nothing(owner, client):
    for document, variables in (
        (CREATE, {"input": {"name": "CI", "grants": READS}}),
        (REVOKE, {"id": "key_x"}),
        (LIST, {}),
    ):
        answer = (await client.post("/graphql", json={"query": document, "variables": variables})).json()
        assert [one["extensions"]["code"] for one in answer["errors"]] == ["UNAUTHENTICATED"]
        assert not any((answer.get("data") or {}).values())


async def test_the_documents_of_the_how_to_guide_do_what_it_says(owner):
    make_one, see, end = re.findall(r"```graphql\n(.*?)```", HOW_TO.read_text(), re.DOTALL)
    ahead = write_moment(owner.now + timedelta(days=100))

    made = (await owner.data(re.sub(r'expiresAt: "[^"]+"', f'expiresAt: "{ahead}"', make_one)))[
        "createApiToken"
    ]
    listed = (await owner.data(see))["apiTokens"]["nodes"]
    ended = (await owner.data(end.replace("key_…", made["token"]["id"])))["revokeApiToken"]

    assert made["userErrors"] == []
    assert made["token"]["id"] in [token["id"] for token in listed]
    assert ended == {"deletedId": made["token"]["id"], "userErrors": []}


async def test_the_limit_is_told_as_such(owner):
    await owner.insert_many(
        "api_tokens",
        [
            {
                "id": owner.next_id(),
                "workspace_id": owner.workspace_id,
                "name": "many",
                "prefix": "x",
                "secret_sha256": number.to_bytes(32),
                "grants": [],
                "created_by": owner.user_id,
                "created_at": owner.now,
            }
            for number in range(499)
        ],
    )

    [error] = (await create(owner))["userErrors"]

    assert (error["code"], error["message"]) == (
        "OVER_LIMIT",
        "at most 500 api tokens may be live: revoke one that is not used",
    )
