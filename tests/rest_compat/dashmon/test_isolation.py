"""Every route with an id: another workspace's is like none, and what is out of sight is forbidden."""

from __future__ import annotations

import re
from typing import Any

import pytest

from core.access.principal import Role
from core.ids import Prefix, encode_id, new_id
from rest_compat.dashmon.dialect import DASHMON
from rest_compat.route import Route
from tests.graphql_schema.personas import signed_in
from tests.graphql_schema.samples import World
from tests.rest_compat.dashmon.asking import ask, told
from tests.rest_compat.dashmon.samples import REQUESTS

WITH_ID = [route for route in DASHMON.routes if "{" in route.path and "{token}" not in route.path]
MALFORMED = ("mon_", "mon_zzzz", "%20", "x" * 3_000, "%27%20OR%201=1", "mon_%C3%A9", "..%2F")
BULK = "POST /api/devices/tags/bulk"


def replaced(path: str, public_id: str) -> str:
    """Return a path with another id in the place of its last one."""
    return re.sub(r"^(.*/)[a-z]+_[0-9a-z]{26}", rf"\g<1>{public_id}", path)


@pytest.mark.parametrize("route", WITH_ID, ids=lambda route: route.template)
async def test_another_workspaces_id_is_like_an_unknown_and_a_malformed_one(
    owner, stranger, contents, route: Route
) -> None:
    theirs = World(tenant=stranger, project_id=await stranger.add_project("Theirs"))
    path, body = await REQUESTS[route.template](theirs)
    ours, _ = await REQUESTS[route.template](
        World(tenant=owner, project_id=owner.project_id, numbers=theirs.numbers)
    )
    (foreign,) = re.findall(r"[a-z]+_[0-9a-z]{26}", path)[-1:]
    unknown = foreign.partition("_")[0] + "_" + encode_id(Prefix.MONITOR, new_id(owner.now)).partition("_")[2]
    person = await signed_in(owner, Role.OWNER)
    await told(owner, "GET", "/api/me", by=person)
    before = await contents()

    answers = {
        (answer.status_code, answer.text)
        for public_id in (foreign, unknown, *MALFORMED)
        for answer in [
            await ask(owner, route.method, replaced(ours, public_id), body, headers=person.headers)
        ]
    }

    assert len(answers) == 1
    ((status, text),) = answers
    assert (status, '"not_found"' in text) == (404, True)
    assert await contents() == before


async def test_another_workspaces_device_is_not_tagged_beside_ones_own(owner, stranger, contents) -> None:
    own = encode_id(Prefix.MONITOR, await owner.add_monitor())
    foreign = encode_id(Prefix.MONITOR, await stranger.add_monitor())
    await told(owner, "GET", "/api/me")
    before = await contents()

    answers = set()
    for public_id in (foreign, encode_id(Prefix.MONITOR, new_id(owner.now)), "x"):
        body = {"deviceIds": [own, public_id], "action": "add", "tags": ["x"]}
        answer = await ask(owner, "POST", "/api/devices/tags/bulk", body)
        answers.add((answer.status_code, answer.text))

    assert [status for status, _ in answers] == [404]
    assert await contents() == before


async def test_another_workspaces_project_in_a_body_is_like_none(owner, stranger, contents) -> None:
    admin = await signed_in(owner, Role.OWNER)
    device = encode_id(Prefix.MONITOR, await owner.add_monitor())
    foreign = encode_id(Prefix.PROJECT, stranger.project_id)
    await told(owner, "GET", "/api/me", by=admin)
    before = await contents()

    answers = set()
    for public_id in (foreign, encode_id(Prefix.PROJECT, new_id(owner.now)), "x", ""):
        invitation = {"email": "grace@example.org", "projectIds": [public_id]}
        for method, path, body in (
            ("PUT", f"/api/devices/{device}", {"projectId": public_id}),
            ("POST", "/api/user/team-invitations", invitation),
        ):
            answer = await ask(owner, method, path, body, headers=admin.headers)
            answers.add((path, answer.status_code, answer.text))

    assert [status for _, status, _ in answers] == [400, 400]
    assert await contents() == before


async def test_what_a_confined_member_does_not_see_is_forbidden_by_project_or_by_device(
    owner, contents
) -> None:
    zoo = await owner.add_project("Zoo")
    beyond = World(tenant=owner, project_id=await owner.add_project("Offices"))
    keeper = await signed_in(owner, Role.MEMBER, confined_to=[zoo])
    requests: dict[str, tuple[str, Any]] = {
        route.template: await REQUESTS[route.template](beyond) for route in WITH_ID
    }
    requests[BULK] = await REQUESTS[BULK](beyond)
    listed = await told(owner, "GET", "/api/projects", by=keeper)
    before = await contents()

    codes = {}
    for template, (path, body) in requests.items():
        answer = await ask(owner, template.partition(" ")[0], path, body, headers=keeper.headers)
        assert answer.status_code == 403
        codes[template] = answer.json()["error"]

    assert [project["name"] for project in listed["projects"]] == ["Zoo"]
    assert {code for template, code in codes.items() if "/devices" in template} == {
        "device_scope_forbidden",
        "project_scope_forbidden",
    }
    of_projects = {template for template, code in codes.items() if code == "project_scope_forbidden"}
    assert of_projects == {
        "PUT /api/projects/{id}",
        "GET /api/projects/{projectId}/devices/{deviceId}",
        "POST /api/projects/{projectId}/devices",
    }
    assert codes["DELETE /api/projects/{id}"] == "shared_account_write_forbidden"
    inside = encode_id(Prefix.PROJECT, zoo)
    outside = requests["PUT /api/devices/{deviceId}"][0].rpartition("/")[2]
    answer = await ask(owner, "GET", f"/api/projects/{inside}/devices/{outside}", headers=keeper.headers)
    assert (answer.status_code, answer.json()["error"]) == (403, "device_scope_forbidden")
    assert await contents() == before


async def test_a_stranger_who_is_confined_in_his_own_workspace_learns_nothing_of_another(
    owner, stranger
) -> None:
    zoo = await stranger.add_project("Zoo")
    keeper = await signed_in(stranger, Role.MEMBER, confined_to=[zoo])
    device = encode_id(Prefix.MONITOR, await owner.add_monitor())

    for path in (f"/api/devices/{device}/history", f"/api/devices/{device}/latency/percentiles"):
        answer = await ask(stranger, "GET", path, headers=keeper.headers)
        assert (answer.status_code, answer.json()["error"]) == (404, "not_found")
