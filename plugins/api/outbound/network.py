"""The network as plugins may use it."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import ssl
from collections.abc import Sequence
from time import perf_counter

import httpx

from plugins.api.outbound.addresses import (
    AddressPolicy,
    IPAddress,
    MalformedAddress,
    judge,
    literal_address,
    own_names,
    stands_for,
    wildcard_ports,
)
from plugins.api.outbound.certificate import Validity, validity_of
from plugins.api.outbound.datagram import Datagram
from plugins.api.outbound.errors import (
    AddressRefused,
    NameNotFound,
    OutboundError,
    Phase,
    TlsFailed,
    say_when,
)
from plugins.api.outbound.gateway import timed_out_towards
from plugins.api.outbound.http_exchange import Progress
from plugins.api.outbound.http_transport import (
    DEFAULT_MAX_BODY_BYTES,
    DEFAULT_TIMEOUT_SECONDS,
    HttpTransport,
    target_of,
)
from plugins.api.outbound.resolver import Resolver
from plugins.api.outbound.sockets import connect, in_order, is_on_this_machine
from plugins.api.outbound.stream import Stream
from plugins.api.outbound.tls import (
    TlsContexts,
    is_about_issuer,
    is_about_time,
    require_descriptor,
    tls_error,
    utc_now,
)
from plugins.api.outbound.turns import Turns

_CERTIFICATE_LOOK_SECONDS = 3.0


class Outbound:
    """The network under the operator's address policy.

    Each name is resolved once, each address judged, and connections are made to the address judged.
    Serves one event loop. `authorities` is a file of further certificate authorities to trust (PEM).
    Everything it raises is an OutboundError.
    """

    def __init__(
        self,
        policy: AddressPolicy | None = None,
        *,
        resolver: Resolver | None = None,
        authorities: str | None = None,
    ) -> None:
        self._policy = AddressPolicy() if policy is None else policy
        self._wildcard_ports = wildcard_ports(self._policy)
        self._own_names = own_names(self._policy)
        self._resolver = Resolver() if resolver is None else resolver
        self._contexts = TlsContexts(authorities)
        self._turns = Turns()
        self._transports = {
            verify: HttpTransport(functools.partial(self._connect, verify), self._turns)
            for verify in (True, False)
        }

    async def resolve(self, host: str, port: int) -> tuple[IPAddress, ...]:
        """Return the addresses of the host that may be connected to at the port, at least one.

        Raises AddressRefused where the policy forbids them all, NameNotFound, ResolverUnavailable.
        """
        address = _literal(host)
        addresses = await self._resolver.addresses(host) if address is None else (address,)
        return await self._allowed(addresses, port)

    async def open_stream(
        self,
        host: str,
        port: int,
        *,
        tls: bool = False,
        verify: bool = True,
        server_hostname: str | None = None,
        timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS,
    ) -> Stream:
        """Connect to the host, with TLS if asked; the caller closes the stream.

        `server_hostname` is the name wanted in the certificate, where it is not the host.
        """
        progress = Progress()
        try:
            async with asyncio.timeout(timeout_seconds):
                stream = await self._open(host, port, progress)
                if tls:
                    await self._secure(stream, server_hostname or host, progress, verify=verify)
                return stream
        except TimeoutError:
            raise timed_out_towards(progress.addresses, progress.phase, host) from None
        except OutboundError as error:
            say_when(error, progress.phase)
            raise

    async def open_datagram(self, host: str, port: int) -> Datagram:
        """Open a UDP socket that speaks with the first allowed address of the host; the caller closes it."""
        addresses = await self.resolve(host, port)
        failures: list[OutboundError] = []
        for address in in_order(addresses):
            try:
                return Datagram(address, port)
            except OutboundError as error:
                failures.append(error)
        raise failures[-1]

    def transport(self, *, verify: bool = True) -> HttpTransport:
        """Return the HTTP transport for the verify setting; the same one each time."""
        return self._transports[verify]

    async def take_turn(self) -> None:
        """Wait until a piece of work that takes milliseconds may begin, so that many of them do not stop the loop.

        What comes next must do it without waiting, and be done within some ten milliseconds.
        """
        await self._turns.take()

    async def request(
        self,
        request: httpx.Request,
        *,
        timeout_seconds: float,
        verify: bool = True,
        max_body_bytes: int = DEFAULT_MAX_BODY_BYTES,
    ) -> httpx.Response:
        """Send one request and return its response, read; redirects are not followed, bodies are bounded.

        A response of any status is returned; only no response at all raises.
        """
        response = await self._transports[verify].send(
            request, timeout_seconds=timeout_seconds, max_body_bytes=max_body_bytes
        )
        response.read()
        return response

    async def _allowed(self, addresses: Sequence[IPAddress], port: int) -> tuple[IPAddress, ...]:
        own = await self._own_addresses(port) if port in self._own_names else frozenset()
        allowed: list[IPAddress] = []
        refusal: str | None = None
        for address in addresses:
            reason = self._refusal(address, port, own)
            if reason is None:
                allowed.append(address)
            refusal = refusal or reason
        if not allowed:
            raise AddressRefused(f"target refused: {refusal}")
        return tuple(allowed)

    def _refusal(self, address: IPAddress, port: int, own: frozenset[IPAddress]) -> str | None:
        reason = judge(address, port, self._policy)
        if reason is None and any(self._is_ours(each, port, own) for each in stands_for(address)):
            return f"{address} is Tocsin's own at port {port}"
        return reason

    def _is_ours(self, address: IPAddress, port: int, own: frozenset[IPAddress]) -> bool:
        return address in own or (port in self._wildcard_ports and is_on_this_machine(address))

    async def _own_addresses(self, port: int) -> frozenset[IPAddress]:
        """Resolve what is ours at the port by name, each time: a database may move."""
        found: list[IPAddress] = []
        for host in self._own_names[port]:
            with contextlib.suppress(NameNotFound):
                found += await self._resolver.addresses(host)
        return frozenset(each for address in found for each in stands_for(address))

    async def _connect(self, verify: bool, request: httpx.Request, progress: Progress) -> Stream:
        host, port, tls = target_of(request)
        stream = await self._open(host, port, progress)
        if tls:
            await self._secure(stream, host, progress, verify=verify)
        return stream

    async def _open(self, host: str, port: int, progress: Progress) -> Stream:
        address = _literal(host)
        if address is None:
            addresses = in_order(await self._allowed(await self._resolver.addresses(host), port))
            progress.resolved = perf_counter()
        else:
            addresses = await self._allowed((address,), port)
        progress.phase, progress.addresses = Phase.CONNECTING, addresses
        connection, address = await connect(addresses, port)
        progress.connected = perf_counter()
        return Stream(connection, address, port)

    async def _secure(self, stream: Stream, host: str, progress: Progress, *, verify: bool) -> None:
        progress.phase = Phase.HANDSHAKING
        # Certificates write names without the dot at the end, and addresses in their plain form.
        name = host.removesuffix(".") if _literal(host) is None else str(stream.address)
        try:
            await stream.start_tls(self._contexts.get(verify=verify), name, self._turns)
        except TlsFailed as error:
            cause = error.__cause__
            try:
                if isinstance(cause, ssl.SSLError) and is_about_issuer(cause):
                    require_descriptor()
            finally:
                stream.close()
            if isinstance(cause, ssl.SSLError) and is_about_time(cause):
                validity = await self._look_at_dates(stream.address, stream.port, name)
                raise tls_error(cause, name, validity, now=utc_now()) from cause
            raise
        except BaseException:
            stream.close()
            raise
        progress.secured = perf_counter()

    async def _look_at_dates(self, address: IPAddress, port: int, name: str) -> Validity | None:
        # A refused certificate is not handed out, so it is fetched once more, at the same address.
        try:
            async with asyncio.timeout(_CERTIFICATE_LOOK_SECONDS):
                connection, _ = await connect((address,), port)
                async with Stream(connection, address, port) as stream:
                    await stream.start_tls(self._contexts.trusting, name, self._turns)
                    der = stream.tls.getpeercert(binary_form=True) if stream.tls else None
                    return None if der is None else validity_of(der)
        except (OutboundError, TimeoutError):
            return None


def _literal(host: str) -> IPAddress | None:
    try:
        return literal_address(host)
    except MalformedAddress as error:
        raise NameNotFound(str(error)) from error
