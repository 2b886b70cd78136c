"""What bad input gets, in the dialect's form, with nothing stored and nothing of our insides told."""

from __future__ import annotations

from datetime import timedelta

import httpx
import pytest

from core.access.plans import TERMS, Plan
from core.access.principal import Grant, Role, TokenPermission, TokenScope
from tests.rest_compat.statusapp.asking import ask, become_known, field_errors

READ = Grant(scope=TokenScope.UPTIME_CHECKS, permission=TokenPermission.READ)
ENTERPRISE = TERMS[Plan.ENTERPRISE].requests_per_hour
NEW = {"name": "m", "url": "https://example.org/"}


async def test_a_key_counts_in_either_header_and_none_but_a_good_one_does(owner) -> None:
    expired = await owner.add_token(READ, expires_at=owner.now - timedelta(days=1))
    revoked = await owner.add_token(READ)
    await owner.fetch(
        "UPDATE api_tokens SET revoked_at = $1 WHERE created_by = $2", owner.now, revoked.user_id
    )

    async def status(**headers: str) -> tuple[int, str | None, str | None]:
        answer = await owner.client.get("/api/v1/monitors", headers=headers)
        body = answer.json()
        return answer.status_code, body.get("code"), body.get("details")

    assert await status(**{"X-API-Key": owner.secret}) == (200, None, None)
    assert await status(Authorization=f"Bearer {owner.secret}") == (200, None, None)
    assert await status() == (401, "UNAUTHORIZED", None)
    assert (await status(**{"X-API-Key": "wrong"}))[:2] == (401, "UNAUTHORIZED")
    assert (await status(Cookie=f"dashmon_session={owner.secret}"))[:2] == (401, "UNAUTHORIZED")
    assert await status(**{"X-API-Key": expired.secret}) == (401, "UNAUTHORIZED", "API_TOKEN_EXPIRED")
    assert await status(**{"X-API-Key": revoked.secret}) == (401, "UNAUTHORIZED", "API_TOKEN_REVOKED")


async def test_a_grant_or_role_that_is_missing_is_forbidden_and_changes_nothing(owner, contents) -> None:
    reader = await owner.add_token(READ)
    viewer = await owner.add_token(role=Role.VIEWER)
    monitor_id = await owner.add_monitor("m")
    for tenant in (reader, viewer):
        await become_known(tenant)
    before = await contents()

    for tenant in (reader, viewer):
        for method, path, body in (
            ("POST", "/monitors", NEW),
            ("PUT", f"/monitors/{monitor_id}", {"name": "x"}),
            ("DELETE", f"/monitors/{monitor_id}", None),
            ("POST", f"/monitors/{monitor_id}/pause", None),
        ):
            refused = await ask(tenant, method, path, json=body)
            assert (refused.status_code, refused.json()["code"]) == (403, "FORBIDDEN"), (method, path)
    assert await contents() == before


@pytest.mark.parametrize(
    ("content", "content_type", "status", "code"),
    [
        (b"{", "application/json", 400, "BAD_REQUEST"),
        (b"[]", "application/json", 400, "BAD_REQUEST"),
        (b"", "application/json", 400, "BAD_REQUEST"),
        (b'{"name": "\xff"}', "application/json", 400, "BAD_REQUEST"),
        (b"[" * 100_000, "application/json", 400, "BAD_REQUEST"),
        (b"name=m", "application/x-www-form-urlencoded", 400, "BAD_REQUEST"),
        (b'{"name": "' + b"x" * 1024 * 1024 + b'"}', "application/json", 413, "PAYLOAD_TOO_LARGE"),
    ],
    ids=["cut", "list", "nothing", "not utf-8", "deep", "form", "long"],
)
async def test_a_body_that_is_none_is_refused_in_one_form(
    owner, contents, content, content_type, status, code
) -> None:
    await become_known(owner)
    before = await contents()

    refused = await ask(owner, "POST", "/monitors", content=content, headers={"Content-Type": content_type})

    assert (refused.status_code, refused.json()["code"]) == (status, code)
    assert set(refused.json()) <= {"error", "code", "details"}
    for inside in ("Traceback", "msgspec", "asyncpg", "SELECT", "/core/"):
        assert inside not in refused.text
    assert await contents() == before


