"""What the routes of notifications, webhooks, team and account have in common: who is let in, what is refused."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from core.access.plans import TERMS, Plan
from core.access.principal import Grant, TokenPermission, TokenScope
from core.ids import Prefix, encode_id, new_id
from core.usage.quota import HOUR, hour_of
from rest_compat.statusapp.dialect import STATUSAPP
from tests.graphql_schema.conftest import Tenant
from tests.graphql_schema.samples import World
from tests.rest_compat.statusapp.answers import ask, places, told

PARTS = ("/api/v1/notifications", "/api/v1/webhooks", "/api/v1/team", "/api/v1/account")
ROUTES = [each for each in STATUSAPP.routes if each.path.startswith(PARTS)]
BODIES = {
    "/notifications/{channelId}": {"name": "theirs", "config": {"url": "https://x.example/"}},
    "/webhooks/{webhookId}": {"name": "theirs"},
    "/team/members/{memberId}": {"role": "VIEWER"},
}
LISTS = ("/notifications", "/webhooks", "/account/api-keys")


def short(path: str) -> str:
    return path.removeprefix("/api/v1")


async def test_another_workspaces_things_are_like_none_on_every_route(owner, stranger, contents) -> None:
    world = World(tenant=stranger, project_id=stranger.project_id)
    theirs = {
        "{channelId}": await world.channel(),
        "{webhookId}": await world.webhook(),
        "{memberId}": await world.member(),
    }
    prefixes = {"{channelId}": Prefix.CHANNEL, "{webhookId}": Prefix.WEBHOOK, "{memberId}": Prefix.MEMBER}
    await told(owner, "GET", "/webhooks")
    before = await contents()

    asked = 0
    for route in ROUTES:
        for parameter, public_id in theirs.items():
            if parameter not in route.path:
                continue
            unknown = encode_id(prefixes[parameter], new_id(owner.now))
            ids = [
                public_id,
                unknown,
                "1",
                f"{prefixes[parameter]}_",
                "mon_" + "0" * 26,
                "%C3%A9",
                "x" * 3_000,
            ]
            answers = {
                (answer.status_code, answer.content)
                for each in ids
                for answer in [
                    await ask(
                        owner,
                        route.method,
                        short(route.path).replace(parameter, each),
                        json=BODIES.get(short(route.path)) if route.body else None,
                    )
                ]
            }
            assert len(answers) == 1, route.template
            assert {status for status, _ in answers} == {404}, route.template
            asked += 1

    assert asked == 11
    assert await contents() == before


async def test_either_header_lets_in_and_nothing_else_does(owner, contents) -> None:
    expired = await owner.add_token(expires_at=owner.now - timedelta(seconds=1))
    revoked = await owner.add_token()
    await owner.fetch(
        "UPDATE api_tokens SET revoked_at = $1 WHERE created_by = $2", owner.now, revoked.user_id
    )
    bearer = await owner.client.get("/api/v1/account", headers={"Authorization": f"Bearer {owner.secret}"})
    assert bearer.json() == await told(owner, "GET", "/account")
    before = await contents()

    for route in ROUTES:
        for headers, details in (
            ({}, None),
            ({"X-API-Key": ""}, None),
            ({"X-API-Key": "wrong", "Authorization": f"Bearer {owner.secret}"}, None),
            ({"Authorization": owner.secret}, None),
            ({"X-API-Key": expired.secret}, "API_TOKEN_EXPIRED"),
            ({"X-API-Key": revoked.secret}, "API_TOKEN_REVOKED"),
        ):
            answer = await owner.client.request(route.method, route.path, headers=headers, json={})
            body = answer.json()
            assert (answer.status_code, body["code"], body.get("details")) == (401, "UNAUTHORIZED", details)

    assert await contents() == before


async def test_what_a_key_lacks_is_said_before_whether_there_is_something(owner) -> None:
    blind = await owner.add_token(Grant(scope=TokenScope.ANALYTICS, permission=TokenPermission.DELETE))

    for route in ROUTES:
        if route.path == "/api/v1/account" and route.method == "GET":
            continue  # everybody's own
        answer = await ask(blind, route.method, short(route.path), json=dict(route.body_example or {}))
        body = answer.json()
        assert (answer.status_code, body["code"], body["details"]) == (
            403,
            "FORBIDDEN",
            "API_TOKEN_SCOPE_DENIED",
        ), route.template


async def test_a_spent_hour_refuses_with_the_documented_code_and_says_when_it_ends(
    owner, services, contents
) -> None:
    await owner.fetch("UPDATE workspaces SET plan = 'FREE' WHERE id = $1", owner.workspace_id)
    limit = TERMS[Plan.FREE].requests_per_hour
    hour = hour_of(services.clock.now())
    await owner.insert(
        "request_quotas", workspace_id=owner.workspace_id, hour=hour, leased=limit - 1, granted=0
    )
    last = await ask(owner, "GET", "/webhooks")
    await ask(owner, "GET", "/webhooks")
    before = await contents()

    refused = [await ask(owner, each.method, short(each.path), json={}) for each in ROUTES]

    resets_at = str(int((hour + HOUR).timestamp()))
    assert (last.status_code, last.headers["x-ratelimit-remaining"]) == (200, "0")
    for answer in refused:
        assert (answer.status_code, answer.json()["code"]) == (429, "RATE_LIMIT_EXCEEDED")
        assert answer.headers["x-ratelimit-limit"] == str(limit)
        assert answer.headers["x-ratelimit-remaining"] == "0"
        assert answer.headers["x-ratelimit-reset"] == resets_at
        assert int(answer.headers["retry-after"]) >= 1
    assert await contents() == before


async def test_every_answer_to_whoever_is_known_says_what_is_left_of_the_hour(owner) -> None:
    for route in ROUTES:
        answer = await ask(owner, route.method, short(route.path), json={})
        assert {"x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"} <= set(answer.headers)


async def test_a_body_that_is_no_json_object_is_refused_by_every_route_that_takes_one(
    owner, contents
) -> None:
    await told(owner, "GET", "/webhooks")
    before = await contents()
    contents_refused: list[tuple[bytes, int, str]] = [
        (b"", 400, "BAD_REQUEST"),
        (b"{", 400, "BAD_REQUEST"),
        (b"[]", 400, "BAD_REQUEST"),
        (b"null", 400, "BAD_REQUEST"),
        (b"\xff", 400, "BAD_REQUEST"),
        (b"[" * 100_000, 400, "BAD_REQUEST"),
        (b'{"name": "' + b"x" * 1024 * 1024 + b'"}', 413, "PAYLOAD_TOO_LARGE"),
    ]

    for route in (each for each in ROUTES if each.body is not None):
        for content, status, code in contents_refused:
            answer = await ask(owner, route.method, short(route.path), content=content)
            assert (answer.status_code, answer.json()["code"]) == (status, code), route.template
            assert set(answer.json()) == {"error", "code"}
        form = await ask(owner, route.method, short(route.path), data={"name": "x"})
        assert (form.status_code, form.json()["code"]) == (400, "BAD_REQUEST")

    assert await contents() == before


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("page=0", ["page"]),
        ("page=-1", ["page"]),
        ("page=1e3", ["page"]),
        ("page=10000000000", ["page"]),
        ("limit=0", ["limit"]),
        ("limit=1001&page=x", ["limit", "page"]),
    ],
)
async def test_a_page_that_cannot_be_is_refused(owner, query, expected) -> None:
    for path in LISTS:
        assert places(await ask(owner, "GET", f"{path}?{query}")) == expected


async def test_a_page_beyond_the_end_is_empty(owner) -> None:
    await owner.add_webhook()
    await owner.add_channel()

    for path in LISTS:
        (rows,) = (await told(owner, "GET", path)).values()
        (beyond,) = (await told(owner, "GET", f"{path}?page=1000000000")).values()
        assert (len(rows), beyond) == (1, [])


async def test_deliveries_come_in_smaller_pages(owner) -> None:
    path = f"/webhooks/{encode_id(Prefix.WEBHOOK, await owner.add_webhook())}/deliveries"

    assert places(await ask(owner, "GET", f"{path}?limit=101")) == ["limit"]
    assert (await told(owner, "GET", f"{path}?limit=100&page=1000000000")) == {"deliveries": []}


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PATCH", "/webhooks", "GET, OPTIONS, POST"),
        ("POST", "/notifications/nc_1", "DELETE, GET, OPTIONS, PUT"),
        ("GET", "/webhooks/wh_1/test", "OPTIONS, POST"),
        ("POST", "/team/invitations", "GET, OPTIONS"),
        ("DELETE", "/account", "GET, OPTIONS, PUT"),
        ("POST", "/account/api-keys", "GET, OPTIONS"),
    ],
)
async def test_a_method_that_a_path_lacks_is_told(owner, method, path, allowed) -> None:
    answer = await ask(owner, method, path)

    assert (answer.status_code, answer.json()["code"]) == (405, "METHOD_NOT_ALLOWED")
    assert answer.headers["allow"] == allowed


async def test_what_an_unusual_text_is_stored_as_comes_back_or_is_refused(owner: Tenant) -> None:
    body: dict[str, Any] = {"url": "https://x.example/", "events": "monitor.up"}
    for name, status in (("Ünïcode ☃ \U0001f514", 201), ("nul\x00", 400), ("line\nbreak", 400), (" ", 400)):
        answer = await ask(owner, "POST", "/webhooks", json={**body, "name": name})
        assert answer.status_code == status, name
        assert status == 400 or answer.json()["name"] == name
    surrogate = await ask(owner, "POST", "/webhooks", content=b'{"name": "\\ud800"}')
    assert surrogate.status_code == 400
