"""Every error that the page documents, with its code and its status."""

from __future__ import annotations

import csv
from datetime import timedelta
from pathlib import Path

import pytest

from core.access.grants import on_every_scope
from core.access.plans import Plan
from core.access.principal import Role, TokenPermission
from core.ids import Prefix, encode_id
from rest_compat.dashmon.dialect import DASHMON
from tests.graphql_schema.personas import signed_in
from tests.graphql_schema.samples import World
from tests.rest_compat.dashmon.asking import ask, book, refusal, told
from tests.rest_compat.dashmon.samples import REQUESTS

ROUTES = Path(__file__).parents[2] / "contract" / "routes.tsv"
PREMIUM = [route for route in DASHMON.routes if route.capability is not None]
CLOSED = [route for route in DASHMON.routes if not route.is_open]


def test_the_premium_routes_are_those_that_are_documented_so() -> None:
    with ROUTES.open(newline="") as lines:
        rows = [row for row in csv.DictReader(lines, delimiter="\t") if row["dialect"] == "dashmon"]
    documented = {f"{row['method']} {row['path']}" for row in rows if row["premium"] == "yes"}
    of_sessions = {f"{row['method']} {row['path']}" for row in rows if row["auth"] == "session"}
    served = {route.template for route in DASHMON.routes}

    assert {route.template for route in PREMIUM} == documented & served
    assert {route.template for route in DASHMON.routes if route.is_of_session} == of_sessions


async def test_whoever_is_nobody_is_told_so_by_every_route(owner, contents) -> None:
    world = World(tenant=owner, project_id=owner.project_id)
    before = await contents()
    for route in CLOSED:
        path = route.path.format_map(dict.fromkeys(("id", "projectId", "deviceId", "token"), "x"))
        for headers in ({}, {"Authorization": "Bearer wrong"}, {"Cookie": "dashmon_session=wrong"}):
            answer = await world.tenant.client.request(route.method, path, json={}, headers=headers)
            assert (answer.status_code, answer.json()["error"]) == (401, "unauthenticated")
            assert answer.headers["www-authenticate"] == "Bearer"
    assert await contents() == before


async def test_an_expired_token_has_its_own_code(owner) -> None:
    expired = await owner.add_token(expires_at=owner.now - timedelta(seconds=1))

    assert await refusal(expired, "GET", "/api/projects") == (401, "api_token_expired")


@pytest.mark.parametrize("route", PREMIUM, ids=lambda route: route.template)
async def test_a_premium_route_is_refused_on_a_free_plan_and_granted_on_others(
    owner, contents, route
) -> None:
    world = World(tenant=owner, project_id=owner.project_id)
    await book(owner, Plan.FREE)
    person = await signed_in(owner, Role.OWNER)
    await told(owner, "GET", "/api/me", by=person)
    assert await refusal(owner, "GET", "/api/me") == (403, "premium_required")  # a token on a free plan
    path, body = await REQUESTS[route.template](world)
    before = await contents()

    assert await refusal(owner, route.method, path, body, by=person) == (403, "premium_required")
    assert await refusal(owner, route.method, path, body) == (403, "premium_required")

    assert await contents() == before
    await book(owner, Plan.STARTER)
    paying = await signed_in(owner, Role.OWNER)
    path, body = await REQUESTS[route.template](world)
    await told(owner, route.method, path, body, by=paying, status=route.status)


async def test_what_is_premium_here_alone_is_open_to_every_plan_in_graphql(owner) -> None:
    await book(owner, Plan.FREE)
    device = encode_id(Prefix.MONITOR, await owner.add_monitor())

    data = await owner.data(
        """mutation ($id: ID!) {
          createApiToken(input: {name: "ci", grants: [{scope: INCIDENTS, permission: READ}]}) { userErrors { code } }
          updateProfile(input: {timezone: "Europe/Berlin"}) { userErrors { code } }
          updateMonitor(input: {id: $id, probe: {http: {url: "https://x.example/", acceptedStatuses: ["204"]}}}) {
            monitor { latency(period: DAY) { p95Ms } } userErrors { code } } }""",
        id=device,
    )

    assert [payload["userErrors"] for payload in data.values()] == [[], [], []]


