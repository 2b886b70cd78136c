"""The guard: which addresses may be connected to."""

from __future__ import annotations

import functools
import ipaddress
import re
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

IPAddress = IPv4Address | IPv6Address
IPNetwork = IPv4Network | IPv6Network


@dataclass(frozen=True, kw_only=True, slots=True)
class AddressPolicy:
    """What the operator lets plugins connect to.

    `private_targets`: whether private, loopback and other addresses that are not public are allowed.
    `own_endpoints`: (host, port) of our listener and our database; a wildcard address stands for each
    address of this machine, and a name for what it resolves to at that moment.
    """

    private_targets: bool = True
    own_endpoints: frozenset[tuple[str, int]] = frozenset()


def _networks(*texts: str) -> tuple[IPNetwork, ...]:
    return tuple(ipaddress.ip_network(text) for text in texts)


_ALWAYS_REFUSED = (
    # 169.254.169.254 is AWS, Azure, Google and more; 100.100.100.200 Alibaba; 168.63.129.16 Azure;
    # 192.0.0.192 Oracle; fd00:ec2:: AWS; fd20:ce::254 Google.
    (
        "a cloud metadata address",
        _networks(
            "169.254.169.254/32",
            "100.100.100.200/32",
            "168.63.129.16/32",
            "192.0.0.192/32",
            "fd00:ec2::254/128",
            "fd00:ec2::23/128",
            "fd20:ce::254/128",
        ),
    ),
    ("a link-local address", _networks("169.254.0.0/16", "fe80::/10")),
    ("no address of a host", _networks("0.0.0.0/8", "255.255.255.255/32", "::/128")),
    ("a multicast address", _networks("224.0.0.0/4", "ff00::/8")),
)

_LOOPBACK = _networks("127.0.0.0/8", "::1/128")

# Everything that the registries of special-purpose addresses do not call globally reachable. Written out,
# because `is_global` changes between releases of Python.
_NOT_PUBLIC = _networks(
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.88.99.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "240.0.0.0/4",
    "::1/128",
    "64:ff9b:1::/48",
    "100::/64",
    "2001:db8::/32",
    "3fff::/20",
    "5f00::/16",
    "fc00::/7",
    "fec0::/10",
)

_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_LOCAL_NAT64 = ipaddress.ip_network("64:ff9b:1::/48")
_SIX_TO_FOUR = ipaddress.ip_network("2002::/16")
_TEREDO = ipaddress.ip_network("2001::/32")
_V4_MAPPED = ipaddress.ip_network("::ffff:0:0/96")
_V4_TRANSLATED = ipaddress.ip_network("::ffff:0:0:0/96")
_V4_COMPATIBLE = ipaddress.ip_network("::/96")
_OWN_V6 = (IPv6Address("::"), IPv6Address("::1"))
_ISATAP_MARKS = (b"\x00\x00\x5e\xfe", b"\x02\x00\x5e\xfe")
_ALL_ONES = 0xFFFFFFFF
_HIGHEST_THIS_NETWORK = 0x00FFFFFF


@functools.lru_cache(maxsize=16384)
def judge(address: IPAddress, port: int, policy: AddressPolicy) -> str | None:
    """Return why the policy forbids the address, or None where it allows it.

    Every address that it stands for (IPv4 in IPv6, in all its forms) must be allowed as well.
    """
    for candidate in stands_for(address):
        reason = _judge_one(candidate, port, policy)
        if reason is not None:
            return (
                f"{address} is {reason}"
                if candidate == address
                else f"{address} stands for {candidate}, {reason}"
            )
    return None


def _judge_one(address: IPAddress, port: int, policy: AddressPolicy) -> str | None:
    for reason, networks in _ALWAYS_REFUSED:
        if _within(address, networks):
            return reason
    if _is_own(address, port, policy):
        return f"Tocsin's own at port {port}"
    if not policy.private_targets and _within(address, _NOT_PUBLIC):
        return "not a public address, and private targets are not allowed here"
    return None


def _is_own(address: IPAddress, port: int, policy: AddressPolicy) -> bool:
    if any(own == port and _reads_as(host, address) for host, own in policy.own_endpoints):
        return True
    return _within(address, _LOOPBACK) and port in wildcard_ports(policy)


_WILDCARDS = frozenset({"0.0.0.0", "::", ""})  # noqa: S104 - compared, not bound


@functools.lru_cache(maxsize=64)
def wildcard_ports(policy: AddressPolicy) -> frozenset[int]:
    """Return the ports of our own that are open on every address of this machine."""
    return frozenset(port for host, port in policy.own_endpoints if host in _WILDCARDS)


