"""What one principal, one workspace and one address may hold open over both transports, and what runs on one of them."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import websockets

from core import live_connections
from graphql_schema.live import transport_ws
from tests.graphql_schema.live.clients import Api, Socket

MONITORS = "subscription { monitorChanged { change } }"
TRY_AGAIN_LATER = 1013


@pytest.fixture
def three_each(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everybody may hold three connections open."""
    monkeypatch.setattr(live_connections, "MOST_CONNECTIONS_EACH", 3)


@pytest.mark.usefixtures("three_each")
async def test_a_principal_holds_so_many_connections_over_both_transports_and_others_as_many(
    api: Api, owner: Any
) -> None:
    other = await owner.add_token()
    async with contextlib.AsyncExitStack() as stack:
        for _ in range(2):
            await stack.enter_async_context(api.socket(owner.secret))
        own = await stack.enter_async_context(api.events(owner.secret, MONITORS))
        await own.begun()

        assert await _refused_socket(api, owner.secret) == TRY_AGAIN_LATER
        assert await _refused_events(api, owner.secret) == (429, "OVER_LIMIT")
        await stack.enter_async_context(api.socket(other.secret))
        others = await stack.enter_async_context(api.events(other.secret, MONITORS))
        await others.begun()


async def test_the_tokens_of_a_workspace_hold_so_many_together_and_those_of_another_as_many(
    api: Api, owner: Any, stranger: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_connections, "MOST_CONNECTIONS_OF_A_WORKSPACE", 2)
    other = await owner.add_token()
    async with contextlib.AsyncExitStack() as stack:
        await stack.enter_async_context(api.socket(owner.secret))
        own = await stack.enter_async_context(api.events(other.secret, MONITORS))
        await own.begun()

        third = await owner.add_token()
        assert await _refused_socket(api, third.secret) == TRY_AGAIN_LATER
        assert await _refused_events(api, third.secret) == (429, "OVER_LIMIT")
        await stack.enter_async_context(api.socket(stranger.secret))


async def test_those_of_one_address_who_wait_to_be_acknowledged_leave_places_to_others(
    start_api: Callable[..., Awaitable[Api]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_connections, "MOST_GUESTS_OF_AN_ADDRESS", 2)
    api = await start_api(trusted_proxies="127.0.0.1")
    async with contextlib.AsyncExitStack() as stack:
        for forged in ("192.0.2.1", "192.0.2.2"):
            await stack.enter_async_context(_from(api, f"{forged}, 203.0.113.5"))
        with pytest.raises(websockets.InvalidStatus) as refused:
            await stack.enter_async_context(_from(api, "203.0.113.5"))
        assert refused.value.response.status_code == 429
        await stack.enter_async_context(_from(api, "203.0.113.6"))


async def test_whoever_is_no_trusted_proxy_speaks_for_himself_alone(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_connections, "MOST_GUESTS_OF_AN_ADDRESS", 1)
    async with _from(api, "203.0.113.5"):
        with pytest.raises(websockets.InvalidStatus) as refused:
            await _from(api, "203.0.113.6")
    assert refused.value.response.status_code == 429


@pytest.mark.usefixtures("three_each")
async def test_a_connection_that_ended_makes_room_for_another(api: Api, owner: Any) -> None:
    for _ in range(3):
        async with contextlib.AsyncExitStack() as stack:
            for _ in range(2):
                await stack.enter_async_context(api.socket(owner.secret))
            own = await stack.enter_async_context(api.events(owner.secret, MONITORS))
            await own.begun()
        async with asyncio.timeout(30):
            while api.services.live._open:
                await asyncio.sleep(0.01)


async def test_one_connection_runs_so_many_operations_and_tells_which_is_too_many(
    api: Api, owner: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport_ws, "MOST_OPERATIONS", 2)
    async with api.socket(owner.secret) as socket:
        for identifier in ("1", "2", "3"):
            await socket.subscribe(MONITORS, identifier)

        refused = await socket.hear()
        assert (refused["type"], refused["id"]) == ("error", "3")
        assert [error["extensions"]["code"] for error in refused["payload"]] == ["OVER_LIMIT"]

        await socket.send(id="1", type="complete")
        await socket.subscribe("{ __typename }", "4")
        assert await socket.next() == "Query"


def _from(api: Api, forwarded_for: str) -> Any:
    """Return a WebSocket to be entered that came through a proxy."""
    return api.connect(additional_headers={"X-Forwarded-For": forwarded_for})


async def _refused_socket(api: Api, secret: str) -> int:
    async with api.connect() as connection:
        socket = Socket(connection)
        await socket.send(type="connection_init", payload={"token": secret})
        code, _ = await socket.closed()
        return code


async def _refused_events(api: Api, secret: str) -> tuple[int, str]:
    async with api.events(secret, MONITORS) as events:
        await events.response.aread()
        [error] = events.response.json()["errors"]
        return events.response.status_code, error["extensions"]["code"]
