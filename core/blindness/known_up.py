"""Which monitors elsewhere were up when they were last looked at from here, and on which hosts."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Container, Iterable
from uuid import UUID

MOST_KNOWN = 50_000


class KnownUp:
    """A bounded memory; what it forgets counts as not known to be up."""

    def __init__(self, most_known: int = MOST_KNOWN) -> None:
        self._most_known = most_known
        self._hosts_of: dict[UUID, str] = {}
        self._hosts: Counter[str] = Counter()

    def __contains__(self, monitor_id: UUID) -> bool:
        return monitor_id in self._hosts_of

    def reached(self, monitor_id: UUID, host: str) -> None:
        """Note that the monitor is up. Called for every success: nothing is done for what is known."""
        if self._hosts_of.get(monitor_id) == host:
            return
        self.failed(monitor_id)
        if len(self._hosts_of) >= self._most_known:
            self.failed(next(iter(self._hosts_of)))
        self._hosts_of[monitor_id] = host
        self._hosts[host] += 1

    def failed(self, monitor_id: UUID) -> None:
        """Note that the monitor is not up any more."""
        host = self._hosts_of.pop(monitor_id, None)
        if host is None:
            return
        self._hosts[host] -= 1
        if not self._hosts[host]:
            del self._hosts[host]

    def hosts_but(self, hosts: Iterable[str] = ()) -> int:
        """Return on how many hosts monitors are up, not counting those named."""
        return len(self._hosts.keys() - set(hosts)) if hosts else len(self._hosts)

    def some_on_hosts_but(self, hosts: Container[str], most: int) -> dict[UUID, str]:
        """Return monitors that are up, at random, each on another host that is not named."""
        found: dict[str, UUID] = {}
        monitors = list(self._hosts_of.items())
        random.shuffle(monitors)
        for monitor_id, host in monitors:
            if len(found) >= most:
                break
            if host not in hosts:
                found.setdefault(host, monitor_id)
        return {monitor_id: host for host, monitor_id in found.items()}
