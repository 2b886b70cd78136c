"""Readiness on both kinds of loops: every wait ends when there is data, and none of the loop's turns is spent idly."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable

import pytest
import uvloop

from plugins.api.outbound.readiness import Readiness

Loop = Callable[[], asyncio.AbstractEventLoop]

LOOPS = [asyncio.new_event_loop, uvloop.new_event_loop]


def run_on(loop: Loop, work: Callable[[Readiness, socket.socket, socket.socket], Awaitable[None]]) -> None:
    async def with_a_pair() -> None:
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        readiness = Readiness(ours)
        try:
            async with asyncio.timeout(20):
                await work(readiness, ours, theirs)
        finally:
            readiness.close()
            ours.close()
            theirs.close()

    with asyncio.Runner(loop_factory=loop) as runner:
        runner.run(with_a_pair())


@pytest.mark.parametrize("loop", LOOPS)
def test_each_wait_ends_with_data_however_often(loop: Loop) -> None:
    async def work(readiness: Readiness, ours: socket.socket, theirs: socket.socket) -> None:
        for number in range(20):
            asyncio.get_running_loop().call_soon(theirs.send, bytes([number]))
            while True:
                try:
                    assert ours.recv(10) == bytes([number])
                except BlockingIOError:
                    await readiness.wait()
                else:
                    break

    run_on(loop, work)


@pytest.mark.parametrize("loop", LOOPS)
def test_a_wait_ends_with_the_connection_and_after_one_that_was_given_up(loop: Loop) -> None:
    async def work(readiness: Readiness, ours: socket.socket, theirs: socket.socket) -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0):
                await readiness.wait()
        theirs.close()
        await readiness.wait()
        assert ours.recv(10) == b""

    run_on(loop, work)


@pytest.mark.parametrize("loop", LOOPS)
def test_data_that_nobody_reads_is_watched_no_longer_and_ends_the_next_wait(loop: Loop) -> None:
    async def work(readiness: Readiness, ours: socket.socket, theirs: socket.socket) -> None:
        theirs.send(b"one")
        await readiness.wait()
        theirs.send(b"two")
        while readiness._is_watched:
            await asyncio.sleep(0)
        await readiness.wait()
        assert ours.recv(10) == b"onetwo"

    run_on(loop, work)
