"""A connection to one judged address, plain or TLS."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from types import TracebackType
from typing import Self

from plugins.api.outbound.addresses import IPAddress
from plugins.api.outbound.errors import ConnectionLost, TlsFailed, lost_error
from plugins.api.outbound.readiness import Readiness
from plugins.api.outbound.tls import tls_error, utc_now
from plugins.api.outbound.turns import Turns

_READ_SIZE = 65536
_MOST_UNWAITED_READS = 4


class Stream:
    """A connection that stands. Close it, or use it as a context manager, which does.

    For one task at a time. `address` and `port` are what it is connected to.
    """

    __slots__ = (
        "_incoming",
        "_loop",
        "_outgoing",
        "_readiness",
        "_socket",
        "_tls",
        "_unwaited_reads",
        "address",
        "port",
    )

    def __init__(self, connection: socket.socket, address: IPAddress, port: int) -> None:
        self._loop = asyncio.get_running_loop()
        self._socket = connection
        self._readiness = Readiness(connection)
        self._tls: ssl.SSLObject | None = None
        self._unwaited_reads = 0
        self.address = address
        self.port = port

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection at once; again does nothing."""
        if self._tls is not None and self._outgoing.pending:
            # A handshake that nothing followed: without its end the server would take it for broken off.
            with contextlib.suppress(OSError):
                self._socket.send(self._outgoing.read())
        self._readiness.close()
        self._socket.close()

    async def send(self, data: bytes) -> None:
        """Send all of the data. Raises ConnectionLost."""
        if self._tls is not None:
            self._tls.write(data)
            await self._flush()
            return
        await self._send_plain(data)

    async def receive(self, most_bytes: int = _READ_SIZE) -> bytes:
        """Return what came in, at most `most_bytes`, or nothing at the end. Raises ConnectionLost."""
        if self._tls is not None:
            return await self._receive_tls(self._tls, most_bytes)
        return await self._receive_plain(most_bytes)

    async def start_tls(
        self, context: ssl.SSLContext, server_hostname: str, turns: Turns | None = None
    ) -> None:
        """Do the TLS handshake on this connection, in `turns` with others. Raises TlsFailed or ConnectionLost."""
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        try:
            session = context.wrap_bio(self._incoming, self._outgoing, server_hostname=server_hostname)
        except ValueError as error:
            raise TlsFailed(f"{server_hostname!r} is not a name of a server") from error
        try:
            await self._shake_hands(session, turns)
        except ssl.SSLEOFError:
            raise ConnectionLost("the server ended the connection during the TLS handshake") from None
        except ssl.SSLError as error:
            raise tls_error(error, server_hostname, now=utc_now()) from error
        self._tls = session

    @property
    def tls(self) -> ssl.SSLObject | None:
        """The TLS session, for its version, cipher and certificate; None on a plain connection."""
        return self._tls

    async def _shake_hands(self, session: ssl.SSLObject, turns: Turns | None) -> None:
        while True:
            if turns is not None:
                await turns.take()
            try:
                session.do_handshake()
            except ssl.SSLWantReadError:
                await self._flush()
                await self._fill()
            except ssl.SSLError:
                # The alert that says why tells the server's operator as well.
                with contextlib.suppress(ConnectionLost):
                    await self._flush()
                raise
            else:
                # In TLS 1.3 the last word is the client's; it leaves together with what is sent first.
                return

    async def _receive_tls(self, session: ssl.SSLObject, most_bytes: int) -> bytes:
        if not (self._incoming.pending or session.pending()):
            # Which spares an exception: the answer is hardly ever there yet.
            await self._flush()
            await self._fill()
        while True:
            try:
                return session.read(most_bytes)
            except ssl.SSLWantReadError:
                await self._flush()
                await self._fill()
            except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
                return b""
            except ssl.SSLError as error:
                raise ConnectionLost(
                    f"TLS broke: {(error.reason or 'unknown').lower().replace('_', ' ')}"
                ) from error

    async def _fill(self) -> None:
        data = await self._receive_plain(_READ_SIZE)
        if data:
            self._incoming.write(data)
        else:
            self._incoming.write_eof()

    async def _flush(self) -> None:
        if self._outgoing.pending:
            await self._send_plain(self._outgoing.read())

    async def _send_plain(self, data: bytes) -> None:
        try:
            sent = self._sent_at_once(data)
            if sent < len(data):
                await self._loop.sock_sendall(self._socket, data[sent:])
        except OSError as error:
            raise lost_error(error) from error

    def _sent_at_once(self, data: bytes) -> int:
        try:
            return self._socket.send(data)
        except BlockingIOError:
            return 0

    async def _receive_plain(self, most_bytes: int) -> bytes:
        try:
            data = await self._received(most_bytes)
        except OSError as error:
            raise lost_error(error) from error
        self._unwaited_reads += 1
        if len(data) == most_bytes or self._unwaited_reads > _MOST_UNWAITED_READS:
            # Whoever sends faster than we read must not keep the loop from everybody else.
            self._unwaited_reads = 0
            await asyncio.sleep(0)
        return data

    async def _received(self, most_bytes: int) -> bytes:
        while True:
            try:
                return self._socket.recv(most_bytes)
            except BlockingIOError:
                self._unwaited_reads = 0
                await self._readiness.wait()
