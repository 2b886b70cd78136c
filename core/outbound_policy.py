"""The operator's address policy, from the settings, for whatever connects outwards."""

from __future__ import annotations

from urllib.parse import urlsplit

from core.db.connector import addresses
from core.settings import PrivateTargets, Settings
from plugins.api.outbound import AddressPolicy, Outbound

_POSTGRES_PORT = 5432


def outbound_for(settings: Settings) -> Outbound:
    """Return the network under the operator's policy; our own listener and database are never targets."""
    return Outbound(
        AddressPolicy(
            private_targets=settings.private_targets is PrivateTargets.ALLOW,
            own_endpoints=frozenset(_own_endpoints(settings)),
        )
    )


def _own_endpoints(settings: Settings) -> list[tuple[str, int]]:
    endpoints = [(settings.listen_host, settings.listen_port)]
    for address in addresses(settings.database_url or ""):
        database = urlsplit(address)
        if database.hostname:
            endpoints.append((database.hostname, database.port or _POSTGRES_PORT))
    return endpoints
