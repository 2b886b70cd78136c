"""Who may be told: the destinations of a monitor, as they are when a change is routed."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TypeAlias
from uuid import UUID

from core.deliveries.webhook_event import WebhookEvent
from plugins.api.notifier import Audience


class Bond(enum.Enum):
    """What a channel is to the monitor that a change is about."""

    SHARED = enum.auto()
    """The workspace's, of which the monitor says nothing."""
    NAMED = enum.auto()
    """The workspace's, which the monitor names among its own."""
    OWN = enum.auto()
    """Made for the monitor."""
    SWITCHED_OFF = enum.auto()
    """Either of the two, and switched off for this monitor."""
    RETIRED = enum.auto()
    """Was the monitor's own until the monitor let go of it, or ended."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ChannelDestination:
    """A channel, and the recipients that its configuration names."""

    id: UUID
    name: str
    is_active: bool
    audience: Audience
    recipients: tuple[str, ...]
    bond: Bond = Bond.SHARED

    @property
    def is_spared(self) -> bool:
        """Whether it is told of no failure of the monitor."""
        return self.bond in (Bond.SWITCHED_OFF, Bond.RETIRED)


@dataclass(frozen=True, kw_only=True, slots=True)
class WebhookDestination:
    """A signed webhook, and what it subscribes to. `recipient` is its address as it may be shown."""

    id: UUID
    name: str
    is_active: bool
    recipient: str
    events: frozenset[WebhookEvent]


Destination: TypeAlias = ChannelDestination | WebhookDestination


@dataclass(frozen=True, kw_only=True, slots=True)
class Policy:
    """The destinations of a monitor whose project has no alert policy: all that its workspace has, and its own."""

    channels: tuple[ChannelDestination, ...]
    webhooks: tuple[WebhookDestination, ...]
