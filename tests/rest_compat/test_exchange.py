"""What all dialects do alike: who is asked for what, in which form, and what surrounds it."""

from __future__ import annotations

import pytest

NOWHERE = [
    "/api",
    "/api/nothing",
    "/api/projects/1/2/3",
    "/api/v1",
    "/api/v1/nothing",
    "/api/v1/server",
    "/api/v1/server/version/1",
]


@pytest.mark.parametrize("path", NOWHERE)
async def test_what_there_is_not_is_told_in_the_dialects_form_below_known_paths_too(owner, path) -> None:
    answer = await owner.client.get(path, headers={"Authorization": f"Bearer {owner.secret}"})

    of_statusapp = {"error": "there is no such route", "code": "NOT_FOUND"}
    of_dashmon = {"error": "not_found", "message": "there is no such route"}
    assert answer.status_code == 404
    assert answer.json() == (of_statusapp if path.startswith("/api/v1") else of_dashmon)


async def test_an_open_route_needs_nobody_and_is_no_request_of_a_workspace(owner) -> None:
    answer = await owner.client.get("/api/health")

    assert (answer.status_code, answer.json()) == (200, {"status": "ok", "database": "ok"})
    assert "x-ratelimit-limit" not in answer.headers


async def test_pages_of_all_sites_may_use_statusapp_and_no_other_dialect(owner) -> None:
    preflight = {"Origin": "https://app.example.org", "Access-Control-Request-Method": "PUT"}

    asked = await owner.client.options("/api/v1/server/version", headers=preflight)
    answered = await owner.client.get("/api/v1/server/version", headers=preflight)
    refused = await owner.client.post("/api/v1/server/version", headers=preflight)
    elsewhere = await owner.client.options("/api/health", headers=preflight)

    assert asked.status_code == 204
    assert asked.headers["access-control-allow-methods"] == "GET, POST, PUT, DELETE, OPTIONS"
    assert asked.headers["access-control-allow-headers"] == "Content-Type, Authorization, X-API-Key"
    assert asked.headers["access-control-max-age"] == "86400"
    for each in (asked, answered, refused):
        assert each.headers["access-control-allow-origin"] == "*"
        assert "access-control-allow-credentials" not in each.headers
    assert (refused.status_code, refused.headers["allow"]) == (405, "GET, OPTIONS")
    assert (elsewhere.status_code, elsewhere.headers["allow"]) == (405, "GET")
    assert "access-control-allow-origin" not in elsewhere.headers


async def test_a_refusal_says_what_is_left_of_the_hour_too(owner) -> None:
    answer = await owner.client.get("/v1/tokens/unknown", headers={"Authorization": f"Bearer {owner.secret}"})

    assert answer.status_code == 404
    assert int(answer.headers["x-ratelimit-remaining"]) < int(answer.headers["x-ratelimit-limit"])


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        ("application/json", 201),
        ("application/json; charset=utf-8", 201),
        (None, 201),
        ("text/plain", 400),
        ("application/x-www-form-urlencoded", 400),
    ],
)
async def test_a_body_that_is_said_to_be_something_else_is_not_read(owner, content_type, status) -> None:
    headers = {"Authorization": f"Bearer {owner.secret}"}
    headers |= {} if content_type is None else {"Content-Type": content_type}
    body = b'{"name": "ci", "grants": [{"scope": "TOKENS", "permission": "READ"}]}'

    answer = await owner.client.post("/v1/tokens", headers=headers, content=body)

    assert answer.status_code == status, answer.text


async def test_a_trace_of_a_known_path_is_refused_in_the_dialects_form(owner) -> None:
    of_statusapp = await owner.client.request("TRACE", "/api/v1/monitors")
    of_dashmon = await owner.client.request("TRACE", "/api/projects")

    assert (of_statusapp.status_code, of_statusapp.headers["allow"]) == (405, "GET, OPTIONS, POST")
    assert of_statusapp.json()["code"] == "METHOD_NOT_ALLOWED"
    assert of_statusapp.headers["access-control-allow-origin"] == "*"
    assert (of_dashmon.status_code, of_dashmon.json()["error"]) == (405, "method_not_allowed")
    assert "allow" in of_dashmon.headers
