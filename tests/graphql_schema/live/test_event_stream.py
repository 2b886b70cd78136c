"""Server-sent events, by graphql-sse's distinct connections."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import httpx
import pytest

from core.ids import Prefix, encode_id
from graphql_schema.live import event_stream
from tests.graphql_schema.live.clients import Events

MONITORS = (
    "subscription ($after: String) { monitorChanged(after: $after) { cursor change monitor { name } } }"
)
PAUSE = "mutation ($id: ID!) { pauseMonitor(input: {id: $id}) { userErrors { message } } }"
ACCEPT = {"Accept": "text/event-stream"}


async def _followers(api, count: int) -> None:
    async with asyncio.timeout(30):
        while sum(len(each) for each in api.services.feed._followers.values()) != count:
            await asyncio.sleep(0.01)


async def test_a_subscription_is_told_of_changes(api, owner) -> None:
    monitor = encode_id(Prefix.MONITOR, await owner.add_monitor())
    async with api.events(owner.secret, MONITORS) as events:
        await events.begun()
        await _followers(api, 1)
        async with api.events(owner.secret, PAUSE, id=monitor) as mutation:
            assert await mutation.next() == {"userErrors": []}
            assert await mutation.hear() == ("complete", None)
        change = await events.next()

        assert (change["change"], change["monitor"]) == ("UPDATED", {"name": "A monitor"})
        assert events.response.headers["content-type"].startswith("text/event-stream")


async def test_a_get_may_subscribe_and_query_but_not_change(api, owner) -> None:
    headers = {"Authorization": f"Bearer {owner.secret}", **ACCEPT}
    async with httpx.AsyncClient(base_url=api.url, timeout=30) as client:
        query = {"query": "{ projects { totalCount } }"}
        async with client.stream("GET", "/graphql", params=query, headers=headers) as response:
            assert await Events(response).next() == {"totalCount": 1}
        mutation = {"query": 'mutation { createProject(input: {name: "x"}) { project { id } } }'}
        async with client.stream("GET", "/graphql", params=mutation, headers=headers) as response:
            kind, payload = await Events(response).hear()

    assert kind == "next"
    assert "data" not in payload
    assert (await owner.data("{ projects { totalCount } }"))["projects"]["totalCount"] == 1


async def test_an_invalid_document_and_an_expired_cursor_are_told_in_the_stream(api, owner) -> None:
    for document, variables, code in (
        ("subscription { nothing }", {}, "INVALID_INPUT"),
        (MONITORS, {"after": "nonsense"}, "CURSOR_EXPIRED"),
    ):
        async with api.events(owner.secret, document, **variables) as events:
            kind, payload = await events.hear()
            assert (kind, payload["errors"][0]["extensions"]["code"]) == ("next", code)
            assert await events.hear() == ("complete", None)


async def test_nobody_may_listen_without_a_token(api) -> None:
    async with api.events("wrong", MONITORS) as events:
        assert events.response.status_code == 401
    async with httpx.AsyncClient(base_url=api.url) as client:
        answer = await client.post("/graphql", json={"query": MONITORS}, headers=ACCEPT)
    assert answer.status_code == 401
    assert answer.json()["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


async def test_a_client_that_leaves_is_forgotten(api, owner) -> None:
    async with api.events(owner.secret, MONITORS) as events:
        await events.begun()
        await _followers(api, 1)
    await _followers(api, 0)


async def test_a_quiet_stream_is_kept_alive_by_comments(api, owner) -> None:
    async with api.events(owner.secret, MONITORS) as events:
        await events.begun()
        for connection in tuple(api.services.live._open):
            connection.beat()
        while (line := await events._line()) != ":":
            assert line == ""


async def test_a_token_that_is_forgotten_ends_its_stream(api, owner, clock) -> None:
    reader = await owner.add_token(expires_at=clock.now() + timedelta(minutes=1))
    async with api.events(reader.secret, MONITORS) as events:
        await events.begun()
        clock.advance(61)
        api.services.live.look_again()
        kind, payload = await events.hear()
        assert (kind, payload["errors"][0]["extensions"]["code"]) == ("next", "API_TOKEN_EXPIRED")
        assert await events.hear() == ("complete", None)


async def test_the_end_of_the_server_completes_the_stream(start_api, owner) -> None:
    api = await start_api()
    async with api.events(owner.secret, MONITORS) as events:
        await events.begun()
        ended = asyncio.Event()
        ended.set()
        await api.services.live.run(ended)
        assert await events.hear() == ("complete", None)


@pytest.mark.parametrize("count", [150])
async def test_a_client_that_stops_reading_is_cut_off_without_harm_to_others(
    api, owner, monkeypatch, count
) -> None:
    monkeypatch.setattr(event_stream, "SEND_SECONDS", 0.5)
    monitor_id = await owner.add_monitor("m" * 100_000)
    change = {
        "workspace_id": owner.workspace_id,
        "subject": "MONITOR",
        "subject_id": monitor_id,
        "change": "UPDATED",
        "at": owner.now,
        "status": 1,
    }
    async with (
        api.events(owner.secret, MONITORS) as deaf,
        api.events(owner.secret, MONITORS) as other,
    ):
        await deaf.begun()
        await other.begun()
        await _followers(api, 2)
        await owner.insert_many("events", [change] * count)
        for _ in range(count):
            assert (await other.next())["monitor"]["name"] == "m" * 100_000
        await _followers(api, 1)


async def test_a_stream_is_a_request_and_refused_beyond_the_plan(api, owner) -> None:
    async with api.events(
        owner.secret, "{ workspace { usage(period: HOUR) { used totalRequests } } }"
    ) as events:
        assert await events.next() == {"usage": {"used": 1, "totalRequests": 1}}

    await owner.fetch("UPDATE workspaces SET plan = 'FREE'")
    await owner.fetch("UPDATE request_quotas SET leased = 1000")
    api.services.authentication.forget()
    async with api.events(owner.secret, MONITORS) as events:
        assert events.response.status_code == 429
        assert events.response.headers["x-ratelimit-remaining"] == "0"