async def test_a_heartbeat_is_premium_however_it_is_made(owner, contents) -> None:
    await book(owner, Plan.FREE)
    person = await signed_in(owner, Role.OWNER)
    path = f"/api/projects/{encode_id(Prefix.PROJECT, owner.project_id)}/devices"
    await told(owner, "GET", "/api/me", by=person)
    before = await contents()

    body = {"name": "Nightly", "type": "heartbeat", "interval": 600}
    assert await refusal(owner, "POST", path, body, by=person) == (403, "premium_required")

    assert await contents() == before
    await told(owner, "POST", path, {"name": "Shop", "url": "https://x.example"}, by=person, status=201)


async def test_who_may_only_look_is_told_by_the_code_of_what_he_would_change(owner, contents) -> None:
    world = World(tenant=owner, project_id=owner.project_id)
    viewer = await signed_in(owner, Role.VIEWER)
    member = await signed_in(owner, Role.MEMBER)
    reader = await owner.add_token(*on_every_scope(TokenPermission.READ))
    requests = {template: await REQUESTS[template](world) for template in REQUESTS}
    await told(reader, "GET", "/api/me")
    for person in (viewer, member):
        await told(owner, "GET", "/api/me", by=person)
    before = await contents()

    of_projects = ["POST /api/projects", "PUT /api/projects/{id}", "DELETE /api/projects/{id}"]
    of_projects += [each for each in requests if "/devices" in each and not each.startswith("GET ")]
    for template in of_projects:
        method = template.partition(" ")[0]
        assert await refusal(owner, method, *requests[template], by=viewer) == (
            403,
            "project_write_forbidden",
        )
        assert await refusal(reader, method, *requests[template]) == (403, "api_token_scope_denied")
    for template in (
        "POST /api/user/api-tokens",
        "DELETE /api/user/api-tokens/{id}",
        "POST /api/user/team-invitations",
        "POST /api/user/team-invitations/{id}/cancel",
    ):
        method = template.partition(" ")[0]
        for person in (viewer, member):
            code = await refusal(owner, method, *requests[template], by=person)
            assert code == (403, "shared_account_write_forbidden"), template
    assert await contents() == before


async def test_a_workspace_over_its_limits_takes_no_changes_and_shows_everything(owner, contents) -> None:
    await owner.add_monitors([str(number) for number in range(11)], interval_seconds=300)
    await book(owner, Plan.FREE)
    person = await signed_in(owner, Role.OWNER)
    await told(owner, "GET", "/api/me", by=person)
    project = encode_id(Prefix.PROJECT, owner.project_id)
    before = await contents()

    for method, path, body in (
        ("POST", "/api/projects", {"name": "x"}),
        ("PUT", f"/api/projects/{project}", {"name": "x"}),
        ("POST", f"/api/projects/{project}/devices", {"name": "x", "url": "https://x.example"}),
        ("POST", "/api/user/api-tokens", {"label": "ci"}),
    ):
        assert await refusal(owner, method, path, body, by=person) == (403, "over_limit")

    assert await contents() == before
    assert (await told(owner, "GET", "/api/projects", by=person))["projects"][0]["deviceCount"] == 11


async def test_a_limit_of_the_plan_is_told_in_the_names_of_this_api(owner) -> None:
    await book(owner, Plan.FREE)
    person = await signed_in(owner, Role.OWNER)
    path = f"/api/projects/{encode_id(Prefix.PROJECT, owner.project_id)}/devices"

    body = {"name": "Shop", "url": "https://x.example", "interval": 60}
    answer = await ask(owner, "POST", path, body, headers=person.headers)

    assert answer.status_code == 403
    assert answer.json() == {
        "error": "over_limit",
        "message": "interval must be at least 300 on the plan FREE",
    }


