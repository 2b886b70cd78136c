"""Everything that a face needs, built once for each API process."""

from __future__ import annotations

from dataclasses import dataclass

from core.access.token_authentication import TokenAuthentication
from core.clock import Clock
from core.db.database import Database
from core.deliveries.channel_service import ChannelService
from core.deliveries.webhook_service import WebhookService
from core.plugin_registry import PluginRegistry
from core.settings import Settings
from plugins.api.outbound import Outbound


@dataclass(frozen=True, kw_only=True, slots=True)
class Services:
    """The services and what they stand on.

    A service's method takes the principal and a frozen input value, checks the permission, validates, stores
    in one transaction, and returns the id of what it changed; it raises the errors of `core.errors`.
    """

    settings: Settings
    clock: Clock
    database: Database
    registry: PluginRegistry
    outbound: Outbound
    authentication: TokenAuthentication
    channels: ChannelService
    webhooks: WebhookService


def build_services(
    *, settings: Settings, database: Database, registry: PluginRegistry, clock: Clock, outbound: Outbound
) -> Services:
    """Return the services on one pool, that of the faces."""
    return Services(
        settings=settings,
        clock=clock,
        database=database,
        registry=registry,
        outbound=outbound,
        authentication=TokenAuthentication(database=database, clock=clock),
        channels=ChannelService(database=database, registry=registry, clock=clock),
        webhooks=WebhookService(database=database, clock=clock),
    )
