"""Tags of devices, and the same in GraphQL."""

from __future__ import annotations

import pytest

from core.ids import Prefix, encode_id
from tests.rest_compat.dashmon.asking import ask, refusal, told

IN_GRAPHQL = "{ tags { id name monitorCount } monitors { nodes { id tags { name } } } }"


async def test_tags_are_replaced_added_and_removed_as_graphql_sees_it(owner) -> None:
    front, back = (encode_id(Prefix.MONITOR, each) for each in await owner.add_monitors(["Front", "Back"]))

    tagged = await told(owner, "PUT", f"/api/devices/{front}/tags", {"tags": ["shop", "EU", "eu"]})
    assert tagged == {"deviceId": front, "tags": ["EU", "shop"]}
    for action, tags in (("add", ["wood", "eu"]), ("remove", ["shop"]), ("replace", ["last", "eu"])):
        body = {"deviceIds": [front, back, front], "action": action, "tags": tags}
        assert await told(owner, "POST", "/api/devices/tags/bulk", body) == {
            "devices": 2,
            "deviceIds": [front, back],
        }
        listed = await told(owner, "GET", "/api/tags")
        expected = await owner.data(IN_GRAPHQL)
        assert listed["tags"] == [
            {"id": tag["id"], "name": tag["name"], "count": tag["monitorCount"]} for tag in expected["tags"]
        ]
    assert [(tag["name"], tag["count"]) for tag in listed["tags"]] == [("EU", 2), ("last", 2)]
    assert {tuple(tag["name"] for tag in each["tags"]) for each in expected["monitors"]["nodes"]} == {
        ("EU", "last")
    }
    await told(owner, "PUT", f"/api/devices/{front}/tags", {"tags": []})
    assert [tag["count"] for tag in (await told(owner, "GET", "/api/tags"))["tags"]] == [1, 1]


@pytest.mark.parametrize(
    ("body", "paths"),
    [
        ({}, [["action"], ["deviceIds"], ["tags"]]),
        ({"deviceIds": [], "action": "add", "tags": [""]}, [["deviceIds"], ["tags", "0"]]),
        ({"deviceIds": ["DEVICE"], "action": "wipe", "tags": []}, [["action"]]),
        ({"deviceIds": "DEVICE", "action": "add", "tags": "x"}, [["deviceIds"], ["tags"]]),
        ({"deviceIds": ["DEVICE"], "action": "add", "tags": ["x"] * 51}, [["tags"]]),
        ({"deviceIds": ["DEVICE"], "action": "add", "tags": [], "tag": "x"}, [["tag"]]),
    ],
)
async def test_a_bulk_change_that_cannot_be_changes_nothing(owner, contents, body, paths) -> None:
    device_id = encode_id(Prefix.MONITOR, await owner.add_monitor())
    if isinstance(body.get("deviceIds"), list):
        body = {**body, "deviceIds": [device_id for _ in body["deviceIds"]]}
    await told(owner, "GET", "/api/me")
    before = await contents()

    answer = await ask(owner, "POST", "/api/devices/tags/bulk", body)

    assert answer.status_code == 400
    assert sorted(issue["path"] for issue in answer.json()["issues"]) == paths
    unknown = {"deviceIds": [device_id, "mon_unknown"], "action": "replace", "tags": ["x"]}
    assert await refusal(owner, "POST", "/api/devices/tags/bulk", unknown) == (404, "not_found")
    assert await refusal(owner, "PUT", f"/api/devices/{device_id}/tags", {"tags": [" "]}) == (
        400,
        "invalid_input",
    )
    assert await contents() == before
