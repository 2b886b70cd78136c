"""Who may be told: the destinations of a workspace, as they are when a change is routed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias
from uuid import UUID

from core.deliveries.webhook_event import WebhookEvent
from plugins.api.notifier import Audience


@dataclass(frozen=True, kw_only=True, slots=True)
class ChannelDestination:
    """A channel, and the recipients that its configuration names."""

    id: UUID
    name: str
    is_active: bool
    audience: Audience
    recipients: tuple[str, ...]


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
    """The destinations of a project that has no alert policy: all that its workspace has."""

    channels: tuple[ChannelDestination, ...]
    webhooks: tuple[WebhookDestination, ...]
