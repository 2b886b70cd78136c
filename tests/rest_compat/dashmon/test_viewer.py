"""Who asks, and in which workspace: himself, his permissions, and a change of workspace."""

from __future__ import annotations

import pytest

from core.access.plans import Capability, Plan
from core.access.principal import Grant, Role, TokenPermission, TokenScope
from core.ids import Prefix, encode_id, new_id
from tests.graphql_schema.personas import signed_in
from tests.rest_compat.dashmon.asking import ask, book, refusal, told

IN_GRAPHQL = """{ viewer { role user { id email name image timezone language }
  projectScope { id } workspaces { id name owner { id } }
  workspace { id name plan isPremium writeLocked owner { id }
    limits { monitors members minIntervalSeconds requestsPerHour retentionDays } } } }"""


def workspace_of(node) -> dict[str, str]:
    return {"id": node["id"], "name": node["name"], "ownerUserId": node["owner"]["id"]}


def standing_of(workspace) -> dict[str, object]:
    limits = dict(workspace["limits"])
    return {
        "workspace": workspace_of(workspace),
        "plan": workspace["plan"].lower(),
        "isPremium": workspace["isPremium"],
        "writeLocked": workspace["writeLocked"],
        "limits": {"devices": limits.pop("monitors"), **limits},
    }


async def test_me_is_graphqls_viewer_for_a_session_and_for_a_token(owner) -> None:
    person = await signed_in(owner, Role.MEMBER)
    for by, auth in ((person, "session"), (None, "bearer")):
        shown = await told(owner, "GET", "/api/me", by=by)
        answer = await (owner.ask(IN_GRAPHQL) if by is None else by.ask(owner, IN_GRAPHQL))
        viewer = answer.data["viewer"]
        assert shown == {
            "user": viewer["user"],
            "role": viewer["role"].lower(),
            "auth": auth,
            "lockReason": None,
            **standing_of(viewer["workspace"]),
        }


async def test_a_write_lock_is_told_with_its_reason(owner) -> None:
    person = await signed_in(owner, Role.OWNER)
    await owner.add_monitors([str(number) for number in range(11)])
    await book(owner, Plan.FREE)

    shown = await told(owner, "GET", "/api/me", by=person)

    reason = "it has more than the 10 devices of the plan FREE"
    assert (shown["plan"], shown["isPremium"], shown["writeLocked"], shown["lockReason"]) == (
        "free",
        False,
        True,
        reason,
    )


async def test_the_permission_foundation_tells_role_scope_permissions_and_capabilities(
    owner, stranger
) -> None:
    project_id = await owner.add_project("Zoo")
    admin = await signed_in(owner, Role.ADMIN)
    keeper = await signed_in(owner, Role.MEMBER, confined_to=[project_id])
    assert admin.principal is not None
    await stranger.add_member(admin.principal.user_id, Role.VIEWER)

    for by in (admin, keeper):
        shown = await told(owner, "GET", "/api/user/permission-foundation", by=by)
        viewer = (await by.ask(owner, IN_GRAPHQL)).data["viewer"]
        in_sight = viewer["projectScope"]
        assert shown["scope"] == {
            "type": "workspace" if in_sight is None else "projects",
            "projectIds": None if in_sight is None else [project["id"] for project in in_sight],
        }
        assert {name: shown[name] for name in standing_of(viewer["workspace"])} == standing_of(
            viewer["workspace"]
        )
        assert shown["workspaces"] == [workspace_of(each) for each in viewer["workspaces"]]
        assert shown["role"] == viewer["role"].lower()
        assert shown["capabilities"] == {each.name.lower(): True for each in Capability}
    assert shown["permissions"] == {
        **{scope.value.lower(): None for scope in TokenScope},
        "uptime_checks": "delete",
        "incidents": "delete",
        "notifications": "read",
        "analytics": "read",
    }
    assert len((await told(owner, "GET", "/api/user/permission-foundation", by=admin))["workspaces"]) == 2


async def test_on_a_free_plan_no_capability_is_there(owner) -> None:
    await book(owner, Plan.FREE)
    person = await signed_in(owner, Role.OWNER)

    shown = await told(owner, "GET", "/api/user/permission-foundation", by=person)

    assert shown["capabilities"] == {each.name.lower(): False for each in Capability}


@pytest.mark.parametrize(
    ("field", "named"),
    [("ownerUserId", "owner"), ("ownerUserId", "workspace"), ("workspaceId", "workspace")],
)
async def test_the_sessions_next_requests_work_in_the_workspace_that_was_selected(
    owner, stranger, field, named
) -> None:
    person = await signed_in(owner, Role.ADMIN)
    assert person.principal is not None
    await stranger.add_member(person.principal.user_id, Role.VIEWER)
    ids = {
        "owner": encode_id(Prefix.USER, stranger.user_id),
        "workspace": encode_id(Prefix.WORKSPACE, stranger.workspace_id),
    }

    moved = await told(owner, "POST", "/api/user/account-context", {field: ids[named]}, by=person)

    assert (moved["role"], moved["workspace"]["id"]) == ("viewer", ids["workspace"])
    assert await told(owner, "GET", "/api/me", by=person) == moved
    viewer = (await person.ask(owner, IN_GRAPHQL)).data["viewer"]
    assert viewer["workspace"]["id"] == ids["workspace"]
    assert await refusal(owner, "POST", "/api/projects", {"name": "x"}, by=person) == (
        403,
        "project_write_forbidden",
    )