async def test_what_is_refused_is_told_of_devices(owner) -> None:
    await book(owner, Plan.FREE)
    person = await signed_in(owner, Role.OWNER)
    await owner.add_monitors([str(number) for number in range(10)], interval_seconds=300)
    full = (
        f"/api/projects/{encode_id(Prefix.PROJECT, owner.project_id)}/devices",
        {"name": "x", "url": "https://x.example"},
    )
    answer = await ask(owner, "POST", *full, headers=person.headers)
    assert answer.json()["message"] == "the plan FREE allows 10 devices, and the workspace has as many"

    await book(owner, Plan.BUSINESS)
    person = await signed_in(owner, Role.OWNER)
    heartbeat = encode_id(Prefix.MONITOR, await owner.add_heartbeat())
    paused = encode_id(Prefix.MONITOR, await owner.add_monitor("Resting", paused_at=owner.now))
    for method, path, body, message in (
        ("GET", "/api/devices/mon_x/history", None, "device not found"),
        ("PUT", "/api/devices/mon_x", {"name": "x"}, "device not found"),
        ("POST", "/api/devices/mon_x/test-now", None, "device not found"),
        ("POST", f"/api/devices/{paused}/test-now", None, "the device is paused"),
        (
            "POST",
            f"/api/devices/{heartbeat}/test-now",
            None,
            "the device waits to be pinged: there is nothing to look at",
        ),
        ("PUT", f"/api/devices/{heartbeat}/synthetic", {}, "the device is not of the kind http"),
        ("PUT", f"/api/devices/{paused}/heartbeat-config", {}, "the device is not of the kind heartbeat"),
    ):
        answer = await ask(owner, method, path, body, headers=person.headers)
        assert answer.json()["message"] == message, path


async def test_a_workspace_whose_hour_is_used_up_is_asked_to_wait(owner) -> None:
    await book(owner, Plan.STARTER)
    person = await signed_in(owner, Role.OWNER)
    for _ in range(1_000):
        answer = await ask(owner, "GET", "/api/user/preferences", headers=person.headers)
        if answer.status_code != 200:
            break
    answer = await ask(owner, "GET", "/api/user/preferences", headers=person.headers)

    assert (answer.status_code, answer.json()["error"]) == (429, "rate_limited")
    assert int(answer.headers["retry-after"]) >= 1


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
async def test_what_is_no_json_object_is_refused_by_every_route_that_takes_one(
    owner, contents, content, status
) -> None:
    admin = await signed_in(owner, Role.ADMIN)
    heartbeat = encode_id(Prefix.MONITOR, await owner.add_heartbeat())
    known = {"id": encode_id(Prefix.PROJECT, owner.project_id), "deviceId": heartbeat}
    await told(owner, "GET", "/api/me", by=admin)
    before = await contents()

    for route in DASHMON.routes:
        if route.body is not None:
            path = route.path.format_map({**known, "projectId": known["id"]})
            headers = {**admin.headers, "Content-Type": "application/json"}
            answer = await owner.client.request(route.method, path, content=content, headers=headers)
            assert answer.status_code == status, (route.template, answer.text)
            assert answer.json()["error"] == ("invalid_input" if status == 400 else "payload_too_large")

    assert await contents() == before


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PATCH", "/api/projects", "GET, POST"),
        ("GET", "/api/devices/refresh-all", "POST"),
        ("DELETE", "/api/devices/refresh-all", "POST"),
        ("POST", "/api/tags", "GET"),
        ("OPTIONS", "/api/projects/prj_1", "DELETE, PUT"),
    ],
)
async def test_a_method_that_a_path_lacks_is_told(owner, method, path, allowed) -> None:
    answer = await ask(owner, method, path)

    assert (answer.status_code, answer.json()["error"]) == (405, "method_not_allowed")
    assert answer.headers["allow"] == allowed


async def test_what_is_not_served_yet_is_not_found(owner) -> None:
    with ROUTES.open(newline="") as lines:
        rows = [row for row in csv.DictReader(lines, delimiter="\t") if row["dialect"] == "dashmon"]
    served = {route.path for route in DASHMON.routes}
    absent = [row for row in rows if row["path"] not in served]
    assert len(absent) == 25
    for row in absent:
        assert await refusal(owner, row["method"], row["path"]) == (404, "not_found")
