"""Questions to name servers, many at once, so that a name that is slow to answer stalls no other."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import socket
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import dns.entropy
import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype

from plugins.api.outbound.addresses import IPAddress
from plugins.api.outbound.errors import (
    ConnectionLost,
    LocalFault,
    OutboundError,
    ResolverUnavailable,
    is_exhausted,
    reason_of,
)
from plugins.api.outbound.families import family_of
from plugins.api.outbound.sockets import connect
from plugins.api.outbound.stream import Stream

_LARGEST_ANSWER = 65535
# A socket is given up after so many questions, so that its port cannot be learned and used to forge answers.
_QUESTIONS_A_SOCKET = 64
_CONCLUSIVE = frozenset({dns.rcode.NOERROR, dns.rcode.NXDOMAIN})


@dataclass(frozen=True, kw_only=True, slots=True)
class NameServer:
    """Where questions go."""

    address: IPAddress
    port: int = 53

    def __str__(self) -> str:
        return f"{self.address} port {self.port}"


_Said = dns.message.Message | OutboundError


class DnsClient:
    """Asks the name servers in turn: each up to `attempts` times, waiting `seconds_a_try` each time.

    Sockets are open only while questions are.
    """

    def __init__(
        self, servers: Sequence[NameServer], *, seconds_a_try: float = 2.0, attempts: int = 2
    ) -> None:
        self._servers = tuple(servers)
        self._seconds_a_try = seconds_a_try
        self._attempts = attempts
        self._channels: dict[NameServer, _Channel] = {}

    async def ask(self, name: dns.name.Name, kind: dns.rdatatype.RdataType) -> dns.message.Message:
        """Return the first conclusive answer (the name is there, or is not), else the last that came.

        Raises ResolverUnavailable where no server answered at all, LocalFault.
        """
        query = dns.message.make_query(name, kind)
        inconclusive: dns.message.Message | None = None
        failure: OutboundError | None = None
        for server in self._servers * self._attempts:
            try:
                async with asyncio.timeout(self._seconds_a_try):
                    answer = await self._ask_one(server, query)
            except TimeoutError:
                failure = ResolverUnavailable(f"no answer from the resolver at {server}")
            except ResolverUnavailable as error:
                failure = error
            else:
                if answer.rcode() in _CONCLUSIVE:
                    return answer
                inconclusive = answer
        if inconclusive is not None:
            return inconclusive
        raise failure or ResolverUnavailable("no resolver is configured")

    async def _ask_one(self, server: NameServer, query: dns.message.QueryMessage) -> dns.message.Message:
        channel = self._channels.get(server)
        if channel is None or channel.is_spent:
            channel = self._channels[server] = _Channel(server)
        answer = await channel.ask(query)
        if answer.flags & dns.flags.TC:
            return await _ask_over_tcp(server, query)
        return answer


class _Channel:
    """A UDP socket to one server, shared by the questions that are open; closed when none is."""

    def __init__(self, server: NameServer) -> None:
        self._server = server
        self._loop = asyncio.get_running_loop()
        self._waiting: dict[int, tuple[dns.message.QueryMessage, asyncio.Future[_Said]]] = {}
        self._asked = 0
        self._socket: socket.socket | None = self._open()

    @property
    def is_spent(self) -> bool:
        return self._socket is None or self._asked >= _QUESTIONS_A_SOCKET

    async def ask(self, query: dns.message.QueryMessage) -> dns.message.Message:
        with self._registered(query) as answer:
            self._send(query.to_wire())
            said = await answer
        if isinstance(said, OutboundError):
            raise said
        return said

    @contextlib.contextmanager
    def _registered(self, query: dns.message.QueryMessage) -> Iterator[asyncio.Future[_Said]]:
        while query.id in self._waiting:
            query.id = dns.entropy.random_16()
        answer: asyncio.Future[_Said] = self._loop.create_future()
        self._asked += 1
        self._waiting[query.id] = query, answer
        key = query.id
        try:
            yield answer
        finally:
            del self._waiting[key]
            if not self._waiting:
                self._close()

    def _open(self) -> socket.socket:
        connection: socket.socket | None = None
        try:
            connection = socket.socket(family_of(self._server.address), socket.SOCK_DGRAM)
            connection.setblocking(False)
            connection.connect((str(self._server.address), self._server.port))
        except OSError as error:
            if connection is not None:
                connection.close()
            raise self._unavailable(error) from error
        self._loop.add_reader(connection, self._on_readable)
        return connection

    def _close(self) -> None:
        if self._socket is not None:
            self._loop.remove_reader(self._socket)
            self._socket.close()
            self._socket = None

    def _send(self, wire: bytes) -> None:
        try:
            if self._socket is not None:
                self._socket.send(wire)
        except BlockingIOError:
            pass  # as if lost on the way: the next try asks again
        except OSError as error:
            raise self._unavailable(error) from error

    def _on_readable(self) -> None:
        while self._socket is not None:
            try:
                wire = self._socket.recv(_LARGEST_ANSWER)
            except BlockingIOError:
                return
            except OSError as error:
                self._fail_all(error)
                return
            self._deliver(wire)

    def _deliver(self, wire: bytes) -> None:
        query, answer = self._waiting.get(int.from_bytes(wire[:2], "big"), (None, None))
        if query is None or answer is None or answer.done():
            return
        # What does not parse or answers another question may be forged: the true answer may still come.
        with contextlib.suppress(dns.exception.DNSException):
            message = dns.message.from_wire(wire, ignore_trailing=True, raise_on_truncation=False)
            if query.is_response(message):
                answer.set_result(message)

    def _fail_all(self, error: OSError) -> None:
        for _, answer in self._waiting.values():
            if not answer.done():
                answer.set_result(self._unavailable(error))

    def _unavailable(self, error: OSError) -> OutboundError:
        if is_exhausted(error):  # another server cannot help
            return LocalFault(reason_of(error))
        return ResolverUnavailable(f"resolver at {self._server} cannot be asked: {reason_of(error)}")


async def _ask_over_tcp(server: NameServer, query: dns.message.QueryMessage) -> dns.message.Message:
    try:
        connection, address = await connect((server.address,), server.port)
        async with Stream(connection, address, server.port) as stream:
            wire = query.to_wire()
            await stream.send(len(wire).to_bytes(2, "big") + wire)
            length = int.from_bytes(await _receive_exactly(stream, 2), "big")
            message = dns.message.from_wire(await _receive_exactly(stream, length), ignore_trailing=True)
    except (OutboundError, dns.exception.DNSException) as error:
        raise ResolverUnavailable(f"resolver at {server} gave no whole answer: {error}") from error
    if not query.is_response(message):
        raise ResolverUnavailable(f"resolver at {server} answered another question")
    return message


async def _receive_exactly(stream: Stream, count: int) -> bytes:
    data = b""
    while len(data) < count:
        part = await stream.receive(count - len(data))
        if not part:
            raise ConnectionLost("connection closed")
        data += part
    return data


def name_server(address: str, port: int = 53) -> NameServer:
    """Return the server at an address in text form. Raises ValueError."""
    return NameServer(address=ipaddress.ip_address(address), port=port)
