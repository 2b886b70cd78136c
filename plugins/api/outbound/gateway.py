"""Whether the gateway through which an address is reached answers, as the kernel knows it (rtnetlink(7), Linux)."""

from __future__ import annotations

import socket
import struct
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from ipaddress import ip_address

from plugins.api.outbound.addresses import IPAddress
from plugins.api.outbound.errors import LocalFault, OutboundError, Phase, timed_out
from plugins.api.outbound.families import family_of

_NETLINK = getattr(socket, "AF_NETLINK", None)
_LONGEST_ANSWER = 8192
_HEADER = struct.Struct("=IHHII")
_REQUEST = 1
_NEW_ROUTE, _GET_ROUTE = 24, 26
_NEW_NEIGHBOUR, _GET_NEIGHBOUR = 28, 30
_ROUTE = struct.Struct("=BBBBBBBBI")
_NEIGHBOUR = struct.Struct("=BxxxiHBB")
_ATTRIBUTE = struct.Struct("=HH")
_DESTINATION, _INTERFACE, _GATEWAY, _VIA = 1, 4, 5, 18
# NUD_INCOMPLETE, NUD_PROBE, NUD_FAILED: asked, and no answer so far. One that lives answers within milliseconds.
_SILENT = 0x01 | 0x10 | 0x20


@dataclass(frozen=True, kw_only=True, slots=True)
class _Hop:
    gateway: IPAddress
    interface: int


def silent_gateway(address: IPAddress) -> IPAddress | None:
    """Return the gateway towards the address if it does not answer.

    None where it does, where none is needed, and where the kernel does not say.
    """
    if address.is_loopback or _NETLINK is None:
        return None
    try:
        with socket.socket(_NETLINK, socket.SOCK_RAW) as kernel:
            kernel.setblocking(False)
            hop = _hop_towards(kernel, address)
            return hop.gateway if hop is not None and _neighbour_state(kernel, hop) & _SILENT else None
    except (OSError, struct.error, ValueError):
        return None


def gateway_fault(gateway: IPAddress, where: str) -> LocalFault:
    """Return the error for a connection to `where` that got no further than the gateway."""
    return LocalFault(f"the gateway of this machine, {gateway}, does not answer ({where})")


def timed_out_towards(addresses: Sequence[IPAddress], phase: Phase, host: str) -> OutboundError:
    """Return the error for a time that ran out: ours where no gateway towards the addresses answers."""
    if phase is not Phase.RESOLVING and addresses:
        gateways = [silent_gateway(address) for address in addresses]
        if gateways[0] is not None and None not in gateways:
            return gateway_fault(gateways[0], host)
    return timed_out(phase, host)


def _hop_towards(kernel: socket.socket, address: IPAddress) -> _Hop | None:
    body = _ROUTE.pack(family_of(address), address.max_prefixlen, 0, 0, 0, 0, 0, 0, 0)
    answer = _ask(kernel, _GET_ROUTE, body + _attribute(_DESTINATION, address.packed), _NEW_ROUTE)
    if answer is None:
        return None
    said = dict(_attributes(answer[_ROUTE.size :]))
    # A gateway of the other family comes with its family before it (RFC 8950).
    gateway = said.get(_GATEWAY) or said.get(_VIA, b"")[2:]
    if not gateway or _INTERFACE not in said:
        return None
    return _Hop(gateway=ip_address(gateway), interface=int.from_bytes(said[_INTERFACE], sys.byteorder))


def _neighbour_state(kernel: socket.socket, hop: _Hop) -> int:
    body = _NEIGHBOUR.pack(family_of(hop.gateway), hop.interface, 0, 0, 0)
    answer = _ask(kernel, _GET_NEIGHBOUR, body + _attribute(_DESTINATION, hop.gateway.packed), _NEW_NEIGHBOUR)
    return 0 if answer is None else int(_NEIGHBOUR.unpack_from(answer)[2])


def _ask(kernel: socket.socket, question: int, body: bytes, wanted: int) -> bytes | None:
    """Return the body of the answer; None where it is an error, such as that there is no such thing."""
    kernel.send(_HEADER.pack(_HEADER.size + len(body), question, _REQUEST, 0, 0) + body)
    answer = kernel.recv(_LONGEST_ANSWER)
    length, kind, *_ = _HEADER.unpack_from(answer)
    return answer[_HEADER.size : length] if kind == wanted else None


def _attribute(kind: int, value: bytes) -> bytes:
    return _ATTRIBUTE.pack(_ATTRIBUTE.size + len(value), kind) + value


def _attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    position = 0
    while position + _ATTRIBUTE.size <= len(data):
        length, kind = _ATTRIBUTE.unpack_from(data, position)
        if length < _ATTRIBUTE.size:
            return
        yield kind, data[position + _ATTRIBUTE.size : position + length]
        position += (length + 3) & ~3
