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
    Phase,
    TimedOut,
    connect_error,
    is_exhausted,
    reason_of,
)

_MOST_ADDRESSES = 8
_SOMEWHERE_PUBLIC = ("2001:4860:4860::8888", 9)
_UNDER_WAY = frozenset({errno.EINPROGRESS, errno.EALREADY, errno.EWOULDBLOCK, errno.EINTR})
_CONNECTED = frozenset({0, errno.EISCONN})


def family_of(address: IPAddress) -> socket.AddressFamily:
    """Return the family of sockets that reach the address."""
    return socket.AF_INET if isinstance(address, IPv4Address) else socket.AF_INET6


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


async def connect(
    addresses: Sequence[IPAddress], port: int, *, seconds_left: float
) -> tuple[socket.socket, IPAddress]:
    """Connect to the first of the addresses that answers, sharing the time left among them.

    Returns the connected non-blocking socket and its address.
    Raises LocalFault only if no address said anything about the target itself, else ConnectFailed.
    """
    if len(addresses) == 1:
        return await _connect_one(addresses[0], port), addresses[0]
    attempts = addresses[:_MOST_ADDRESSES]
    loop = asyncio.get_running_loop()
    deadline = loop.time() + seconds_left
    failures: list[OutboundError] = []
    for position, address in enumerate(attempts):
        share = (deadline - loop.time()) / (len(attempts) - position)
        try:
            async with asyncio.timeout(share):
                return await _connect_one(address, port), address
        except TimeoutError:
            failures.append(TimedOut(Phase.CONNECTING))
        except OutboundError as error:
            failures.append(error)
    raise _most_telling(failures)


def _most_telling(failures: Sequence[OutboundError]) -> OutboundError:
    return next((failure for failure in failures if not failure.local_fault), failures[0])


class _RefusedOnTheWay(OSError):
    """The refusal came after the first packet had left."""


async def _connect_one(address: IPAddress, port: int) -> socket.socket:
    try:
        connection = socket.socket(family_of(address), socket.SOCK_STREAM)
    except OSError as error:
        raise connect_error(error, _where(address, port)) from error
    try:
        connection.setblocking(False)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        await _connected(connection, (str(address), port))
    except OSError as error:
        connection.close()
        has_left = isinstance(error, _RefusedOnTheWay)
        raise connect_error(error, _where(address, port), has_left=has_left) from error
    except BaseException:
        connection.close()
        raise
    return connection


async def _connected(connection: socket.socket, where: tuple[str, int]) -> None:
    code = connection.connect_ex(where)
    refused: type[OSError] = OSError if code not in _UNDER_WAY else _RefusedOnTheWay
    if code in _UNDER_WAY:
        # Within one machine the connection stands by now, and asking again spares a turn of the loop.
        code = connection.connect_ex(where)
    if code in _UNDER_WAY:
        await until_writable(connection)
        code = connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if code not in _CONNECTED:
        raise refused(code, os.strerror(code))


async def until_writable(connection: socket.socket) -> None:
    """Wait until the socket takes data, or its connection was made or refused."""
    loop = asyncio.get_running_loop()
    ready = loop.create_future()
    # By its number: selectors write a socket itself, with its addresses, into an error that nobody sees.
    descriptor = connection.fileno()
    loop.add_writer(descriptor, _wake, ready)
    try:
        await ready
    finally:
        loop.remove_writer(descriptor)


async def until_readable(connection: socket.socket) -> None:
    """Wait until the socket has data, or its connection ended."""
    loop = asyncio.get_running_loop()
    ready = loop.create_future()
    descriptor = connection.fileno()
    loop.add_reader(descriptor, _wake, ready)
    try:
        await ready
    finally:
        loop.remove_reader(descriptor)


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
