"""TCP connections to addresses that were judged."""

from __future__ import annotations

import asyncio
import errno
import itertools
import os
import socket
from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv6Address

from plugins.api.outbound.addresses import IPAddress
from plugins.api.outbound.errors import (
    LocalFault,
    OutboundError,
    connect_error,
    is_exhausted,
    reason_of,
)
from plugins.api.outbound.families import family_of
from plugins.api.outbound.gateway import gateway_fault, silent_gateway

# RFC 8305, 8: the "Connection Attempt Delay".
NEXT_ADDRESS_SECONDS = 0.25
_MOST_ADDRESSES = 8
_SOMEWHERE_PUBLIC = ("2001:4860:4860::8888", 9)
_UNDER_WAY = frozenset({errno.EINPROGRESS, errno.EALREADY, errno.EWOULDBLOCK, errno.EINTR})
_CONNECTED = frozenset({0, errno.EISCONN})


def in_order(addresses: Iterable[IPAddress]) -> tuple[IPAddress, ...]:
    """Order addresses for connecting: the families in turns, IPv6 first where this machine is part of it."""
    known = tuple(addresses)
    fours = [address for address in known if isinstance(address, IPv4Address)]
    sixes = [address for address in known if not isinstance(address, IPv4Address)]
    if not (fours and sixes):
        return known
    pairs = itertools.zip_longest(*((sixes, fours) if _has_public_ipv6() else (fours, sixes)))
    return tuple(address for pair in pairs for address in pair if address is not None)


def _has_public_ipv6() -> bool:
    """Say whether packets to the public IPv6 network would leave from a public address; none is sent.

    Containers often have private ones only, from which nothing comes back.
    """
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as probe:
            probe.connect(_SOMEWHERE_PUBLIC)
            source = probe.getsockname()[0]
    except OSError:
        return False
    return IPv6Address(source.partition("%")[0]).is_global


async def connect(addresses: Sequence[IPAddress], port: int) -> tuple[socket.socket, IPAddress]:
    """Connect to the first of the addresses that answers, as RFC 8305 says.

    The next one is tried when the one before has failed or is late, which does not end its attempt, so that
    an address where nobody is costs a moment and not all the time there is. The caller bounds the whole.
    Returns the connected non-blocking socket and its address; all others are closed.
    Raises LocalFault only if no address said anything about the target itself, else ConnectFailed.
    """
    race = _Race(port)
    try:
        return await race.winner(addresses[:_MOST_ADDRESSES])
    finally:
        race.end()


class _Race:
    """Connections that are being made side by side, for one task."""

    __slots__ = ("_decided", "_failures", "_happened", "_loop", "_port", "_under_way")

    def __init__(self, port: int) -> None:
        self._loop = asyncio.get_running_loop()
        self._port = port
        self._under_way: dict[int, tuple[socket.socket, IPAddress]] = {}
        self._decided: list[int] = []
        self._failures: list[OutboundError] = []
        self._happened: asyncio.Future[None] | None = None

    async def winner(self, addresses: Sequence[IPAddress]) -> tuple[socket.socket, IPAddress]:
        for position, address in enumerate(addresses, start=1):
            is_last, failed = position == len(addresses), len(self._failures)
            if connection := self._begin(address):
                return connection, address
            while self._under_way and (is_last or len(self._failures) == failed):
                if not await self._something_happens(None if is_last else NEXT_ADDRESS_SECONDS):
                    break
                if found := self._decide():
                    return found
        raise _most_telling(self._failures)

    def end(self) -> None:
        """Close what is still under way."""
        for descriptor, (connection, _) in self._under_way.items():
            self._loop.remove_writer(descriptor)
            connection.close()
        self._under_way.clear()

    def _begin(self, address: IPAddress) -> socket.socket | None:
        """Begin to connect; return the connection if it stands at once."""
        try:
            connection = socket.socket(family_of(address), socket.SOCK_STREAM)
        except OSError as error:
            self._failures.append(connect_error(error, _where(address, self._port)))
            return None
        try:
            connection.setblocking(False)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            code = connection.connect_ex((str(address), self._port))
        except OSError as error:
            connection.close()
            self._failures.append(connect_error(error, _where(address, self._port)))
            return None
        has_left = code in _UNDER_WAY
        if has_left:
            # Within one machine the connection stands by now, and asking again spares a turn of the loop.
            code = connection.connect_ex((str(address), self._port))
        if code in _CONNECTED:
            return connection
        if code in _UNDER_WAY:
            self._watch(connection, address)
        else:
            self._fail(connection, address, code, has_left=has_left)
        return None

    def _watch(self, connection: socket.socket, address: IPAddress) -> None:
        # By its number: selectors write a socket itself, with its addresses, into an error that nobody sees.
        descriptor = connection.fileno()
        self._under_way[descriptor] = connection, address
        self._loop.add_writer(descriptor, self._is_decided, descriptor)

    def _is_decided(self, descriptor: int) -> None:
        self._loop.remove_writer(descriptor)
        self._decided.append(descriptor)
        if self._happened is not None:
            _wake(self._happened)

    async def _something_happens(self, at_most_seconds: float | None) -> bool:
        """Wait until a connection stands or failed; return whether one did."""
        happened = self._happened = self._loop.create_future()
        timer = None if at_most_seconds is None else self._loop.call_later(at_most_seconds, _wake, happened)
        try:
            await happened
        finally:
            if timer is not None:
                timer.cancel()
        return bool(self._decided)

    def _decide(self) -> tuple[socket.socket, IPAddress] | None:
        found = None
        for descriptor in self._decided:
            connection, address = self._under_way[descriptor]
            code = connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if code not in _CONNECTED:
                self._fail(connection, address, code, has_left=True)
            elif found is None:
                found = connection, address
            else:
                connection.close()
            del self._under_way[descriptor]
        self._decided.clear()
        return found

    def _fail(self, connection: socket.socket, address: IPAddress, code: int, *, has_left: bool) -> None:
        connection.close()
        where = _where(address, self._port)
        gateway = silent_gateway(address) if has_left and code == errno.EHOSTUNREACH else None
        if gateway is not None:
            self._failures.append(gateway_fault(gateway, where))
        else:
            self._failures.append(connect_error(OSError(code, os.strerror(code)), where, has_left=has_left))


def _most_telling(failures: Sequence[OutboundError]) -> OutboundError:
    return next((failure for failure in failures if not failure.local_fault), failures[0])


def _wake(ready: asyncio.Future[None]) -> None:
    if not ready.done():
        ready.set_result(None)


def _where(address: IPAddress, port: int) -> str:
    return f"{address} port {port}" if isinstance(address, IPv4Address) else f"IPv6 {address} port {port}"


def is_on_this_machine(address: IPAddress) -> bool:
    """Say whether the address belongs to an interface of this machine, by trying to bind to it.

    Raises LocalFault where it cannot be tried.
    """
    try:
        with socket.socket(family_of(address), socket.SOCK_DGRAM) as probe:
            probe.bind((str(address), 0))
    except OSError as error:
        if is_exhausted(error):
            raise LocalFault(reason_of(error)) from error
        return False
    return True
