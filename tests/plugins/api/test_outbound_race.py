"""Several addresses of one name: one where nobody is must not eat the time of the others."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import IPv4Address
from pathlib import Path

import pytest

from plugins.api.outbound import ConnectFailed, Outbound, TimedOut
from plugins.api.outbound.sockets import NEXT_ADDRESS_SECONDS, connect
from tests.plugins.conftest import NameServer, ServeStream

pytestmark = pytest.mark.usefixtures("no_descriptor_is_left_open")

DEAD = IPv4Address("127.0.0.9")
ALSO_DEAD = IPv4Address("127.0.0.10")
ALIVE = IPv4Address("127.0.0.1")


@contextmanager
def full_listener(address: IPv4Address, port: int) -> Iterator[None]:
    """A server whose queue is full, so that connections neither stand nor fail."""
    with socket.socket() as listener, socket.socket() as first, socket.socket() as second:
        listener.bind((str(address), port))
        listener.listen(0)
        for filler in (first, second):
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        yield


async def hold(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    await reader.read()


async def test_an_address_where_nobody_is_costs_a_moment(serve_stream: ServeStream) -> None:
    port = await serve_stream(hold)
    with full_listener(DEAD, port), full_listener(ALSO_DEAD, port):
        began = asyncio.get_running_loop().time()
        connection, address = await connect((DEAD, ALSO_DEAD, ALIVE), port)
        connection.close()

    assert address == ALIVE
    assert asyncio.get_running_loop().time() - began >= 2 * NEXT_ADDRESS_SECONDS * 0.9


async def test_an_address_that_refuses_costs_nothing(serve_stream: ServeStream) -> None:
    port = await serve_stream(hold)

    connection, address = await connect((DEAD, ALSO_DEAD, ALIVE), port)
    connection.close()

    assert address == ALIVE


async def test_an_address_that_is_late_may_still_win(serve_stream: ServeStream) -> None:
    port = await serve_stream(hold)
    with full_listener(ALSO_DEAD, port), socket.socket() as late:
        late.bind((str(DEAD), port))
        late.listen(0)
        fillers = [socket.socket() for _ in range(2)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(late.getsockname())
        racing = asyncio.create_task(connect((DEAD, ALSO_DEAD), port))
        await asyncio.sleep(0)  # its first packet is lost, and is sent again after a second
        for filler in fillers:
            filler.close()
        accepted = [late.accept()[0] for _ in fillers[:1]]
        connection, address = await racing
        for each in (connection, *accepted):
            each.close()

    assert address == DEAD


async def test_a_dead_first_address_leaves_time_for_the_check(
    serve_stream: ServeStream, name_server: NameServer, tmp_path: Path
) -> None:
    port = await serve_stream(hold)
    name_server.records = {("web.test", "A"): [str(DEAD), str(ALIVE)]}
    outbound = Outbound(resolver=name_server.resolver(tmp_path))

    with full_listener(DEAD, port):
        async with await outbound.open_stream("web.test", port, timeout_seconds=30) as stream:
            assert stream.address == ALIVE


async def test_where_all_addresses_refuse_the_reason_is_the_first_ones() -> None:
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))
        port = unheard.getsockname()[1]

        with pytest.raises(ConnectFailed, match=r"^connection refused \(127\.0\.0\.9 port"):
            await connect((DEAD, ALIVE), port)


async def test_a_race_that_nobody_wins_ends_when_the_time_does(
    name_server: NameServer, tmp_path: Path
) -> None:
    name_server.records = {("web.test", "A"): [str(DEAD), str(ALSO_DEAD)]}
    outbound = Outbound(resolver=name_server.resolver(tmp_path))
    with socket.socket() as holder:
        holder.bind(("127.0.0.11", 0))
        port = holder.getsockname()[1]

        with (
            full_listener(DEAD, port),
            full_listener(ALSO_DEAD, port),
            pytest.raises(TimedOut, match="while connecting"),
        ):
            await outbound.open_stream("web.test", port, timeout_seconds=0.6)
