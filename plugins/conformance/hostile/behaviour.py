"""What hostile peers are made of: steps of one side of a connection, one after the other."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable

Reader = asyncio.StreamReader
Writer = asyncio.StreamWriter
Behaviour = Callable[[Reader, Writer], Awaitable[None]]

_READ_SIZE = 65536
# l_onoff and l_linger of SO_LINGER: with no time to linger, closing resets.
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


def in_turn(*steps: Behaviour) -> Behaviour:
    """Do one step after the other."""

    async def behave(reader: Reader, writer: Writer) -> None:
        for step in steps:
            await step(reader, writer)

    return behave


def say(data: bytes) -> Behaviour:
    """Send the data."""

    async def behave(_reader: Reader, writer: Writer) -> None:
        writer.write(data)
        await writer.drain()

    return behave


def drip(data: bytes, *, every_seconds: float = 1.0) -> Behaviour:
    """Send the data a byte at a time."""

    async def behave(_reader: Reader, writer: Writer) -> None:
        for byte in data:
            writer.write(bytes((byte,)))
            await writer.drain()
            await asyncio.sleep(every_seconds)

    return behave


def flood(data: bytes) -> Behaviour:
    """Send the data again and again, as fast as the other side takes it, until it hangs up."""

    async def behave(_reader: Reader, writer: Writer) -> None:
        while True:
            writer.write(data)
            await writer.drain()
            # Draining a connection that takes everything never waits.
            await asyncio.sleep(0)

    return behave


async def listen(reader: Reader, _writer: Writer) -> None:
    """Wait until the other side says something."""
    await reader.read(_READ_SIZE)


async def hear_request(reader: Reader, _writer: Writer) -> None:
    """Wait for the head of an HTTP request."""
    await reader.readuntil(b"\r\n\r\n")


async def keep_silent(reader: Reader, _writer: Writer) -> None:
    """Say nothing until the other side hangs up."""
    while await reader.read(_READ_SIZE):
        pass


async def reset(_reader: Reader, writer: Writer) -> None:
    """End the connection with a reset."""
    connection: socket.socket = writer.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
    writer.transport.abort()
