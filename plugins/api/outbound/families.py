"""Which sockets reach an address."""

from __future__ import annotations

import socket
from ipaddress import IPv4Address

from plugins.api.outbound.addresses import IPAddress


def family_of(address: IPAddress) -> socket.AddressFamily:
    """Return the family of sockets that reach the address."""
    return socket.AF_INET if isinstance(address, IPv4Address) else socket.AF_INET6
