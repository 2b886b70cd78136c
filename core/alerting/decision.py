"""Why somebody is told, or is not."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from uuid import UUID

from core.alerting.policy import ChannelDestination, Destination
from core.deliveries.delivery_event import DeliveryEvent


class AlertStep(enum.StrEnum):
    """Which rule decided, by its name in GraphQL and in the database."""

    CONFIRMATION = "CONFIRMATION"
    MAINTENANCE = "MAINTENANCE"
    DEPENDENCY = "DEPENDENCY"
    FLAPPING = "FLAPPING"
    GROUPING = "GROUPING"
    QUIET_HOURS = "QUIET_HOURS"
    CAP = "CAP"
    ESCALATION = "ESCALATION"
    ROUTE = "ROUTE"
    DELIVERY = "DELIVERY"


class AlertOutcome(enum.StrEnum):
    """What was decided, or what became of it. HOLD: to be decided again later."""

    NOTIFY = "NOTIFY"
    HOLD = "HOLD"
    DROP = "DROP"
    DELIVERED = "DELIVERED"
    FAILED = "FAILED"


@dataclass(frozen=True, kw_only=True, slots=True)
class Decision:
    """One message wanted or not, and why. `recipient` is None where it concerns the destination as a whole.

    `delivery_id` names the delivery that the decision ends, where there is one.
    """

    destination: Destination
    event: DeliveryEvent
    outcome: AlertOutcome
    reason: str
    step: AlertStep = AlertStep.ROUTE
    recipient: str | None = None
    delivery_id: UUID | None = None

    @property
    def is_wanted(self) -> bool:
        """Whether a delivery is owed."""
        return self.outcome is AlertOutcome.NOTIFY

    @property
    def channel_id(self) -> UUID | None:
        """The channel, unless the destination is a webhook."""
        return self.destination.id if isinstance(self.destination, ChannelDestination) else None

    @property
    def webhook_id(self) -> UUID | None:
        """The webhook, unless the destination is a channel."""
        return None if isinstance(self.destination, ChannelDestination) else self.destination.id
