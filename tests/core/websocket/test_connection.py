"""A WebSocket connection, on a real socket: what its peer may make us do and keep, and when it is cut off."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import tracemalloc
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from core.websocket.allowance import PeerLimits
from core.websocket.connection import WebSocketConnection
from core.websocket.frames import CloseCode, Opcode, encode_close

PATIENCE_SECONDS = 30
MASK = bytes(4)
LIMITS = PeerLimits(message_bytes=100_000, frames_at_once=100, frames_a_second=10_000)
# As good as none: what holds the peer back is something else.
LAVISH = PeerLimits(message_bytes=100_000, frames_at_once=10**9, frames_a_second=10**9)
EMPTY_TEXT = bytes([0x81, 0x80]) + MASK
EMPTY_PING = bytes([0x89, 0x80]) + MASK
PONG = bytes([0x8A, 0x80]) + MASK
FULL_PING = bytes([0x89, 0x80 | 125]) + MASK + b"?" * 125
RESERVED = bytes([0xC1, 0x80]) + MASK
TEXT_BEGINS = bytes([0x01, 0x80]) + MASK
NOTHING_MORE_YET = bytes([0x00, 0x80]) + MASK
TEXT_ENDS = bytes([0x80, 0x81]) + MASK + b"x"


def close_frame(payload: bytes) -> bytes:
    return bytes([0x88, 0x80 | len(payload)]) + MASK + payload


class Heard:
    """A listener that notes in which turn of the loop it heard what."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.each_turn: Counter[int] = Counter()
        self.ended = asyncio.Event()
        self._turn = 0
        self._count_turns()

    def hear(self, text: str) -> None:
        self.texts.append(text)
        self.each_turn[self._turn] += 1

    def end(self) -> None:
        self.ended.set()

    def _count_turns(self) -> None:
        self._turn += 1
        if not self.ended.is_set():
            asyncio.get_running_loop().call_soon(self._count_turns)


class Peer:
    """The other end: a bare socket."""

    def __init__(self, own: socket.socket, connection: WebSocketConnection, heard: Heard) -> None:
        self.own, self.connection, self.heard = own, connection, heard

    async def send(self, data: bytes) -> None:
        async with asyncio.timeout(PATIENCE_SECONDS):
            await asyncio.get_running_loop().sock_sendall(self.own, data)

    async def receive(self, count: int) -> bytes:
        """Return that many bytes."""
        received = b""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while len(received) < count:
                data = await asyncio.get_running_loop().sock_recv(self.own, count - len(received))
                assert data, f"closed after {received!r}"
                received += data
        return received

    async def receive_all(self) -> bytes:
        """Return what comes until the server closes or cuts off."""
        received = b""
        async with asyncio.timeout(PATIENCE_SECONDS):
            with contextlib.suppress(ConnectionResetError):
                while data := await asyncio.get_running_loop().sock_recv(self.own, 65_536):
                    received += data
        return received

    async def gone(self) -> None:
        """Return when the server has let go of the connection."""
        await asyncio.wait_for(self.heard.ended.wait(), PATIENCE_SECONDS)


@pytest.fixture
async def connect() -> AsyncIterator[Callable[..., Awaitable[Peer]]]:
    """`await connect(limits)` connects a peer."""
    peers: list[Peer] = []

    async def open_one(limits: PeerLimits = LIMITS) -> Peer:
        own, other = socket.socketpair()
        own.setblocking(False)
        other.setblocking(False)
        connection, heard = WebSocketConnection(limits), Heard()
        connection.attach(heard)
        await asyncio.get_running_loop().connect_accepted_socket(lambda: connection, other)
        peers.append(Peer(own, connection, heard))
        return peers[-1]

    yield open_one
    for peer in peers:
        peer.own.close()
        if peer.connection._transport is not None:
            peer.connection._transport.abort()
        await peer.gone()


async def _flood(peer: Peer, data: bytes) -> None:
    with contextlib.suppress(OSError):
        await peer.send(data)


async def test_a_flood_of_frames_takes_a_bounded_part_of_each_turn(connect) -> None:
    peer = await connect()
    flood = asyncio.create_task(_flood(peer, EMPTY_TEXT * 2_000))
    async with asyncio.timeout(PATIENCE_SECONDS):
        while len(peer.heard.texts) < 2_000:
            await asyncio.sleep(0)
    await flood

    assert max(peer.heard.each_turn.values()) <= LIMITS.frames_at_once


