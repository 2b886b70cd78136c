"""Whom a change is told to, and the reason for each one who is not told.

A recovery goes to those who were told of the failure, or are being told, and to nobody else, whatever the
monitor says of its channels by then. People are spared a failure that was over before its message was
delivered, and the repetitions of a flapping monitor; machines and signed webhooks get every message, in order.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from uuid import UUID

from core.alerting.change import Change
from core.alerting.decision import AlertOutcome, AlertStep, Decision
from core.alerting.flapping import CALM_AFTER, OUTAGES_TO_FLAP, FlappingPhase
from core.alerting.ledger import Ledger, LedgerEntry
from core.alerting.policy import Bond, ChannelDestination, Policy, WebhookDestination
from core.alerting.timer import TimerKind, WantedTimer
from core.deliveries.delivery_event import (
    FAILURE_BEFORE,
    DeliveryEvent,
    channel_failure,
    channel_recovery,
    webhook_failures,
    webhook_recoveries,
)
from core.deliveries.delivery_status import DeliveryStatus
from core.deliveries.webhook_event import WebhookEvent
from core.incidents.transition import Resolution, TransitionKind
from plugins.api.notifier import Audience

SUPERSEDED = "superseded: the failure was over before its message was delivered"

# Why a channel is told of a failure, and why it is not, by what it is to the monitor.
_TOLD: Mapping[Bond, str] = MappingProxyType(
    {
        Bond.SHARED: "every active channel is told: the project has no alert policy",
        Bond.NAMED: "the monitor names the channel as its own",
        Bond.OWN: "the channel is the monitor's own",
    }
)
_SPARED: Mapping[Bond, str] = MappingProxyType(
    {
        Bond.SWITCHED_OFF: "the monitor has this channel switched off",
        Bond.RETIRED: "the channel is the monitor's own no longer",
    }
)
_CALM_MINUTES = int(CALM_AFTER.total_seconds() // 60)


@dataclass(frozen=True, kw_only=True, slots=True)
class Routed:
    """What a change leads to.

    A delivery is owed for each decision that wants one, in their order. `superseded` are deliveries that
    are not to be sent any more.
    """

    decisions: tuple[Decision, ...]
    superseded: tuple[UUID, ...] = ()
    timers: tuple[WantedTimer, ...] = ()

    @property
    def deliveries(self) -> tuple[Decision, ...]:
        """The decisions for which a delivery is owed."""
        return tuple(decision for decision in self.decisions if decision.is_wanted)


def routing(change: Change, policy: Policy, ledger: Ledger, now: datetime) -> Routed:
    """Decide who is told of the change."""
    if change.kind is TransitionKind.OPENED:
        decisions = (*_failures_to_channels(change, policy, ledger), *_failures_to_webhooks(change, policy))
    else:
        told = ledger.of_incident(change.incident_id)
        decisions = (
            *_recoveries_to_channels(change, policy, told),
            *_recoveries_to_webhooks(change, policy, told),
        )
    return Routed(
        decisions=decisions,
        superseded=tuple(decision.delivery_id for decision in decisions if decision.delivery_id),
        timers=_timers(change, ledger.phase, now),
    )


def _timers(change: Change, phase: FlappingPhase, now: datetime) -> tuple[WantedTimer, ...]:
    if phase is FlappingPhase.STEADY:
        return ()
    calm = WantedTimer(
        kind=TimerKind.FLAPPING,
        subject_id=change.monitor_id,
        due_at=now + CALM_AFTER,
        since=change.details.incident.started_at,
    )
    return (calm,)


# ---- a failure -----------------------------------------------------------------------------------


def _failures_to_channels(change: Change, policy: Policy, ledger: Ledger) -> Iterator[Decision]:
    event = channel_failure(change.details.incident.kind)
    for channel in policy.channels:
        refusal = _refusal(channel)
        if refusal:
            yield _dropped(channel, event, refusal)
            continue
        for recipient in dict.fromkeys(channel.recipients):
            yield _failure_to(channel, recipient, event, change, ledger)


def _refusal(channel: ChannelDestination) -> str | None:
    if channel.is_spared:
        return _SPARED[channel.bond]
    if not channel.is_active:
        return "the channel is not active"
    return None if channel.recipients else "the channel names no recipient"


def _failure_to(
    channel: ChannelDestination, recipient: str, event: DeliveryEvent, change: Change, ledger: Ledger
) -> Decision:
    told = ledger.of_incident(change.incident_id)
    failure = told.last_failure(channel.id, recipient)
    if failure is not None and failure.is_live and not told.has_recovery_after(failure):
        return _dropped(channel, event, "was told of the incident already", recipient)
    if channel.audience is Audience.MACHINES or ledger.phase is FlappingPhase.STEADY:
        return _wanted(channel, event, _TOLD[channel.bond], recipient)
    return _flapping_failure_to(channel, recipient, event, ledger)


def _flapping_failure_to(
    channel: ChannelDestination, recipient: str, event: DeliveryEvent, ledger: Ledger
) -> Decision:
    if ledger.phase is FlappingPhase.GOES_ON:
        last = ledger.last_failure(channel.id, recipient, event)
        if last is not None and last.is_live:
            reason = f"flapping: told once, and again after {_CALM_MINUTES} calm minutes"
            return _dropped(channel, event, reason, recipient, step=AlertStep.FLAPPING)
    reason = f"flapping: at least {OUTAGES_TO_FLAP} outages within an hour are told as one"
    return _wanted(channel, event, reason, recipient, step=AlertStep.FLAPPING)


def _failures_to_webhooks(change: Change, policy: Policy) -> Iterator[Decision]:
    for webhook in policy.webhooks:
        for webhook_event in webhook_failures(change.details.incident.kind):
            yield _to_webhook(webhook, webhook_event, was_told=True)


# ---- a recovery ----------------------------------------------------------------------------------


def _recoveries_to_channels(change: Change, policy: Policy, told: Ledger) -> Iterator[Decision]:
    event = channel_recovery(change.details.incident.kind)
    for channel in policy.channels:
        recipients = told.recipients(channel.id)
        if not channel.is_active:
            yield _dropped(channel, event, "the channel is not active")
        elif not recipients:
            yield _dropped(channel, event, "was not told of the failure")
        else:
            for recipient in recipients:
                yield _recovery_to(channel, recipient, event, change, told)


def _recovery_to(
    channel: ChannelDestination, recipient: str, event: DeliveryEvent, change: Change, told: Ledger
) -> Decision:
    failure = told.last_failure(channel.id, recipient)
    if failure is None or not _is_owed_recovery(channel, failure):
        if failure is not None and failure.status is DeliveryStatus.PENDING:
            return _superseded(channel, event, failure)
        return _dropped(channel, event, "was not told of the failure", recipient)
    if told.has_recovery_after(failure):
        return _dropped(channel, event, "was told of the recovery already", recipient)
    if channel.audience is Audience.PEOPLE and change.details.incident.resolution is Resolution.WORSENED:
        return _dropped(channel, event, "the monitor went down, which is told instead", recipient)
    if channel.audience is Audience.PEOPLE and told.phase is not FlappingPhase.STEADY:
        return Decision(
            destination=channel,
            event=event,
            outcome=AlertOutcome.HOLD,
            step=AlertStep.FLAPPING,
            reason=f"flapping: the final state is told after {_CALM_MINUTES} calm minutes",
            recipient=recipient,
        )
    return _wanted(channel, event, "was told of the failure, or is being told", recipient)


def _is_owed_recovery(channel: ChannelDestination, failure: LedgerEntry) -> bool:
    if channel.audience is Audience.PEOPLE:
        return failure.is_told
    return failure.is_told or failure.status is not DeliveryStatus.SUPPRESSED


def _recoveries_to_webhooks(change: Change, policy: Policy, told: Ledger) -> Iterator[Decision]:
    for webhook in policy.webhooks:
        for webhook_event in webhook_recoveries(change.details.incident.kind):
            yield _to_webhook(webhook, webhook_event, was_told=_knows(webhook, webhook_event, change, told))


def _knows(webhook: WebhookDestination, event: WebhookEvent, change: Change, told: Ledger) -> bool:
    """Return whether the webhook can make sense of the event: it was told of the failure, or never asks to be."""
    before = FAILURE_BEFORE[event]
    failure = told.last_failure(webhook.id, event=DeliveryEvent(before))
    if failure is not None:
        return failure.is_told or failure.status is not DeliveryStatus.SUPPRESSED
    has_recovered = change.details.incident.resolution in (None, Resolution.RECOVERED)
    return before not in webhook.events and has_recovered


# ---- decisions -----------------------------------------------------------------------------------


def _to_webhook(webhook: WebhookDestination, webhook_event: WebhookEvent, *, was_told: bool) -> Decision:
    event = DeliveryEvent(webhook_event)
    if not webhook.is_active:
        return _dropped(webhook, event, "the webhook is not active")
    if webhook_event not in webhook.events:
        return _dropped(webhook, event, f"the webhook does not subscribe to {event.dotted}")
    if not was_told:
        return _dropped(webhook, event, "was not told of the failure")
    return _wanted(webhook, event, f"the webhook subscribes to {event.dotted}", webhook.recipient)


def _wanted(
    destination: ChannelDestination | WebhookDestination,
    event: DeliveryEvent,
    reason: str,
    recipient: str,
    *,
    step: AlertStep = AlertStep.ROUTE,
) -> Decision:
    return Decision(
        destination=destination,
        event=event,
        outcome=AlertOutcome.NOTIFY,
        step=step,
        reason=reason,
        recipient=recipient,
    )


def _dropped(
    destination: ChannelDestination | WebhookDestination,
    event: DeliveryEvent,
    reason: str,
    recipient: str | None = None,
    *,
    step: AlertStep = AlertStep.ROUTE,
) -> Decision:
    return Decision(
        destination=destination,
        event=event,
        outcome=AlertOutcome.DROP,
        step=step,
        reason=reason,
        recipient=recipient,
    )


def _superseded(channel: ChannelDestination, event: DeliveryEvent, failure: LedgerEntry) -> Decision:
    return Decision(
        destination=channel,
        event=event,
        outcome=AlertOutcome.DROP,
        reason=SUPERSEDED,
        recipient=failure.recipient,
        delivery_id=failure.delivery_id,
    )
