"""Who is owed the final state of a monitor that has stopped flapping."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from uuid import UUID

from core.alerting.decision import AlertOutcome, AlertStep, Decision
from core.alerting.ledger import Ledger, LedgerEntry
from core.alerting.policy import ChannelDestination, Policy
from core.deliveries.delivery_event import DeliveryEvent
from plugins.api.notifier import Audience


def final_tellings(
    policy: Policy, ledger: Ledger, open_outage: UUID | None
) -> Mapping[UUID, Sequence[Decision]]:
    """Return the messages owed, by the incident that each is about. Machines were told all along.

    `ledger` holds the outages since the flapping began, `open_outage` the one that is still going on. If
    there is one, everybody is told of it who was not; else those who were told of a failure hear that it
    is over. Whom the monitor spares is told only if he waits for the end of a failure.
    """
    tellings: defaultdict[UUID, list[Decision]] = defaultdict(list)
    for channel in policy.channels:
        if channel.is_active and channel.audience is Audience.PEOPLE:
            owed = (
                _recoveries(channel, ledger)
                if open_outage is None
                else _failures(channel, ledger, open_outage)
            )
            for incident_id, decision in owed:
                tellings[incident_id].append(decision)
    return tellings


def _failures(
    channel: ChannelDestination, ledger: Ledger, open_outage: UUID
) -> Iterator[tuple[UUID, Decision]]:
    told = ledger.of_incident(open_outage)
    for recipient in _concerned(channel, ledger):
        failure = told.last_failure(channel.id, recipient)
        if failure is None or not failure.is_live:
            reason = "no longer flapping, and down"
            yield open_outage, _telling(channel, recipient, DeliveryEvent.MONITOR_DOWN, reason)


def _concerned(channel: ChannelDestination, ledger: Ledger) -> Iterable[str]:
    """Return who hears that the monitor is down: of a channel that is spared those who wait for a failure's end."""
    if channel.is_spared:
        return [failure.recipient for failure in _told_without_end(channel, ledger)]
    return dict.fromkeys(channel.recipients)


def _recoveries(channel: ChannelDestination, ledger: Ledger) -> Iterator[tuple[UUID, Decision]]:
    for failure in _told_without_end(channel, ledger):
        reason = "no longer flapping: was told of the failure, and it is over"
        yield (
            failure.incident_id,
            _telling(channel, failure.recipient, DeliveryEvent.MONITOR_UP, reason),
        )


def _told_without_end(channel: ChannelDestination, ledger: Ledger) -> Iterator[LedgerEntry]:
    """Return the last failure that each recipient was told of, and of no recovery after it."""
    for recipient in ledger.recipients(channel.id):
        failure = ledger.last_told_failure(channel.id, recipient)
        if failure is not None and not ledger.has_recovery_after(failure):
            yield failure


def _telling(channel: ChannelDestination, recipient: str, event: DeliveryEvent, reason: str) -> Decision:
    return Decision(
        destination=channel,
        event=event,
        outcome=AlertOutcome.NOTIFY,
        step=AlertStep.ROUTE,
        reason=reason,
        recipient=recipient,
    )
