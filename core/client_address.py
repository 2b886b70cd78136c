"""Who is at the other end of a request, where proxies may stand between."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TypeAlias

Network: TypeAlias = IPv4Network | IPv6Network

UNKNOWN = "unknown"
# Whoever has one address of IPv6 has this many.
_ONE_CUSTOMER_BITS = 64


def trusted_proxies(text: str) -> tuple[Network, ...]:
    """Return the networks of a list such as `10.0.0.0/8, ::1`; raise ValueError for what is none."""
    return tuple(ip_network(part.strip()) for part in text.split(",") if part.strip())


def client_address(peer: str | None, forwarded_for: str, trusted: Sequence[Network]) -> str:
    """Return the address of whoever first spoke to a proxy that is trusted; the peer's own where it is none of those.

    `forwarded_for` is X-Forwarded-For: each proxy adds at the end whom it was spoken to by, so that only what trusted
    ones added can be believed. It is read from the end, up to the first address that is not theirs.
    """
    if peer is None:
        return UNKNOWN
    address = peer
    for hop in reversed([part.strip() for part in forwarded_for.split(",") if part.strip()]):
        if not _is_trusted(address, trusted):
            return address
        parsed = _parsed(hop)
        if parsed is None:
            return address
        address = str(parsed)
    return address


def customer_of(address: str) -> str:
    """Return what an address is counted as: that of version 6 with all that one customer has."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if not isinstance(parsed, IPv6Address):
        return address
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(IPv6Network((int(parsed), _ONE_CUSTOMER_BITS), strict=False))


def _is_trusted(address: str, trusted: Sequence[Network]) -> bool:
    parsed = _parsed(address)
    return parsed is not None and any(parsed in network for network in trusted)


def _parsed(text: str) -> IPv4Address | IPv6Address | None:
    """Return an address as proxies write it: some with a port, and that of version 6 in brackets."""
    bare = text.strip("[]") if text.endswith("]") else text
    if text.startswith("[") and "]:" in text:
        bare = text[1 : text.index("]")]
    elif text.count(":") == 1:
        bare = text.partition(":")[0]
    try:
        address = ip_address(bare)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address
