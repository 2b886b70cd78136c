"""The operator's address policy, from the settings, for whatever connects outwards."""

from __future__ import annotations

from urllib.parse import urlsplit

from core.db.connector import addresses
from core.settings import PrivateTargets, Settings, SignUpRule
from plugins.api.outbound import AddressPolicy, MalformedAddress, Outbound, literal_address

_POSTGRES_PORT = 5432
_EVERY_ADDRESS = "0.0.0.0"  # noqa: S104 - compared, not bound


def outbound_for(settings: Settings) -> Outbound:
    """Return the network under the operator's policy; our own listener and database are never targets."""
    return Outbound(
        AddressPolicy(
            private_targets=_private_targets(settings) is PrivateTargets.ALLOW,
            own_endpoints=frozenset(_own_endpoints(settings)),
        )
    )


def _private_targets(settings: Settings) -> PrivateTargets:
    """Return what the operator said; else strangers who sign up must not look around in his network."""
    if settings.private_targets is not None:
        return settings.private_targets
    return PrivateTargets.DENY if settings.sign_up is SignUpRule.OPEN else PrivateTargets.ALLOW


def _own_endpoints(settings: Settings) -> list[tuple[str, int]]:
    endpoints = [(settings.listen_host, settings.listen_port)]
    for address in addresses(settings.database_url or ""):
        database = urlsplit(address)
        if database.hostname:
            port = database.port or _POSTGRES_PORT
            endpoints.append((database.hostname, port))
            if _is_this_machine(database.hostname):
                # A server that is reached by loopback mostly listens on each of its machine's addresses.
                endpoints.append((_EVERY_ADDRESS, port))
    return endpoints


def _is_this_machine(host: str) -> bool:
    try:
        address = literal_address(host)
    except MalformedAddress:
        return False
    return host.rstrip(".") == "localhost" if address is None else address.is_loopback
