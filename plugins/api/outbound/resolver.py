"""Names to addresses: the hosts file, then DNS with the system's search rules."""

from __future__ import annotations

import asyncio
import functools
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path

import dns.exception
import dns.message
import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdatatype

from plugins.api.outbound.addresses import IPAddress, looks_like_address
from plugins.api.outbound.dns_client import DnsClient, name_server
from plugins.api.outbound.errors import NameNotFound, OutboundError, ResolverUnavailable
from plugins.api.outbound.hosts_file import HostsFile
from plugins.api.outbound.resolver_rules import ResolverRules, SystemRules

_LABEL = r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?"
_HOST_NAME = re.compile(rf"(?=.{{1,253}}\.?\Z)({_LABEL}\.)*{_LABEL}\.?")
_LOCALHOST: tuple[IPAddress, ...] = (IPv4Address("127.0.0.1"), IPv6Address("::1"))
_LONGEST_LOOKUP_SECONDS = 5.0
# How long an address family that is late is waited for once the other one is known.
_LATE_FAMILY_SECONDS = 0.2
_LONGEST_CACHED_SECONDS = 1.0
_MOST_CACHED = 10_000


@dataclass(frozen=True, kw_only=True, slots=True)
class _Found:
    """Addresses of one name, and for how long they hold. `exists` is False where there is no such name."""

    addresses: tuple[IPAddress, ...]
    seconds: float = 0.0
    exists: bool = True


@dataclass(slots=True)
class _Lookup:
    """A lookup under way, and how many wait for it: without any it ends."""

    task: asyncio.Task[_Found]
    waiting: int = 0


class Resolver:
    """Resolves names as the system does, any number at once.

    `servers` (address, port) replaces the name servers of `configuration`. Serves one event loop.
    """

    def __init__(
        self,
        *,
        hosts: Path = Path("/etc/hosts"),
        configuration: Path = Path("/etc/resolv.conf"),
        servers: Sequence[tuple[str, int]] | None = None,
        search: Sequence[str] = (),
        seconds_a_try: float = 2.0,
    ) -> None:
        self._hosts = HostsFile(hosts)
        self._system = SystemRules(configuration)
        self._fixed = _fixed_rules(servers, search, seconds_a_try) if servers is not None else None
        self._client: tuple[ResolverRules, DnsClient] | None = None
        self._lookups: dict[str, _Lookup] = {}
        self._cache: dict[str, tuple[float, _Found]] = {}

    async def addresses(self, host: str) -> tuple[IPAddress, ...]:
        """Return the addresses of the name, at least one.

        Raises NameNotFound (no such name, no address, or a broken zone), ResolverUnavailable, LocalFault.
        """
        name = _ascii_name(host)
        pinned = self._pinned(name.removesuffix("."))
        if pinned:
            return pinned
        found = self._cached(name) or await self._looked_up(name)
        if not found.addresses:
            raise NameNotFound(f"{host} has no address" if found.exists else f"{host} does not exist")
        return found.addresses

    def _pinned(self, name: str) -> tuple[IPAddress, ...]:
        pinned = self._hosts.addresses(name)
        # RFC 6761: never asked of a name server.
        if not pinned and (name == "localhost" or name.endswith(".localhost")):
            return _LOCALHOST
        return pinned

    def _cached(self, name: str) -> _Found | None:
        until, found = self._cache.get(name, (0.0, None))
        return found if until > time.monotonic() else None

    def _keep(self, name: str, found: _Found) -> None:
        seconds = min(found.seconds, _LONGEST_CACHED_SECONDS)
        if found.addresses and seconds > 0:
            if len(self._cache) >= _MOST_CACHED:
                self._cache.clear()
            self._cache[name] = time.monotonic() + seconds, found

    async def _looked_up(self, name: str) -> _Found:
        lookup = self._lookups.get(name)
        if lookup is None:
            lookup = self._lookups[name] = _Lookup(asyncio.create_task(self._bounded(name)))
            lookup.task.add_done_callback(functools.partial(self._ended, name, lookup))
        lookup.waiting += 1
        try:
            found = await asyncio.shield(lookup.task)
        finally:
            lookup.waiting -= 1
            if not lookup.waiting and not lookup.task.done():
                self._forget(name, lookup)
                lookup.task.cancel()
        self._keep(name, found)
        return found

    def _ended(self, name: str, lookup: _Lookup, task: asyncio.Task[_Found]) -> None:
        self._forget(name, lookup)
        if not task.cancelled():
            # Where everybody stopped waiting at this very moment, nobody else takes the error.
            task.exception()

    def _forget(self, name: str, lookup: _Lookup) -> None:
        if self._lookups.get(name) is lookup:
            del self._lookups[name]

    async def _bounded(self, name: str) -> _Found:
        try:
            async with asyncio.timeout(_LONGEST_LOOKUP_SECONDS):
                return await self._searched(name)
        except TimeoutError:
            raise ResolverUnavailable(f"no resolver answered in time for {name}") from None

    async def _searched(self, name: str) -> _Found:
        rules, client = self._current()
        exists = False
        for candidate in rules.candidates(name):
            found = await _both_families(client, candidate)
            if found.addresses:
                return found
            exists = exists or found.exists
        return _Found(addresses=(), exists=exists)

    def _current(self) -> tuple[ResolverRules, DnsClient]:
        rules = self._fixed or self._system.current()
        if self._client is None or self._client[0] is not rules:
            self._client = rules, DnsClient(rules.servers, seconds_a_try=rules.seconds_a_try)
        return self._client