def own_names(policy: AddressPolicy) -> dict[int, tuple[str, ...]]:
    """Return the names, and no addresses, of our own endpoints for each port."""
    names: dict[int, tuple[str, ...]] = {}
    for host, port in sorted(policy.own_endpoints):
        if host not in _WILDCARDS and not looks_like_address(host):
            names[port] = (*names.get(port, ()), host)
    return names


def _reads_as(host: str, address: IPAddress) -> bool:
    try:
        own = literal_address(host)
    except MalformedAddress:
        return False
    return own is not None and address in stands_for(own)


def _within(address: IPAddress, networks: tuple[IPNetwork, ...]) -> bool:
    return any(address in network for network in networks)


def stands_for(address: IPAddress) -> Iterator[IPAddress]:
    """Yield the address itself, without its zone, and each address that packets to it may end at."""
    if isinstance(address, IPv4Address):
        yield address
        return
    # A zone id makes equal addresses unequal.
    plain = IPv6Address(int(address))
    yield plain
    if plain not in _OWN_V6:
        yield from (IPv4Address(value) for value in _embedded_ipv4(plain))


def _embedded_ipv4(address: IPv6Address) -> Iterator[int]:
    value = int(address)
    if any(address in network for network in (_V4_MAPPED, _V4_TRANSLATED, _V4_COMPATIBLE, _NAT64)):
        yield value & _ALL_ONES
    if address in _LOCAL_NAT64:
        yield from (reading for reading in _nat64_readings(value) if reading > _HIGHEST_THIS_NETWORK)
    if address in _SIX_TO_FOUR:
        yield value >> 80 & _ALL_ONES
    if address in _TEREDO:
        yield value >> 64 & _ALL_ONES
        yield value & _ALL_ONES ^ _ALL_ONES
    if address.packed[8:12] in _ISATAP_MARKS:
        yield value & _ALL_ONES


def _nat64_readings(value: int) -> tuple[int, ...]:
    """Read the IPv4 address behind prefixes of 48, 56, 64 and 96 bits: which one this network uses is not known.

    RFC 6052, 2.2: the octet at bit 64 is not part of it. A prefix that is too short reads as 0.0.0.0/8.
    """
    return (
        (value >> 64 & 0xFFFF) << 16 | (value >> 40 & 0xFFFF),
        (value >> 64 & 0xFF) << 24 | (value >> 32 & 0xFFFFFF),
        value >> 24 & _ALL_ONES,
        value & _ALL_ONES,
    )


_LONGEST_HOST = 512
_LONGEST_LABEL = 63
_NUMBER = re.compile(r"0[xX][0-9a-fA-F]*|[0-9]+")


class MalformedAddress(ValueError):
    """The host looks like an address and is none."""


@functools.lru_cache(maxsize=16384)
def literal_address(host: str) -> IPAddress | None:
    """Read a host that is an address and no name, in every form that systems accept.

    Takes dotted IPv4; IPv4 as one to four decimal, octal or hexadecimal numbers (`2130706433`, `0x7f.1`,
    `0177.0.0.1`); IPv6 with or without brackets and zone. Returns None for a name.
    Raises MalformedAddress for a host whose last label is a number and that is no address.
    """
    if len(host) > _LONGEST_HOST:
        raise MalformedAddress("a host of more than 512 characters is not one")
    if not looks_like_address(host):
        return None
    return _ipv6(host) if ":" in host else _ipv4(host, host.removesuffix(".").split("."))


def looks_like_address(host: str) -> bool:
    """Say whether systems would take the host for an address, well formed or not."""
    return ":" in host or _NUMBER.fullmatch(host.removesuffix(".").rpartition(".")[2]) is not None


def _ipv6(host: str) -> IPv6Address:
    try:
        return IPv6Address(host.removeprefix("[").removesuffix("]"))
    except ValueError:
        raise MalformedAddress(f"{host!r} is not an address") from None


def _ipv4(host: str, labels: list[str]) -> IPv4Address:
    *leading, last = [_number(label) for label in labels]
    space = 256 ** (4 - len(leading)) if len(labels) <= 4 else 0  # noqa: PLR2004 - an IPv4 address has four octets
    if last is None or last >= space or any(octet is None or octet > 255 for octet in leading):  # noqa: PLR2004 - an octet
        raise MalformedAddress(f"{host!r} is not an address")
    value = last
    for position, octet in enumerate(leading):
        value += (octet or 0) * 256 ** (3 - position)
    return IPv4Address(value)


def _number(label: str) -> int | None:
    if len(label) > _LONGEST_LABEL or not _NUMBER.fullmatch(label):
        return None
    if label[:2] in {"0x", "0X"}:
        return int(label[2:] or "0", 16)
    if len(label) > 1 and label.startswith("0"):
        return None if set(label) & {"8", "9"} else int(label, 8)
    return int(label)
