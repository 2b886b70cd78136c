"""OnlineOrNot's routes of tokens, as its page describes them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import httpx
import pytest

from core.access.principal import Grant, Role, TokenPermission, TokenScope
from core.ids import Prefix, encode_id, new_id
from core.moments import write_moment
from tests.graphql_schema.conftest import Tenant
from tests.graphql_schema.test_statement_counts import is_noise, statements_of

IN_GRAPHQL = """{ apiTokens(first: 20) { totalCount nodes {
  id name expiresAt createdAt grants { scope permission } } } }"""
DOCUMENTED = {"name": "My API Token", "grants": [{"scope": "UPTIME_CHECKS", "permission": "READ"}]}
EXEMPLIFIED = {
    "name": "My API Token",
    "permissions": [{"permission": "UPTIME_CHECKS", "permissionLevel": "READ"}],
}


async def ask(
    tenant: Tenant, method: str, path: str, *, secret: str | None = None, **more: Any
) -> httpx.Response:
    """Send a request as the page's curl lines do."""
    headers = {"Accept": "application/json", "Authorization": f"Bearer {secret or tenant.secret}"}
    return await tenant.client.request(method, path, headers=headers, **more)


def result(response: httpx.Response, status: int = 200) -> Any:
    """Return the result in an envelope that says success."""
    body = response.json()
    assert response.status_code == status, body
    assert (body["success"], body["errors"], body["messages"]) == (True, [], [])
    return body["result"]


def codes(response: httpx.Response) -> list[str]:
    """Return the codes of the errors in an envelope that says failure."""
    body = response.json()
    assert (body["success"], body["result"], body["messages"]) == (False, None, [])
    return [each["code"] for each in body["errors"]]


async def make(owner: Tenant, body: Mapping[str, Any] = DOCUMENTED) -> dict[str, Any]:
    made: dict[str, Any] = result(await ask(owner, "POST", "/v1/tokens", json=body), 201)
    return made


@pytest.mark.parametrize("body", [DOCUMENTED, EXEMPLIFIED], ids=["documented", "exemplified"])
async def test_a_token_is_made_by_either_form_and_told_once(owner, body) -> None:
    made = await make(owner, body)

    assert set(made) == {"id", "name", "expiresAfter", "createdAt", "token"}
    assert made["name"] == "My API Token"
    assert made["expiresAfter"] == write_moment(owner.now + timedelta(days=365))
    shown = result(await ask(owner, "GET", f"/v1/tokens/{made['id']}"))
    assert shown == {
        **{name: made[name] for name in ("id", "name", "expiresAfter", "createdAt")},
        "grants": [{"scope": "UPTIME_CHECKS", "permission": "READ"}],
    }
    phrases = result(await ask(owner, "GET", "/v1/tokens/permissions", secret=made["token"]))
    assert phrases == {"permissions": ["uptime_checks (read)"]}


async def test_a_token_is_the_same_in_graphql(owner) -> None:
    made = await make(owner)

    (shown,) = [
        node
        for node in (
            await owner.data(
                "{ apiTokens { nodes { id name expiresAt createdAt grants { scope permission } } } }"
            )
        )["apiTokens"]["nodes"]
        if node["id"] == made["id"]
    ]
    listed = result(await ask(owner, "GET", f"/v1/tokens/{made['id']}"))
    assert listed == {"expiresAfter": shown.pop("expiresAt"), **shown}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, timedelta(days=365)),
        ({"expiresAt": None}, None),
        ({"expiresAt": "soon"}, timedelta(days=2)),
    ],
)
async def test_a_token_lives_for_a_year_or_as_long_as_is_said(owner, given, expected) -> None:
    if given.get("expiresAt"):
        given = {"expiresAt": write_moment(owner.now + timedelta(days=2))}

    made = await make(owner, {**DOCUMENTED, **given})

    assert made["expiresAfter"] == (None if expected is None else write_moment(owner.now + expected))


async def test_a_token_that_works_is_active(owner) -> None:
    (row,) = await owner.fetch("SELECT id FROM api_tokens WHERE workspace_id = $1", owner.workspace_id)

    assert result(await ask(owner, "GET", "/v1/tokens/verify")) == {
        "id": encode_id(Prefix.TOKEN, row["id"]),
        "status": "active",
    }


async def test_tokens_are_listed_in_pages(owner) -> None:
    for number in range(4):
        await make(owner, {**DOCUMENTED, "name": f"token {number}"})

    first = await ask(owner, "GET", "/v1/tokens?per_page=2")
    second = await ask(owner, "GET", "/v1/tokens?page=3&per_page=2")
    beyond = await ask(owner, "GET", "/v1/tokens?page=1000000000&per_page=2")
    whole = await ask(owner, "GET", "/v1/tokens")

    assert len(result(first)) == 2
    assert first.json()["result_info"] == {"page": 1, "per_page": 2, "count": 2, "total_count": 5}
    assert second.json()["result_info"] == {"page": 3, "per_page": 2, "count": 1, "total_count": 5}
    assert beyond.json()["result_info"] == {
        "page": 1_000_000_000,
        "per_page": 2,
        "count": 0,
        "total_count": 5,
    }
    assert whole.json()["result_info"] == {"page": 1, "per_page": 20, "count": 5, "total_count": 5}
    assert result(first) + result(second) == [result(whole)[0], result(whole)[1], result(whole)[4]]