async def test_a_flood_of_frames_is_heard_no_faster_than_is_allowed(connect) -> None:
    limits = PeerLimits(message_bytes=100, frames_at_once=10, frames_a_second=100)
    loop = asyncio.get_running_loop()
    began = loop.time()
    peer = await connect(limits)
    await peer.send(EMPTY_TEXT * 60)
    async with asyncio.timeout(PATIENCE_SECONDS):
        while len(peer.heard.texts) < 60:
            await asyncio.sleep(0)

    assert loop.time() - began >= (60 - limits.frames_at_once) / limits.frames_a_second


async def test_what_may_not_be_heard_yet_is_not_read(connect) -> None:
    peer = await connect(PeerLimits(message_bytes=100, frames_at_once=10, frames_a_second=100))
    flood = asyncio.create_task(_flood(peer, EMPTY_TEXT * 200_000))
    async with asyncio.timeout(PATIENCE_SECONDS):
        while len(peer.heard.texts) < 30:
            await asyncio.sleep(0)
    flood.cancel()

    assert len(peer.connection._reader._buffer) < 32 * 1024


async def test_long_messages_count_for_more_than_short_ones(connect) -> None:
    limits = PeerLimits(message_bytes=1_000_000, frames_at_once=10, frames_a_second=100)
    loop = asyncio.get_running_loop()
    began = loop.time()
    peer = await connect(limits)
    await peer.send(bytes([0x81, 0xFF]) + (409_600).to_bytes(8) + MASK + b"x" * 409_600 + EMPTY_TEXT)
    async with asyncio.timeout(PATIENCE_SECONDS):
        while len(peer.heard.texts) < 2:
            await asyncio.sleep(0)

    assert [len(text) for text in peer.heard.texts] == [409_600, 0]
    assert loop.time() - began >= 0.9


async def test_after_a_breach_of_the_protocol_nothing_is_kept(connect) -> None:
    peer = await connect(LAVISH)
    flood = RESERVED + b"x" * 20_000_000
    tracemalloc.start()
    try:
        sending = asyncio.create_task(_flood(peer, flood))
        await asyncio.sleep(0)
        before = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        await peer.gone()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    await sending

    assert peak - before < 1_000_000
    assert peer.heard.texts == []


async def test_the_peer_is_told_which_breach_it_was_and_the_connection_ends_as_soon_as_it_leaves(
    connect,
) -> None:
    peer = await connect()
    await peer.send(RESERVED + EMPTY_TEXT)

    told = encode_close(CloseCode.PROTOCOL_ERROR, "no extension was agreed on")
    assert await peer.receive_all() == told
    peer.own.close()
    await peer.gone()
    assert peer.heard.texts == []


async def test_a_peer_that_pings_and_does_not_read_is_read_no_more(connect) -> None:
    peer = await connect(LAVISH)
    many = FULL_PING * 10_000
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(1):
            while True:
                await asyncio.get_running_loop().sock_sendall(peer.own, many)

    assert peer.connection._transport.get_write_buffer_size() < 128 * 1024
    assert len(peer.connection._reader._buffer) < 32 * 1024


async def test_a_peer_that_takes_what_it_was_sent_is_read_again(connect) -> None:
    peer = await connect(LAVISH)
    sending = asyncio.create_task(peer.send(FULL_PING * 20_000))
    async with asyncio.timeout(PATIENCE_SECONDS):
        while peer.connection._room is None:
            await asyncio.sleep(0)
    received = await peer.receive(20_000 * 127)
    await sending

    assert received == (bytes([0x8A, 125]) + b"?" * 125) * 20_000


async def test_a_peer_that_does_not_read_is_cut_off_however_much_it_pings(connect) -> None:
    peer = await connect(LAVISH)
    flood = asyncio.create_task(_flood(peer, FULL_PING * 100_000))
    async with asyncio.timeout(PATIENCE_SECONDS):
        while peer.connection._room is None:
            await asyncio.sleep(0)
    peer.connection.beat()
    peer.connection.beat()

    await peer.gone()
    await flood


async def test_parts_of_a_message_take_no_more_memory_than_their_bytes(connect) -> None:
    peer = await connect(LAVISH)
    await peer.send(TEXT_BEGINS)
    many = NOTHING_MORE_YET * 40_000
    tracemalloc.start()
    try:
        await peer.send(many)
        await peer.send(TEXT_ENDS)
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not peer.heard.texts:
                await asyncio.sleep(0)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert peer.heard.texts == ["x"]
    assert peak < 200_000


