"""The system's rules for names: whom to ask, and which domains to try for short names."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import dns.exception
import dns.name
import dns.resolver

from plugins.api.outbound.dns_client import NameServer, name_server
from plugins.api.outbound.errors import LocalFault, is_exhausted, reason_of

_LOOK_AGAIN_SECONDS = 2.0


@dataclass(frozen=True, kw_only=True, slots=True)
class ResolverRules:
    """Whom to ask, and how: `dots` is the number of dots from which on a name is tried as it stands first."""

    servers: tuple[NameServer, ...] = ()
    search: tuple[dns.name.Name, ...] = ()
    dots: int = 1
    seconds_a_try: float = 2.0

    def candidates(self, host: str) -> tuple[dns.name.Name, ...]:
        """Return the full names to ask for, in order. Raises dns.exception.DNSException for no name."""
        name = dns.name.from_text(host, origin=None)
        absolute = name.derelativize(dns.name.root)
        if name.is_absolute():
            return (absolute,)
        searched = tuple(name.derelativize(domain) for domain in self.search)
        return (absolute, *searched) if len(name) - 1 >= self.dots else (*searched, absolute)


class SystemRules:
    """The rules in the system's resolv.conf, read again when it changes: networks do, under a laptop."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._rules = ResolverRules()
        self._changed_ns: int | None = None
        self._looked = float("-inf")

    def current(self) -> ResolverRules:
        """Return the rules as they stand; without any, the resolver of this machine is asked.

        Raises LocalFault where the file cannot be read for want of descriptors or memory.
        """
        now = time.monotonic()
        if now - self._looked >= _LOOK_AGAIN_SECONDS:
            self._looked = now
            self._refresh()
        return self._rules

    def _refresh(self) -> None:
        try:
            changed_ns = self._path.stat().st_mtime_ns
            if changed_ns != self._changed_ns:
                self._rules = read_rules(self._path)
                self._changed_ns = changed_ns
        except (OSError, dns.exception.DNSException) as error:
            cause = error if isinstance(error, OSError) else error.__context__
            if isinstance(cause, OSError) and is_exhausted(cause):
                self._looked = float("-inf")
                raise LocalFault(reason_of(cause)) from error
            # The same as the C library does where there is no configuration.
            self._rules, self._changed_ns = ResolverRules(servers=(name_server("127.0.0.1"),)), None


def read_rules(path: Path) -> ResolverRules:
    """Read a file in the form of resolv.conf. Raises OSError, dns.exception.DNSException."""
    system = dns.resolver.Resolver(filename=str(path), configure=True)
    search = system.search or ([] if system.domain == dns.name.root else [system.domain])
    return ResolverRules(
        servers=tuple(name_server(str(address)) for address in system.nameservers),
        search=tuple(search),
        dots=1 if system.ndots is None else system.ndots,
        seconds_a_try=system.timeout,
    )