def _fixed_rules(
    servers: Sequence[tuple[str, int]], search: Sequence[str], seconds_a_try: float
) -> ResolverRules:
    return ResolverRules(
        servers=tuple(name_server(address, port) for address, port in servers),
        search=tuple(dns.name.from_text(domain) for domain in search),
        seconds_a_try=seconds_a_try,
    )


def _ascii_name(host: str) -> str:
    try:
        name = host.lower() if host.isascii() else dns.name.from_unicode(host, origin=None).to_text()
    except (dns.exception.DNSException, UnicodeError) as error:
        raise NameNotFound(f"{host!r} is not a valid host name") from error
    # What becomes an address only by folding its letters was never judged as one.
    if not _HOST_NAME.fullmatch(name) or looks_like_address(name):
        raise NameNotFound(f"{host!r} is not a valid host name")
    return name


async def _both_families(client: DnsClient, name: dns.name.Name) -> _Found:
    tasks = [
        asyncio.create_task(_one_family(client, name, kind)) for kind in (dns.rdatatype.A, dns.rdatatype.AAAA)
    ]
    try:
        done, late = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        if late:
            known = any(task.exception() is None and task.result().addresses for task in done)
            await asyncio.wait(late, timeout=_LATE_FAMILY_SECONDS if known else None)
        return _joined([task for task in tasks if task.done()])
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _joined(tasks: Sequence[asyncio.Task[_Found]]) -> _Found:
    """Put the families together; one that failed counts only where the other has no address."""
    found = [task.result() for task in tasks if task.exception() is None]
    addresses = tuple(address for one in found for address in one.addresses)
    if addresses:
        return _Found(addresses=addresses, seconds=min(one.seconds for one in found if one.addresses))
    for task in tasks:
        task.result()
    return _Found(addresses=(), exists=any(one.exists for one in found))


async def _one_family(client: DnsClient, name: dns.name.Name, kind: dns.rdatatype.RdataType) -> _Found:
    answer = await client.ask(name, kind)
    match answer.rcode():
        case dns.rcode.NXDOMAIN:
            return _Found(addresses=(), exists=False)
        case dns.rcode.NOERROR:
            return _read(answer)
        case code:
            raise await _unanswered(client, name, code)


def _read(answer: dns.message.Message) -> _Found:
    if not isinstance(answer, dns.message.QueryMessage):
        return _Found(addresses=())
    chain = answer.resolve_chaining()
    if chain.answer is None:
        return _Found(addresses=())
    addresses = tuple(ip_address(record.address) for record in chain.answer)
    return _Found(addresses=addresses, seconds=chain.minimum_ttl)


async def _unanswered(client: DnsClient, name: dns.name.Name, code: dns.rcode.Rcode) -> OutboundError:
    """Tell a broken zone from a resolver that can resolve nothing, by asking it for the root."""
    said = f"{name.to_text(omit_final_dot=True)}: the resolver answers {dns.rcode.to_text(code)}"
    root = await client.ask(dns.name.root, dns.rdatatype.NS)
    if code == dns.rcode.SERVFAIL and root.rcode() == dns.rcode.NOERROR:
        return NameNotFound(f"{said}, though it works for others")
    return ResolverUnavailable(said)