@pytest.mark.parametrize("value", [None, 7, [], {}, "", "x" * 201, "a\u0000b"])
async def test_a_name_that_is_none_is_told_at_its_place(owner, contents, value) -> None:
    await become_known(owner)
    before = await contents()

    made = await ask(owner, "POST", "/monitors", json={**NEW, "name": value})

    ((_, path),) = field_errors(made)
    assert path == ["name"]
    assert await contents() == before


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PATCH", "/monitors", "GET, OPTIONS, POST"),
        ("POST", "/monitors/mon_1", "DELETE, GET, OPTIONS, PUT"),
        ("GET", "/monitors/mon_1/pause", "OPTIONS, POST"),
        ("DELETE", "/incidents", "GET, OPTIONS"),
        ("POST", "/analytics", "GET, OPTIONS"),
        ("PUT", "/worker-regions", "GET, OPTIONS"),
        ("DELETE", "/health", "GET, OPTIONS"),
    ],
)
async def test_a_method_that_a_path_lacks_is_told_with_those_that_it_has(
    owner, method, path, allowed
) -> None:
    refused = await ask(owner, method, path)

    assert (refused.status_code, refused.headers["allow"]) == (405, allowed)
    assert refused.json()["code"] == "METHOD_NOT_ALLOWED"


async def test_what_the_plan_lacks_is_forbidden_with_our_own_code_beside(owner) -> None:
    await owner.fetch("UPDATE workspaces SET plan = 'FREE'")

    for more, details in (({"interval": 60}, "OVER_LIMIT"), ({"type": "CRON"}, "PREMIUM_REQUIRED")):
        refused = await ask(owner, "POST", "/monitors", json={**NEW, **more})
        body = refused.json()
        assert (refused.status_code, body["code"], body["details"]) == (403, "FORBIDDEN", details)


async def test_a_role_that_is_null_is_told_as_null(owner) -> None:
    ((member,), *_) = [(await ask(owner, "GET", "/team/members")).json()["members"]]

    refused = await ask(owner, "PUT", f"/team/members/{member['id']}", json={"role": None})

    (told,) = refused.json()["error"]
    assert (told["code"], told["path"]) == ("invalid_type", ["role"])
    assert (told["expected"], told["received"]) == ("string", "null")


async def test_a_name_that_is_null_in_a_change_is_told_as_null(owner) -> None:
    made = (await ask(owner, "POST", "/monitors", json=NEW)).json()

    for path in (f"/monitors/{made['id']}", "/account"):
        (told,) = (await ask(owner, "PUT", path, json={"name": None})).json()["error"]
        assert (told["code"], told["expected"], told["received"]) == ("invalid_type", "string", "null"), path


async def test_every_answer_says_what_is_left_of_the_hour(owner, watched) -> None:
    reader = await owner.add_token(READ)
    form = {"Content-Type": "text/plain"}
    admitted = [
        (200, "GET", "/monitors", {}),
        (201, "POST", "/monitors", {"json": NEW}),
        (400, "GET", "/monitors?page=0", {}),
        (400, "POST", "/monitors", {"content": b"{", "headers": form}),
        (404, "GET", "/monitors/mon_1", {}),
        (413, "POST", "/monitors", {"content": b"x" * (1024 * 1024 + 1)}),
        (403, "POST", "/monitors", {"json": NEW, "secret": reader.secret}),
    ]
    left = ENTERPRISE
    for status, method, path, more in admitted:
        answer = await ask(owner, method, path, **more)
        left -= 1
        assert (answer.status_code, *_limits(answer)) == (status, ENTERPRISE, left), (method, path)
        assert answer.headers["access-control-allow-origin"] == "*"

    no_requests = [
        (200, "GET", "/health"),
        (200, "GET", "/server/version"),
        (204, "OPTIONS", "/monitors"),
        (404, "GET", "/nothing"),
        (405, "PATCH", "/monitors"),
    ]
    watched.statements.clear()
    for status, method, path in no_requests:
        known = await ask(owner, method, path)
        nobody = await owner.client.request(method, f"/api/v1{path}")
        assert known.status_code == nobody.status_code == status
        assert _limits(known) == (ENTERPRISE, left)
        assert _limits(nobody) == (1_000, 1_000)
    assert [each for each in watched.statements if "SELECT 1" not in each] == []
    refused = await ask(owner, "GET", "/monitors", secret="wrong")
    assert (refused.status_code, *_limits(refused)) == (401, 1_000, 1_000)
    hour_ends_at = owner.now.replace(minute=0, second=0) + timedelta(hours=1)
    assert int(refused.headers["x-ratelimit-reset"]) == hour_ends_at.timestamp()


async def test_what_is_beyond_the_hour_says_that_nothing_is_left(owner) -> None:
    await owner.fetch("UPDATE workspaces SET plan = 'FREE'")
    hour = owner.now.replace(minute=0, second=0)
    await owner.insert("request_quotas", workspace_id=owner.workspace_id, hour=hour, leased=1_000, granted=0)

    answer = await ask(owner, "GET", "/monitors")

    assert (answer.status_code, *_limits(answer)) == (429, 1_000, 0)
    assert _limits(await ask(owner, "GET", "/health")) == (1_000, 0)


def _limits(answer: httpx.Response) -> tuple[int, int]:
    assert answer.headers["x-ratelimit-reset"].isdigit()
    limit, remaining = (answer.headers[f"x-ratelimit-{name}"] for name in ("limit", "remaining"))
    return int(limit), int(remaining)
