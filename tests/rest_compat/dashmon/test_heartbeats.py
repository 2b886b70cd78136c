"""Heartbeats: their settings, and the receiver that jobs ping."""

from __future__ import annotations

import pytest

from core.access.principal import Role
from core.bounded_body import MOST_BODY_BYTES
from core.ids import Prefix, encode_id
from core.moments import write_moment
from tests.graphql_schema.personas import signed_in
from tests.rest_compat.dashmon.asking import refusal, told

IN_GRAPHQL = "query ($id: ID!) { monitor(id: $id) { intervalSeconds heartbeat { pingUrl lastPingAt expectedBy graceSeconds } } }"


async def job(owner) -> tuple[str, str]:
    device_id = encode_id(Prefix.MONITOR, await owner.add_heartbeat("Nightly", token="t0ken"))
    return device_id, f"/api/devices/{device_id}/heartbeat-config"


async def test_the_settings_are_those_of_graphql_with_the_address_of_this_api(owner) -> None:
    device_id, path = await job(owner)

    shown = await told(owner, "GET", path)

    monitor = (await owner.data(IN_GRAPHQL, id=device_id))["monitor"]
    heartbeat = monitor["heartbeat"]
    assert shown == {
        "deviceId": device_id,
        "interval": monitor["intervalSeconds"],
        "grace": heartbeat["graceSeconds"],
        "token": "t0ken",
        "webhookUrl": "https://tocsin.example.org/api/incoming/heartbeat/t0ken",
        "lastPingAt": heartbeat["lastPingAt"],
        "expectedBy": heartbeat["expectedBy"],
    }
    assert heartbeat["pingUrl"].endswith("/t0ken")


async def test_who_may_not_write_sees_the_settings_without_the_address(owner) -> None:
    _, path = await job(owner)
    viewer = await signed_in(owner, Role.VIEWER)

    shown = await told(owner, "GET", path, by=viewer)

    assert (shown["interval"], shown["token"], shown["webhookUrl"]) == (600, None, None)


async def test_interval_grace_and_token_are_saved_together_or_apart(owner, contents) -> None:
    device_id, path = await job(owner)

    changed = await told(owner, "PUT", path, {"interval": 900, "grace": 60})
    assert (changed["interval"], changed["grace"], changed["token"]) == (900, 60, "t0ken")
    other = await told(owner, "PUT", path, {"regenerateToken": True})
    assert (other["interval"], other["grace"]) == (900, 60)
    assert other["token"] != "t0ken"
    both = await told(owner, "PUT", path, {"grace": None, "regenerateToken": True})
    assert (both["interval"], both["grace"]) == (900, 300)
    assert both["token"] not in ("t0ken", other["token"])
    before = await contents()
    assert await told(owner, "PUT", path, {}) == both
    assert await told(owner, "PUT", path, {name: both[name] for name in ("interval", "grace")}) == both
    assert await contents() == before
    monitor = (await owner.data(IN_GRAPHQL, id=device_id))["monitor"]
    assert (monitor["intervalSeconds"], monitor["heartbeat"]["graceSeconds"]) == (900, 300)
    assert monitor["heartbeat"]["pingUrl"].endswith(both["token"])


@pytest.mark.parametrize(
    "body",
    [
        {"interval": 0, "regenerateToken": True},
        {"interval": None},
        {"grace": 100_000, "regenerateToken": True},
        {"regenerateToken": "yes"},
        {"cron": "* * * * *"},
    ],
)
async def test_settings_that_cannot_be_leave_all_as_it_was_the_address_too(owner, contents, body) -> None:
    _, path = await job(owner)
    await told(owner, "GET", "/api/me")
    before = await contents()

    assert await refusal(owner, "PUT", path, body) == (400, "invalid_input")

    assert await contents() == before


async def test_settings_are_not_changed_where_the_token_cannot_be(owner, contents) -> None:
    _, path = await job(owner)
    await told(owner, "GET", path)
    await owner.fetch("DELETE FROM heartbeats")
    before = await contents()

    body = {"interval": 900, "regenerateToken": True}
    assert await refusal(owner, "PUT", path, body) == (404, "not_found")

    assert await contents() == before


async def test_a_device_that_is_no_heartbeat_is_a_conflict(owner, contents) -> None:
    path = f"/api/devices/{encode_id(Prefix.MONITOR, await owner.add_monitor())}/heartbeat-config"
    await told(owner, "GET", "/api/me")
    before = await contents()

    for method, body in (
        ("GET", None),
        ("PUT", {}),
        ("PUT", {"grace": 1}),
        ("PUT", {"regenerateToken": True}),
    ):
        assert await refusal(owner, method, path, body) == (409, "conflict")

    assert await contents() == before


@pytest.mark.parametrize(
    ("content", "content_type", "message"),
    [
        (b"", None, None),
        (b'{"message": "backed up 3 GB"}', "application/json", "backed up 3 GB"),
        (b"a=1", "application/x-www-form-urlencoded", "a=1"),
        (b"[1, 2", "application/json", "[1, 2"),
        (b"\xff", "text/plain", "\ufffd"),
    ],
)
async def test_a_ping_is_taken_whatever_its_body_says_and_is_there_for_graphql(
    owner, content, content_type, message
) -> None:
    device_id, _ = await job(owner)
    headers = {} if content_type is None else {"Content-Type": content_type}

    answer = await owner.client.post("/api/incoming/heartbeat/t0ken", content=content, headers=headers)

    assert (answer.status_code, answer.json()) == (200, {"received": True})
    events = "query ($id: ID!) { monitor(id: $id) { heartbeat { events { nodes { kind message at } } } } }"
    (event,) = (await owner.data(events, id=device_id))["monitor"]["heartbeat"]["events"]["nodes"]
    assert event == {"kind": "SUCCESS", "message": message, "at": write_moment(owner.now)}


async def test_pings_that_are_not_taken_are_told_why_and_not_stored(owner, contents) -> None:
    await job(owner)
    before = await contents()
    for token in ("unknown", "t0ke", "%00", "t0ken%20", "x" * 3_000):
        answer = await owner.client.post(f"/api/incoming/heartbeat/{token}")
        assert (answer.status_code, answer.json()["error"]) == (404, "not_found")
    large = await owner.client.post("/api/incoming/heartbeat/t0ken", content=b"x" * (MOST_BODY_BYTES + 1))
    assert (large.status_code, large.json()["error"]) == (413, "payload_too_large")
    wrong = await owner.client.get("/api/incoming/heartbeat/t0ken")
    assert (wrong.status_code, wrong.headers["allow"]) == (405, "POST")
    assert await contents() == before


async def test_too_many_pings_are_asked_to_wait(owner) -> None:
    await job(owner)
    path = "/api/incoming/heartbeat/t0ken"
    answers = [await owner.client.post(path) for _ in range(200)]

    refused = [answer for answer in answers if answer.status_code != 200]
    assert refused
    assert {(answer.status_code, answer.json()["error"]) for answer in refused} == {(429, "rate_limited")}
    assert int(refused[-1].headers["retry-after"]) >= 1


async def test_another_token_makes_the_old_address_unknown(owner) -> None:
    _, path = await job(owner)
    other = await told(owner, "PUT", path, {"regenerateToken": True})

    assert (await owner.client.post("/api/incoming/heartbeat/t0ken")).status_code == 404
    address = other["webhookUrl"].removeprefix("https://tocsin.example.org")
    assert (await owner.client.post(address)).status_code == 200
