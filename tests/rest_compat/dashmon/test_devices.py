"""Dashmon's devices, and the same in GraphQL."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.ids import Prefix, decode_id, encode_id
from tests.rest_compat.dashmon.asking import ask, refusal, told

IN_GRAPHQL = """query ($id: ID!) { monitor(id: $id) { id name kind target status statusSince paused flapping
  intervalSeconds timeoutSeconds createdAt updatedAt project { id } tags { name } regions { key }
  lastCheck { checkedAt responseTimeMs error }
  probe { ... on HttpProbeConfig { url method acceptedStatuses degradedAboveMs }
    ... on HeartbeatProbeConfig { intervalSeconds graceSeconds } } } }"""
SHOP = {"name": "The shop", "url": "https://shop.example.org/", "interval": 60, "tags": ["Shop", "eu"]}


def devices_of(owner) -> str:
    return f"/api/projects/{encode_id(Prefix.PROJECT, owner.project_id)}/devices"


async def assert_is_that_of_graphql(owner, device) -> None:
    expected = (await owner.data(IN_GRAPHQL, id=device["id"]))["monitor"]
    last = expected["lastCheck"] or {"checkedAt": None, "responseTimeMs": None, "error": None}
    probe = expected["probe"]
    synthetic = device.pop("synthetic")
    if expected["kind"] == "http":
        assert synthetic["expectedStatuses"] == probe["acceptedStatuses"]
        assert synthetic["latencyLimitMs"] == probe["degradedAboveMs"]
    else:
        assert (synthetic, device["interval"]) == (None, probe["intervalSeconds"])
    assert device == {
        "url": probe.get("url"),
        "grace": probe.get("graceSeconds"),
        "config": None,
        "id": expected["id"],
        "projectId": expected["project"]["id"],
        "name": expected["name"],
        "type": expected["kind"],
        "target": expected["target"],
        "status": expected["status"].lower(),
        "statusSince": expected["statusSince"],
        "paused": expected["paused"],
        "flapping": expected["flapping"],
        "interval": expected["intervalSeconds"],
        "timeout": expected["timeoutSeconds"],
        "regions": [region["key"] for region in expected["regions"]],
        "tags": [tag["name"] for tag in expected["tags"]],
        "lastCheckedAt": last["checkedAt"],
        "responseTimeMs": last["responseTimeMs"],
        "lastError": last["error"],
        "createdAt": expected["createdAt"],
        "updatedAt": expected["updatedAt"],
    }


async def test_a_device_is_made_and_shown_as_graphql_shows_it(owner) -> None:
    made = await told(owner, "POST", devices_of(owner), SHOP, status=201)
    assert (made["type"], made["interval"], made["timeout"]) == ("http", 60, 30)
    assert (made["status"], made["regions"], made["tags"]) == ("pending", ["local"], ["eu", "Shop"])
    key = decode_id(Prefix.MONITOR, made["id"])
    assert key is not None
    await owner.add_checks(key, [timedelta(minutes=1)], status=3, error="503 Service Unavailable")

    shown = await told(owner, "GET", f"{devices_of(owner)}/{made['id']}")

    assert shown["lastError"] == "503 Service Unavailable"
    await assert_is_that_of_graphql(owner, shown)


async def test_a_heartbeat_is_made_with_its_interval_and_grace(owner, contents) -> None:
    body = {"name": "Nightly", "type": "heartbeat", "interval": 600, "grace": 30}

    made = await told(owner, "POST", devices_of(owner), body, status=201)

    assert (made["interval"], made["grace"], made["regions"]) == (600, 30, [])
    before = await contents()
    same = {name: made[name] for name in ("name", "projectId", "interval", "grace", "tags")}
    assert await told(owner, "PUT", f"/api/devices/{made['id']}", same) == made
    assert await contents() == before
    await assert_is_that_of_graphql(owner, made)


async def test_an_update_changes_what_it_names_and_keeps_the_rest_secrets_too(owner) -> None:
    headers = [{"name": "X-Key", "value": "s3cret"}]
    config = {
        "url": "https://shop.example.org/",
        "method": "HEAD",
        "headers": headers,
        "degradedAboveMs": 700,
    }
    monitor_id = await owner.add_monitor("The shop", config=config)
    await owner.insert("monitor_regions", monitor_id=monitor_id, workspace_id=owner.workspace_id, region_id=1)
    project_id = encode_id(Prefix.PROJECT, await owner.add_project("Other"))
    path = f"/api/devices/{encode_id(Prefix.MONITOR, monitor_id)}"

    body = {
        "name": "Store",
        "url": "https://store.example.org/",
        "interval": 90,
        "tags": ["eu"],
        "projectId": project_id,
    }
    changed = await told(owner, "PUT", path, body)

    (row,) = await owner.fetch("SELECT config FROM monitors WHERE id = $1", monitor_id)
    stored = row["config"]
    assert (stored["url"], stored["method"], stored["headers"], stored["degradedAboveMs"]) == (
        "https://store.example.org/",
        "HEAD",
        headers,
        700,
    )
    assert "s3cret" not in str(changed)
    assert (changed["name"], changed["interval"], changed["tags"]) == ("Store", 90, ["eu"])
    await assert_is_that_of_graphql(owner, changed)
    assert await told(owner, "PUT", path, {"tags": None}) == {
        **await told(owner, "PUT", path, {}),
        "tags": [],
    }


async def test_a_device_is_deleted_and_graphql_finds_none(owner) -> None:
    made = await told(owner, "POST", devices_of(owner), SHOP, status=201)

    assert await told(owner, "DELETE", f"/api/devices/{made['id']}") == {"id": made["id"], "deleted": True}

    assert (await owner.data(IN_GRAPHQL, id=made["id"]))["monitor"] is None
    assert await refusal(owner, "DELETE", f"/api/devices/{made['id']}") == (404, "not_found")


async def test_what_graphql_changes_is_shown_here(owner) -> None:
    made = await told(owner, "POST", devices_of(owner), SHOP, status=201)
    rename = 'mutation ($id: ID!) { updateMonitor(input: {id: $id, name: "Store"}) { userErrors { code } } }'
    await owner.data(rename, id=made["id"])
    await owner.data(
        "mutation ($id: ID!) { pauseMonitor(input: {id: $id}) { userErrors { code } } }", id=made["id"]
    )

    shown = await told(owner, "GET", f"{devices_of(owner)}/{made['id']}")

    assert (shown["name"], shown["paused"]) == ("Store", True)
    await assert_is_that_of_graphql(owner, shown)


@pytest.mark.parametrize(
    ("body", "paths"),
    [
        ({}, [["name"]]),
        ({"name": "x"}, [["url"]]),
        ({"name": "", "url": "ftp://x", "interval": 1}, [["interval"], ["name"], ["url"]]),
        ({"name": "x", "url": "https://x.example", "timeout": 90, "interval": 60}, [["timeout"]]),
        ({"name": "x", "url": "https://x.example", "interval": -1}, [["interval"]]),
        ({"name": "x", "url": "https://x.example", "interval": "60"}, [["interval"]]),
        ({"name": "x", "url": "https://x.example", "regions": ["locl"]}, [["regions", "0"]]),
        ({"name": "x", "url": "https://x.example", "tags": [""]}, [["tags", "0"]]),
        ({"name": "x", "url": "https://x.example", "grace": 3}, [["grace"]]),
        ({"name": "x", "type": "dns", "url": "https://x.example"}, [["type"]]),
        ({"name": "x", "type": "heartbeat"}, [["interval"]]),
        ({"name": "x", "type": "heartbeat", "interval": 60, "url": "https://x.example"}, [["url"]]),
        ({"name": "x", "type": "heartbeat", "interval": 60, "grace": 999_999}, [["grace"]]),
        ({"name": "x", "url": "https://x.example", "colour": "red"}, [["colour"]]),
    ],
)
async def test_all_that_is_wrong_with_a_device_is_told_in_its_own_names_and_nothing_is_stored(
    owner, contents, body, paths
) -> None:
    await told(owner, "GET", "/api/me")
    before = await contents()

    answer = await ask(owner, "POST", devices_of(owner), body)

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_input")
    assert sorted(issue["path"] for issue in answer.json()["issues"]) == paths
    assert all(issue["message"].startswith(".".join(issue["path"])) for issue in answer.json()["issues"])
    assert "probe" not in answer.text
    assert await contents() == before


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"name": None}, 400),
        ({"url": None}, 400),
        ({"url": "nonsense"}, 400),
        ({"grace": 7}, 400),
        ({"type": "heartbeat"}, 400),
        ({"projectId": "prj_unknown"}, 400),
        ({"interval": 4}, 400),
    ],
)
async def test_an_update_that_cannot_be_leaves_the_device_as_it_was(owner, contents, body, status) -> None:
    made = await told(owner, "POST", devices_of(owner), SHOP, status=201)
    before = await contents()

    assert await refusal(owner, "PUT", f"/api/devices/{made['id']}", body) == (status, "invalid_input")

    assert await contents() == before


async def test_a_device_of_another_project_is_not_found_below_this_one(owner) -> None:
    other = encode_id(Prefix.PROJECT, await owner.add_project("Other"))
    made = await told(owner, "POST", devices_of(owner), SHOP, status=201)

    assert await refusal(owner, "GET", f"/api/projects/{other}/devices/{made['id']}") == (404, "not_found")


async def test_a_device_of_a_kind_that_cannot_be_made_here_is_shown_and_renamed(owner) -> None:
    monitor_id = await owner.add_monitor("Elsewhere", kind="carrier-pigeon", config={"ring": "s3cret"})
    public_id = encode_id(Prefix.MONITOR, monitor_id)
    await owner.insert("monitor_regions", monitor_id=monitor_id, workspace_id=owner.workspace_id, region_id=1)

    renamed = await told(owner, "PUT", f"/api/devices/{public_id}", {"name": "Pigeon"})

    assert (renamed["name"], renamed["type"], renamed["config"]) == ("Pigeon", "carrier-pigeon", {})
    assert await refusal(owner, "PUT", f"/api/devices/{public_id}", {"url": "https://x.example"}) == (
        400,
        "invalid_input",
    )
