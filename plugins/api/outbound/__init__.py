"""The one way out: names resolved once, every address judged, connections made to the address judged."""

from __future__ import annotations

from plugins.api.outbound.addresses import AddressPolicy, IPAddress, MalformedAddress, judge, literal_address
from plugins.api.outbound.certificate import Validity, validity_of
from plugins.api.outbound.datagram import Datagram
from plugins.api.outbound.errors import (
    AddressRefused,
    ConnectFailed,
    ConnectionLost,
    LocalFault,
    NameNotFound,
    OutboundError,
    Phase,
    ProtocolFailed,
    ResolverUnavailable,
    TimedOut,
    TlsFailed,
)
from plugins.api.outbound.http_transport import HttpTransport
from plugins.api.outbound.network import Outbound
from plugins.api.outbound.resolver import Resolver
from plugins.api.outbound.stream import Stream

__all__ = [
    "AddressPolicy",
    "AddressRefused",
    "ConnectFailed",
    "ConnectionLost",
    "Datagram",
    "HttpTransport",
    "IPAddress",
    "LocalFault",
    "MalformedAddress",
    "NameNotFound",
    "Outbound",
    "OutboundError",
    "Phase",
    "ProtocolFailed",
    "Resolver",
    "ResolverUnavailable",
    "Stream",
    "TimedOut",
    "TlsFailed",
    "Validity",
    "judge",
    "literal_address",
    "validity_of",
]