async def test_a_workspace_in_which_one_has_no_place_is_forbidden_like_none_and_nothing_changes(
    owner, stranger, contents
) -> None:
    person = await signed_in(owner, Role.OWNER)
    before_asking = await told(owner, "GET", "/api/me", by=person)
    before = await contents()
    bodies = [
        {"ownerUserId": encode_id(Prefix.USER, stranger.user_id)},
        {"ownerUserId": encode_id(Prefix.USER, new_id(owner.now))},
        {"ownerUserId": "workspace_owner"},
        {"ownerUserId": ""},
        {"ownerUserId": encode_id(Prefix.WORKSPACE, stranger.workspace_id)},
        {"ownerUserId": encode_id(Prefix.WORKSPACE, new_id(owner.now))},
        {"workspaceId": encode_id(Prefix.WORKSPACE, stranger.workspace_id)},
        {"workspaceId": encode_id(Prefix.WORKSPACE, new_id(owner.now))},
        {"workspaceId": "x" * 3_000},
    ]

    answers = {
        (answer.status_code, answer.text)
        for body in bodies
        for answer in [await ask(owner, "POST", "/api/user/account-context", body, headers=person.headers)]
    }

    assert [status for status, _ in answers] == [403]
    assert '"account_context_forbidden"' in answers.pop()[1]
    for bad in ({}, {"ownerUserId": "a", "workspaceId": "b"}, {"ownerUserId": 7}, {"owner": "x"}):
        assert await refusal(owner, "POST", "/api/user/account-context", bad, by=person) == (
            400,
            "invalid_input",
        )
    assert await contents() == before
    assert await told(owner, "GET", "/api/me", by=person) == before_asking


async def test_routes_of_sessions_are_closed_to_tokens(owner, contents) -> None:
    await told(owner, "GET", "/api/me")
    before = await contents()
    for method, path, body in (
        ("GET", "/api/user/permission-foundation", None),
        ("POST", "/api/user/account-context", {"ownerUserId": encode_id(Prefix.USER, owner.user_id)}),
        ("GET", "/api/user/team-invitations", None),
        ("POST", "/api/user/team-invitations", {"email": "grace@example.org"}),
        ("POST", "/api/user/team-invitations/inv_1/cancel", None),
        ("POST", "/api/user/team-invitations/accept", {"token": "x"}),
    ):
        assert await refusal(owner, method, path, body) == (401, "unauthenticated")
    assert await contents() == before


async def test_a_change_that_another_sites_page_sends_with_the_cookie_is_refused(owner, contents) -> None:
    person = await signed_in(owner, Role.OWNER)
    await told(owner, "GET", "/api/me", by=person)
    before = await contents()
    elsewhere = {**person.headers, "Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}

    answer = await ask(owner, "POST", "/api/projects", {"name": "x"}, headers=elsewhere)
    form = await owner.client.post(
        "/api/projects", content=b'{"name": "x"}', headers={**person.headers, "Content-Type": "text/plain"}
    )

    assert (answer.status_code, answer.json()["error"]) == (403, "forbidden")
    assert (form.status_code, form.json()["error"]) == (400, "invalid_input")
    assert await contents() == before


async def test_preferences_are_those_of_the_profile(owner) -> None:
    person = await signed_in(owner, Role.VIEWER)
    profile = "{ viewer { user { timezone language smsOptIn } } }"
    for by in (person, None):
        changed = await told(
            owner, "PUT", "/api/user/preferences/timezone", {"timezone": "Europe/Berlin"}, by=by
        )
        assert changed == await told(owner, "GET", "/api/user/preferences", by=by)
        answer = await (owner.ask(profile) if by is None else by.ask(owner, profile))
        assert changed == answer.data["viewer"]["user"]
        assert changed["timezone"] == "Europe/Berlin"
    back = await told(owner, "PUT", "/api/user/preferences/timezone", {"timezone": None})
    assert back["timezone"] == "UTC"
    for body in ({}, {"timezone": "Mars"}, {"timezone": 1}, {"timeZone": "UTC"}):
        assert await refusal(owner, "PUT", "/api/user/preferences/timezone", body) == (400, "invalid_input")


async def test_a_token_that_nobody_made_has_no_preferences(owner) -> None:
    reader = await owner.add_token(Grant(scope=TokenScope.ACCOUNT, permission=TokenPermission.WRITE))
    await owner.fetch("UPDATE api_tokens SET created_by = NULL WHERE created_by = $1", reader.user_id)
    answer = await ask(reader, "GET", "/api/user/preferences")

    assert answer.status_code in (401, 404)
