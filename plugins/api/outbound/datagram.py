"""UDP to one judged address."""

from __future__ import annotations

import asyncio
import socket
from types import TracebackType
from typing import Self

from plugins.api.outbound.addresses import IPAddress
from plugins.api.outbound.errors import connect_error, lost_error
from plugins.api.outbound.families import family_of

_LARGEST_DATAGRAM = 65536


class Datagram:
    """A UDP socket that speaks with one address and hears nobody else. Close it, or use it as a context manager."""

    __slots__ = ("_loop", "_socket", "address", "port")

    def __init__(self, address: IPAddress, port: int) -> None:
        self._loop = asyncio.get_running_loop()
        self._socket = _connected(address, port)
        self.address = address
        self.port = port

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the socket at once; again does nothing."""
        self._socket.close()

    async def send(self, data: bytes) -> None:
        """Send one datagram. Raises ConnectionLost where an earlier one was refused."""
        try:
            await self._loop.sock_sendall(self._socket, data)
        except OSError as error:
            raise lost_error(error) from error

    async def receive(self) -> bytes:
        """Return the next datagram. Raises ConnectionLost where one that was sent was refused."""
        try:
            return await self._loop.sock_recv(self._socket, _LARGEST_DATAGRAM)
        except OSError as error:
            raise lost_error(error) from error


def _connected(address: IPAddress, port: int) -> socket.socket:
    where = f"{address} port {port}"
    try:
        connection = socket.socket(family_of(address), socket.SOCK_DGRAM)
    except OSError as error:
        raise connect_error(error, where) from error
    try:
        connection.setblocking(False)
        connection.connect((str(address), port))
    except OSError as error:
        connection.close()
        raise connect_error(error, where) from error
    return connection
