"""The system's hosts file, read again when it changes."""

from __future__ import annotations

import ipaddress
import time
from collections import defaultdict
from pathlib import Path

from plugins.api.outbound.addresses import IPAddress
from plugins.api.outbound.errors import LocalFault, is_exhausted, reason_of

_LOOK_AGAIN_SECONDS = 2.0


class HostsFile:
    """Names that the operator pinned to addresses."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._names: dict[str, tuple[IPAddress, ...]] = {}
        self._changed_ns: int | None = None
        self._looked = float("-inf")

    def addresses(self, host: str) -> tuple[IPAddress, ...]:
        """Return the addresses of the name (lower case, no dot at its end), or none.

        Raises LocalFault where the file cannot be read for want of descriptors or memory.
        """
        self._refresh()
        return self._names.get(host, ())

    def _refresh(self) -> None:
        now = time.monotonic()
        if now - self._looked < _LOOK_AGAIN_SECONDS:
            return
        self._looked = now
        try:
            changed_ns = self._path.stat().st_mtime_ns
            if changed_ns != self._changed_ns:
                self._names = parse_hosts(self._path.read_text(encoding="utf-8", errors="replace"))
                self._changed_ns = changed_ns
        except OSError as error:
            if is_exhausted(error):  # a pinned name must not be taken for one that does not exist
                self._looked = float("-inf")
                raise LocalFault(reason_of(error)) from error
            self._names, self._changed_ns = {}, None


def parse_hosts(text: str) -> dict[str, tuple[IPAddress, ...]]:
    """Return the addresses of each name in the text of a hosts file, in its order."""
    names: defaultdict[str, list[IPAddress]] = defaultdict(list)
    for line in text.splitlines():
        words = line.partition("#")[0].split()
        address = _address(words[0]) if words else None
        if address is None:
            continue
        for name in words[1:]:
            names[name.lower().removesuffix(".")].append(address)
    return {name: tuple(dict.fromkeys(addresses)) for name, addresses in names.items()}


def _address(text: str) -> IPAddress | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None
