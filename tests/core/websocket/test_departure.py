"""A connection leaves the server once the server has let go of it, and only if it is clear which one it is."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator

import pytest

from core.websocket import departure
from core.websocket.departure import leave

PATIENCE_SECONDS = 30


class Accepted:
    """A connection as the server holds it, and the request's scope."""

    def __init__(self, listening: socket.socket, client: socket.socket, host: str) -> None:
        port = listening.getsockname()[1]
        client.connect((host, port))
        self.client = client
        self.own, (peer_host, peer_port) = listening.accept()
        # As granian tells it: texts, and the address that it listens at.
        self.scope = {"client": (peer_host, str(peer_port)), "server": ("0.0.0.0", str(port))}


class Noting(asyncio.Protocol):
    """Notes its transport."""

    transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]


def _held() -> list[int]:
    """Return the descriptors of what has left and is open."""
    return [own.fileno() for own in departure._left if own.fileno() >= 0]


@pytest.fixture
def listening() -> Iterator[socket.socket]:
    with socket.create_server(("0.0.0.0", 0)) as server:
        yield server


def _client(port: int = 0) -> socket.socket:
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    client.bind(("127.0.0.1", port))
    return client


async def test_it_waits_until_the_server_has_let_go(listening) -> None:
    accepted = Accepted(listening, _client(), "127.0.0.1")
    leaving = leave(accepted.scope)
    assert leaving is not None
    protocol = Noting()
    handing = asyncio.create_task(leaving.hand_over(protocol))
    for _ in range(10):
        await asyncio.sleep(0)
    assert protocol.transport is None
    accepted.own.close()

    assert await asyncio.wait_for(handing, PATIENCE_SECONDS)
    assert protocol.transport is not None
    protocol.transport.write(b"still here")
    with accepted.client as client:
        assert await asyncio.to_thread(client.recv, 100) == b"still here"
        protocol.transport.close()
        assert await asyncio.to_thread(client.recv, 100) == b""
    assert not _held()


async def test_a_server_that_does_not_let_go_keeps_its_connection(listening, monkeypatch) -> None:
    monkeypatch.setattr(departure, "_LET_GO_SECONDS", 0.05)
    accepted = Accepted(listening, _client(), "127.0.0.1")
    leaving = leave(accepted.scope)
    assert leaving is not None

    assert not await leaving.hand_over(asyncio.Protocol())
    leaving.close()
    assert not _held()
    accepted.own.sendall(b"still here")
    with accepted.client as client, accepted.own:
        assert await asyncio.to_thread(client.recv, 100) == b"still here"


def test_a_connection_that_is_not_this_processs_or_has_left_cannot_leave(listening) -> None:
    accepted = Accepted(listening, _client(), "127.0.0.1")
    leaving = leave(accepted.scope)
    assert leaving is not None
    with accepted.client, accepted.own:
        assert leave({**accepted.scope, "client": ("127.0.0.9", accepted.scope["client"][1])}) is None
        assert leave({**accepted.scope, "client": None}) is None
    assert leave(accepted.scope) is None
    leaving.close()


def test_of_two_connections_from_one_port_to_two_addresses_neither_may_leave(listening) -> None:
    first = Accepted(listening, _client(), "127.0.0.1")
    second = Accepted(listening, _client(first.client.getsockname()[1]), "127.0.0.2")
    with first.client, first.own, second.client, second.own:
        assert leave(first.scope) is None
        assert leave(second.scope) is None
    assert not _held()