async def test_a_deleted_token_is_gone_and_opens_nothing(owner) -> None:
    made = await make(owner)

    assert result(await ask(owner, "DELETE", f"/v1/tokens/{made['id']}")) == {"deleted": True}

    for method in ("GET", "DELETE"):
        response = await ask(owner, method, f"/v1/tokens/{made['id']}")
        assert (response.status_code, codes(response)) == (404, ["NOT_FOUND"])
    assert made["id"] not in [each["id"] for each in result(await ask(owner, "GET", "/v1/tokens"))]
    dead = await ask(owner, "GET", "/v1/tokens/verify", secret=made["token"])
    assert (dead.status_code, codes(dead)) == (401, ["API_TOKEN_REVOKED"])


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({}, "UNAUTHENTICATED"),
        ({"Authorization": "Bearer"}, "UNAUTHENTICATED"),
        ({"Authorization": "Basic abc"}, "UNAUTHENTICATED"),
        ({"Authorization": "Bearer wrong"}, "UNAUTHENTICATED"),
        ({"X-API-Key": "wrong"}, "UNAUTHENTICATED"),
    ],
)
async def test_whoever_has_no_token_is_told_so(owner, contents, headers, code) -> None:
    before = await contents()
    for method, path in (("GET", "/v1/tokens/verify"), ("GET", "/v1/tokens"), ("POST", "/v1/tokens")):
        response = await owner.client.request(method, path, headers=headers)
        assert (response.status_code, codes(response)) == (401, [code])
        assert response.headers["www-authenticate"] == "Bearer"
    assert await contents() == before


async def test_an_expired_token_has_its_own_code(owner, clock) -> None:
    expired = await owner.add_token(expires_at=owner.now - timedelta(seconds=1))

    response = await ask(expired, "GET", "/v1/tokens/verify")

    assert (response.status_code, codes(response)) == (401, ["API_TOKEN_EXPIRED"])


async def test_what_a_token_lacks_is_refused(owner, contents) -> None:
    reader = await owner.add_token(Grant(scope=TokenScope.TOKENS, permission=TokenPermission.READ))
    blind = await owner.add_token(Grant(scope=TokenScope.INCIDENTS, permission=TokenPermission.DELETE))
    member = await owner.add_token(role=Role.MEMBER)
    made = await make(owner)
    for token in (reader, blind, member):
        result(await ask(token, "GET", "/v1/tokens/verify"))
    before = await contents()

    assert len(result(await ask(reader, "GET", "/v1/tokens"))) == 5
    refused = [
        (await ask(token, method, path, json=DOCUMENTED if method == "POST" else None), code)
        for token, code in (
            (reader, "API_TOKEN_SCOPE_DENIED"),
            (blind, "API_TOKEN_SCOPE_DENIED"),
            (member, "SHARED_ACCOUNT_WRITE_FORBIDDEN"),
        )
        for method, path in (("POST", "/v1/tokens"), ("DELETE", f"/v1/tokens/{made['id']}"))
    ]

    assert [(each.status_code, codes(each)) for each, _ in refused] == [(403, [code]) for _, code in refused]
    assert (await ask(blind, "GET", "/v1/tokens")).status_code == 403
    assert await contents() == before


async def test_another_workspaces_token_is_like_none(owner, stranger, contents) -> None:
    theirs = await make(stranger)
    ids = [theirs["id"], encode_id(Prefix.TOKEN, new_id(owner.now)), "a1b2c3d4", "key_", "é", "x" * 3_000]
    result(await ask(owner, "GET", "/v1/tokens/verify"))
    before = await contents()

    answers = {
        (response.status_code, response.text)
        for public_id in ids
        for method in ("GET", "DELETE")
        for response in [await ask(owner, method, f"/v1/tokens/{public_id}")]
    }

    assert len(answers) == 1
    assert {status for status, _ in answers} == {404}
    assert await contents() == before