async def test_a_peer_that_gives_no_sign_of_life_between_two_beats_is_cut_off(connect) -> None:
    peer = await connect()
    peer.connection.beat()
    assert await peer.receive(2) == bytes([0x89, 0])
    assert not peer.heard.ended.is_set()
    peer.connection.beat()

    await peer.gone()


@pytest.mark.parametrize("sign", [PONG, EMPTY_TEXT, EMPTY_PING, TEXT_BEGINS])
async def test_whatever_a_peer_sends_is_a_sign_of_life(connect, sign) -> None:
    peer = await connect()
    for _ in range(3):
        peer.connection.beat()
        assert (await peer.receive(2))[0] == 0x89
        await peer.send(PONG if peer.heard.texts or sign is TEXT_BEGINS else sign)
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not peer.connection._is_alive:
                await asyncio.sleep(0)
        if sign is EMPTY_PING:
            assert await peer.receive(2) == bytes([0x8A, 0])

    assert not peer.heard.ended.is_set()


async def test_a_peer_that_does_not_answer_a_close_is_cut_off_soon(connect) -> None:
    peer = await connect()
    peer.connection.close(4400, "enough")
    assert await peer.receive_all() == encode_close(4400, "enough")

    await peer.gone()


async def test_a_peer_that_asks_to_close_and_takes_nothing_is_cut_off_soon(connect) -> None:
    peer = await connect(LAVISH)
    async with asyncio.timeout(PATIENCE_SECONDS):
        while peer.connection._room is None:
            peer.connection.send(b"x" * 100_000)
            await asyncio.sleep(0)
    peer.connection.close()

    await peer.gone()


async def test_a_peer_that_answers_a_close_is_let_go_at_once(connect) -> None:
    peer = await connect()
    loop = asyncio.get_running_loop()
    peer.connection.close(4400, "enough")
    peer.connection.send(b"too late")
    await peer.receive(len(encode_close(4400, "enough")))
    began = loop.time()
    await peer.send(EMPTY_TEXT + close_frame((4400).to_bytes(2)))
    assert await peer.receive_all() == b""
    await peer.gone()

    assert loop.time() - began < 2.5
    assert peer.heard.texts == []


@pytest.mark.parametrize("payload", [b"", (1000).to_bytes(2), (4999).to_bytes(2) + b"bye"])
async def test_a_close_of_the_peers_is_answered_with_its_code(connect, payload) -> None:
    peer = await connect()
    await peer.send(close_frame(payload) + EMPTY_TEXT)

    assert await peer.receive_all() == bytes([0x80 | Opcode.CLOSE, len(payload[:2])]) + payload[:2]
    await peer.gone()
    assert peer.heard.texts == []


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        (bytes([0x82, 0x80]) + MASK, CloseCode.UNSUPPORTED_DATA),
        (bytes([0x81, 0x81]) + MASK + b"\xff", CloseCode.INVALID_DATA),
        (close_frame((999).to_bytes(2)), CloseCode.PROTOCOL_ERROR),
        (close_frame((1005).to_bytes(2)), CloseCode.PROTOCOL_ERROR),
        (close_frame((1000).to_bytes(2) + b"\xff"), CloseCode.INVALID_DATA),
    ],
)
async def test_what_may_not_be_sent_is_answered_with_the_breachs_code(connect, sent, code) -> None:
    peer = await connect()
    await peer.send(sent)
    told = await peer.receive_all()

    assert told[:1] == bytes([0x88])
    assert int.from_bytes(told[2:4]) == code


async def test_a_sender_waits_until_the_peer_takes_what_it_was_sent(connect) -> None:
    peer = await connect()
    await peer.connection.drain()
    sent = 0
    async with asyncio.timeout(PATIENCE_SECONDS):
        while peer.connection._room is None:
            peer.connection.send(b"x" * 10_000)
            sent += 1
            await asyncio.sleep(0)
    waiting = asyncio.create_task(peer.connection.drain())
    await asyncio.sleep(0)
    assert not waiting.done()
    await peer.receive(sent * 10_004)

    await asyncio.wait_for(waiting, PATIENCE_SECONDS)