@pytest.mark.parametrize(
    ("body", "paths"),
    [
        ({}, [["name"]]),
        ({"name": ""}, [["grants"], ["name"]]),
        ({"name": "x", "grants": []}, [["grants"]]),
        ({"name": 7, "grants": "all"}, [["grants"], ["name"]]),
        ({**DOCUMENTED, "expires": None}, [["expires"]]),
        ({**DOCUMENTED, "expiresAt": "tomorrow"}, [["expiresAt"]]),
        ({**DOCUMENTED, "expiresAt": "2026-12-31T00:00:00"}, [["expiresAt"]]),
        ({**DOCUMENTED, "expiresAt": "2001-01-01T00:00:00Z"}, [["expiresAt"]]),
        (
            {"name": "x", "grants": [{"scope": "ALL", "permission": "OWN"}]},
            [["grants", "0", "permission"], ["grants", "0", "scope"]],
        ),
        (
            {"name": "x", "permissions": [{"permission": "ALL", "permissionLevel": "READ"}]},
            [["permissions", "0", "permission"]],
        ),
        (
            {"grants": [{"scope": "NOPE"}], "expiresAt": "2020-01-01", "x": 1},
            [["expiresAt"], ["grants", "0", "permission"], ["grants", "0", "scope"], ["name"], ["x"]],
        ),
        (
            {
                "name": "x",
                "grants": [{"scope": "NOPE", "permission": "READ"}, {"scope": 7, "permission": "READ"}],
                "permissions": [{"permission": "ALL", "permissionLevel": "READ"}, "all"],
                "expiresAt": "2020-01-01",
                "x": 1,
            },
            [
                ["expiresAt"],
                ["grants", "0", "scope"],
                ["grants", "1", "scope"],
                ["permissions", "0", "permission"],
                ["permissions", "1"],
                ["x"],
            ],
        ),
        ({**DOCUMENTED, "expiresAt": 7, "x": 1}, [["expiresAt"], ["x"]]),
        ({"name": "x", "grants": 7, "permissions": {"permission": "ALL"}}, [["grants"], ["permissions"]]),
    ],
)
async def test_bad_bodies_are_told_what_is_wrong_and_store_nothing(owner, contents, body, paths) -> None:
    result(await ask(owner, "GET", "/v1/tokens/verify"))
    before = await contents()

    response = await ask(owner, "POST", "/v1/tokens", json=body)

    assert response.status_code == 400
    assert set(codes(response)) == {"INVALID_INPUT"}
    assert sorted(each["path"] for each in response.json()["errors"]) == paths
    assert await contents() == before


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"[]", 400),
        (b"null", 400),
        (b"\xff", 400),
        (b"[" * 100_000, 400),
        (b'{"name": "' + b"x" * 1024 * 1024 + b'"}', 413),
    ],
    ids=["empty", "cut off", "list", "null", "not utf-8", "deep", "large"],
)
async def test_what_is_no_json_object_is_refused(owner, contents, content, status) -> None:
    result(await ask(owner, "GET", "/v1/tokens/verify"))
    before = await contents()

    response = await ask(owner, "POST", "/v1/tokens", content=content)

    assert response.status_code == status
    assert len(codes(response)) == 1
    assert await contents() == before


@pytest.mark.parametrize(
    "query",
    ["page=0", "page=-1", "page=x", "page=1e3", "page=", "per_page=101", "per_page=0", "page=99999999999"],
)
async def test_a_page_that_cannot_be_is_refused(owner, query) -> None:
    response = await ask(owner, "GET", f"/v1/tokens?{query}")

    assert (response.status_code, codes(response)) == (400, ["INVALID_INPUT"])


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/v1/tokens", "GET, POST"),
        ("DELETE", "/v1/tokens", "GET, POST"),
        ("POST", "/v1/tokens/verify", "GET"),
        ("OPTIONS", "/v1/tokens/key_1", "DELETE, GET"),
    ],
)
async def test_a_method_that_a_path_lacks_is_told(owner, method, path, allowed) -> None:
    response = await ask(owner, method, path)

    assert (response.status_code, codes(response)) == (405, ["METHOD_NOT_ALLOWED"])
    assert response.headers["allow"] == allowed


async def test_a_path_that_there_is_not_is_told_in_the_dialects_form(owner) -> None:
    for path in ("/v1", "/v1/checks", "/v1/checks/1/2"):
        response = await ask(owner, "GET", path)
        assert (response.status_code, codes(response)) == (404, ["NOT_FOUND"]), path


async def test_every_answer_says_what_is_left_of_the_hour(owner) -> None:
    response = await ask(owner, "GET", "/v1/tokens")

    assert response.headers["x-ratelimit-limit"] == "100000"
    assert response.headers["content-type"] == "application/json"


async def test_a_list_takes_as_many_statements_however_long_it_is_and_no_more_than_its_twin_in_graphql(
    owner, watched
) -> None:
    counts = set()
    for _ in range(3):
        await make(owner)
        watched.statements.clear()
        await ask(owner, "GET", "/v1/tokens")
        counts.add(sum(not is_noise(each) for each in watched.statements))

    twin = await statements_of(owner, watched, IN_GRAPHQL)
    assert counts == {2}
    assert max(counts) <= len(twin)
