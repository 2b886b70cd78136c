"""Whom a change is told to: examples, and rules that hold over every ledger."""

from __future__ import annotations

import dataclasses
import itertools
from collections import Counter
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.alerting.change import Change
from core.alerting.decision import AlertOutcome, AlertStep
from core.alerting.flapping import FlappingPhase
from core.alerting.ledger import Ledger, LedgerEntry
from core.alerting.policy import Bond, ChannelDestination, Policy, WebhookDestination
from core.alerting.routing import Routed, routing
from core.deliveries.delivery_event import FAILURE_BEFORE, DeliveryEvent, channel_failure, webhook_failures
from core.deliveries.delivery_status import DeliveryStatus
from core.deliveries.webhook_event import WebhookEvent
from core.incidents.transition import (
    CheckSnapshot,
    IncidentSnapshot,
    MonitorSnapshot,
    Resolution,
    Severity,
    TransitionDetails,
    TransitionKind,
)
from plugins.api.notifier import Audience
from plugins.api.outcome import IncidentKind

NOW = datetime(2026, 11, 22, 10, 30, tzinfo=UTC)
INCIDENT = UUID(int=1)
EARLIER_INCIDENT = UUID(int=2)


def change_of(
    kind: TransitionKind,
    incident_kind: IncidentKind = IncidentKind.OUTAGE,
    resolution: Resolution | None = None,
) -> Change:
    over = kind is TransitionKind.RESOLVED
    return Change(
        transition_id=UUID(int=10),
        workspace_id=UUID(int=11),
        monitor_id=UUID(int=12),
        incident_id=INCIDENT,
        kind=kind,
        at=NOW,
        details=TransitionDetails(
            monitor=MonitorSnapshot(
                id="mon_1", name="Shop", kind="http", target="https://shop", status="DOWN"
            ),
            incident=IncidentSnapshot(
                id="inc_1",
                number="INC-2026-0001",
                kind=incident_kind,
                severity=Severity.HIGH,
                started_at=NOW - timedelta(minutes=5),
                resolved_at=NOW if over else None,
                resolution=(resolution or Resolution.RECOVERED) if over else None,
            ),
            check=CheckSnapshot(slot=NOW, status="DOWN", error="HTTP 500"),
        ),
    )


OPENED = change_of(TransitionKind.OPENED)
RESOLVED = change_of(TransitionKind.RESOLVED)
ALL_EVENTS = frozenset(WebhookEvent)
PAGER = ChannelDestination(
    id=UUID(int=20), name="Pager", is_active=True, audience=Audience.PEOPLE, recipients=("ann", "bob")
)
ROBOT = ChannelDestination(
    id=UUID(int=21), name="Robot", is_active=True, audience=Audience.MACHINES, recipients=("r2",)
)
HOOK = WebhookDestination(
    id=UUID(int=22), name="Hook", is_active=True, recipient="https://hook", events=ALL_EVENTS
)


def entry(destination_id: UUID, recipient: str, event: DeliveryEvent, **changes) -> LedgerEntry:
    return LedgerEntry(
        **{
            "delivery_id": UUID(int=next(_numbers)),
            "incident_id": INCIDENT,
            "destination_id": destination_id,
            "recipient": recipient,
            "event": event,
            "status": DeliveryStatus.DELIVERED,
            "may_be_received": False,
            "position": next(_numbers),
            **changes,
        }
    )


_numbers = itertools.count(1000)


def policy_of(*destinations) -> Policy:
    return Policy(
        channels=tuple(each for each in destinations if isinstance(each, ChannelDestination)),
        webhooks=tuple(each for each in destinations if isinstance(each, WebhookDestination)),
    )


def told(routed: Routed) -> list[tuple[str, str | None, str]]:
    return [(each.destination.name, each.recipient, each.event.value) for each in routed.deliveries]


# ---- examples ------------------------------------------------------------------------------------


def test_people_are_not_told_that_a_degradation_is_over_when_it_became_an_outage() -> None:
    worsened = change_of(TransitionKind.RESOLVED, IncidentKind.DEGRADED, Resolution.WORSENED)
    ledger = Ledger(
        entries=(
            entry(PAGER.id, "ann", DeliveryEvent.DEGRADED),
            entry(ROBOT.id, "r2", DeliveryEvent.DEGRADED),
        )
    )

    routed = routing(worsened, policy_of(PAGER, ROBOT), ledger, NOW)

    assert told(routed) == [("Robot", "r2", "RECOVERED")]
    assert [each.reason for each in routed.decisions if each.recipient == "ann"] == [
        "the monitor went down, which is told instead"
    ]


def test_every_active_channel_and_its_every_recipient_is_told_of_a_failure() -> None:
    routed = routing(OPENED, policy_of(PAGER, ROBOT), Ledger(), NOW)

    assert told(routed) == [
        ("Pager", "ann", "MONITOR_DOWN"),
        ("Pager", "bob", "MONITOR_DOWN"),
        ("Robot", "r2", "MONITOR_DOWN"),
    ]


@pytest.mark.parametrize(
    ("bond", "told_for", "reason"),
    [
        (Bond.SHARED, ["ann", "bob"], "every active channel is told: the project has no alert policy"),
        (Bond.NAMED, ["ann", "bob"], "the monitor names the channel as its own"),
        (Bond.OWN, ["ann", "bob"], "the channel is the monitor's own"),
        (Bond.SWITCHED_OFF, [], "the monitor has this channel switched off"),
        (Bond.RETIRED, [], "the channel is the monitor's own no longer"),
    ],
)
def test_what_a_channel_is_to_the_monitor_decides_and_is_the_reason(bond, told_for, reason) -> None:
    routed = routing(OPENED, policy_of(dataclasses.replace(PAGER, bond=bond)), Ledger(), NOW)

    assert [each.recipient for each in routed.deliveries] == told_for
    assert {(each.step, each.reason) for each in routed.decisions} == {(AlertStep.ROUTE, reason)}
    assert {each.outcome for each in routed.decisions} == {
        AlertOutcome.NOTIFY if told_for else AlertOutcome.DROP
    }


@pytest.mark.parametrize("bond", Bond)
def test_a_channel_that_is_not_active_is_told_of_nothing_whatever_it_is_to_the_monitor(bond) -> None:
    inactive = dataclasses.replace(ROBOT, is_active=False, bond=bond)

    routed = routing(OPENED, policy_of(inactive), Ledger(), NOW)

    assert [each.outcome for each in routed.decisions] == [AlertOutcome.DROP]


def test_a_webhook_gets_its_four_events_in_the_documented_order() -> None:
    failure = routing(OPENED, policy_of(HOOK), Ledger(), NOW)
    ledger = Ledger(entries=tuple(entry(HOOK.id, HOOK.recipient, each.event) for each in failure.deliveries))
    recovery = routing(RESOLVED, policy_of(HOOK), ledger, NOW)

    assert [event for _, _, event in told(failure)] == ["MONITOR_DOWN", "INCIDENT_CREATED"]
    assert [event for _, _, event in told(recovery)] == ["INCIDENT_RESOLVED", "MONITOR_UP"]


@pytest.mark.parametrize("kind", [IncidentKind.DEGRADED, IncidentKind.EXPIRY, IncidentKind.REGRESSION])
def test_what_is_no_outage_has_events_of_its_own_and_is_no_news_of_the_monitor_to_webhooks(kind) -> None:
    failure = routing(change_of(TransitionKind.OPENED, kind), policy_of(ROBOT, HOOK), Ledger(), NOW)
    ledger = Ledger(
        entries=tuple(
            entry(each.destination.id, each.recipient or "", each.event) for each in failure.deliveries
        )
    )
    recovery = routing(change_of(TransitionKind.RESOLVED, kind), policy_of(ROBOT, HOOK), ledger, NOW)

    assert [event for _, _, event in told(failure)] == [kind.value, "INCIDENT_CREATED"]
    assert [event for _, _, event in told(recovery)] == ["RECOVERED", "INCIDENT_RESOLVED"]


def test_a_webhook_is_told_what_it_subscribes_to_and_the_rest_has_a_reason() -> None:
    only_up = dataclasses.replace(HOOK, events=frozenset({WebhookEvent.MONITOR_UP}))

    failure = routing(OPENED, policy_of(only_up), Ledger(), NOW)
    recovery = routing(RESOLVED, policy_of(only_up), Ledger(), NOW)

    assert [each.reason for each in failure.decisions] == [
        "the webhook does not subscribe to monitor.down",
        "the webhook does not subscribe to incident.created",
    ]
    assert told(recovery) == [("Hook", "https://hook", "MONITOR_UP")]


@pytest.mark.parametrize(
    "resolution", [Resolution.DELETED, Resolution.CHANGED, Resolution.VOID, Resolution.BY_HAND]
)
def test_an_incident_that_ends_without_recovery_is_told_to_those_who_know_of_it_only(resolution) -> None:
    only_up = dataclasses.replace(HOOK, events=frozenset({WebhookEvent.MONITOR_UP}))
    ended = change_of(TransitionKind.RESOLVED, resolution=resolution)
    ledger = Ledger(entries=(entry(PAGER.id, "ann", DeliveryEvent.MONITOR_DOWN),))

    routed = routing(ended, policy_of(PAGER, only_up), ledger, NOW)

    assert told(routed) == [("Pager", "ann", "MONITOR_UP")]


def test_people_are_spared_a_failure_that_was_over_before_it_was_delivered() -> None:
    waiting = entry(PAGER.id, "ann", DeliveryEvent.MONITOR_DOWN, status=DeliveryStatus.PENDING)

    routed = routing(RESOLVED, policy_of(PAGER), Ledger(entries=(waiting,)), NOW)

    assert told(routed) == []
    assert routed.superseded == (waiting.delivery_id,)
    assert [(each.outcome, each.recipient) for each in routed.decisions] == [(AlertOutcome.DROP, "ann")]


def test_people_whose_message_is_on_its_way_get_the_recovery() -> None:
    under_way = entry(
        PAGER.id, "ann", DeliveryEvent.MONITOR_DOWN, status=DeliveryStatus.PENDING, may_be_received=True
    )

    routed = routing(RESOLVED, policy_of(PAGER), Ledger(entries=(under_way,)), NOW)

    assert told(routed) == [("Pager", "ann", "MONITOR_UP")]
    assert routed.superseded == ()


@pytest.mark.parametrize("status", [DeliveryStatus.PENDING, DeliveryStatus.FAILED])
def test_machines_get_the_recovery_whatever_became_of_the_failure(status) -> None:
    entries = (
        entry(ROBOT.id, "r2", DeliveryEvent.MONITOR_DOWN, status=status),
        entry(HOOK.id, "https://hook", DeliveryEvent.MONITOR_DOWN, status=status),
        entry(HOOK.id, "https://hook", DeliveryEvent.INCIDENT_CREATED, status=status),
    )

    routed = routing(RESOLVED, policy_of(ROBOT, HOOK), Ledger(entries=entries), NOW)

    assert [event for _, _, event in told(routed)] == ["MONITOR_UP", "INCIDENT_RESOLVED", "MONITOR_UP"]
    assert routed.superseded == ()


def test_a_channel_that_was_not_told_of_the_failure_is_not_told_of_the_recovery_and_this_is_written() -> None:
    inactive = dataclasses.replace(ROBOT, is_active=False)

    routed = routing(RESOLVED, policy_of(PAGER, inactive), Ledger(), NOW)

    assert [(each.destination.name, each.outcome, each.reason) for each in routed.decisions] == [
        ("Pager", AlertOutcome.DROP, "was not told of the failure"),
        ("Robot", AlertOutcome.DROP, "the channel is not active"),
    ]


def test_a_flapping_monitor_is_told_to_people_once_and_to_machines_each_time() -> None:
    policy = policy_of(PAGER, ROBOT, HOOK)
    begins = routing(OPENED, policy, Ledger(phase=FlappingPhase.BEGINS), NOW)
    entries = tuple(
        entry(each.destination.id, each.recipient or "", each.event, incident_id=EARLIER_INCIDENT)
        for each in begins.deliveries
    )
    goes_on = routing(OPENED, policy, Ledger(entries=entries, phase=FlappingPhase.GOES_ON), NOW)

    assert [name for name, _, _ in told(begins)] == ["Pager", "Pager", "Robot", "Hook", "Hook"]
    assert [name for name, _, _ in told(goes_on)] == ["Robot", "Hook", "Hook"]
    assert {each.step for each in goes_on.decisions if not each.is_wanted} == {AlertStep.FLAPPING}
    assert [timer.due_at for timer in goes_on.timers] == [NOW + timedelta(minutes=15)]


def test_people_who_missed_the_flapping_message_get_the_next_one() -> None:
    missed = entry(
        PAGER.id,
        "ann",
        DeliveryEvent.MONITOR_DOWN,
        status=DeliveryStatus.SUPPRESSED,
        incident_id=EARLIER_INCIDENT,
    )
    has_it = entry(PAGER.id, "bob", DeliveryEvent.MONITOR_DOWN, incident_id=EARLIER_INCIDENT)

    routed = routing(
        OPENED, policy_of(PAGER), Ledger(entries=(missed, has_it), phase=FlappingPhase.GOES_ON), NOW
    )

    assert told(routed) == [("Pager", "ann", "MONITOR_DOWN")]


def test_the_recovery_of_a_flapping_monitor_is_held_for_people() -> None:
    entries = (
        entry(PAGER.id, "ann", DeliveryEvent.MONITOR_DOWN),
        entry(ROBOT.id, "r2", DeliveryEvent.MONITOR_DOWN),
    )

    routed = routing(
        RESOLVED, policy_of(PAGER, ROBOT), Ledger(entries=entries, phase=FlappingPhase.GOES_ON), NOW
    )

    assert told(routed) == [("Robot", "r2", "MONITOR_UP")]
    assert [(each.outcome, each.step) for each in routed.decisions if not each.is_wanted] == [
        (AlertOutcome.HOLD, AlertStep.FLAPPING)
    ]


# ---- rules ---------------------------------------------------------------------------------------

recipients = st.sampled_from(["ann", "bob", "cyd"])
channels = st.builds(
    ChannelDestination,
    id=st.integers(30, 33).map(lambda number: UUID(int=number)),
    name=st.just("channel"),
    is_active=st.booleans(),
    audience=st.sampled_from(Audience),
    recipients=st.lists(recipients, max_size=3).map(tuple),
    bond=st.sampled_from(Bond),
)
webhooks = st.builds(
    WebhookDestination,
    id=st.integers(40, 43).map(lambda number: UUID(int=number)),
    name=st.just("webhook"),
    is_active=st.booleans(),
    recipient=st.just("https://hook"),
    events=st.frozensets(st.sampled_from(WebhookEvent)),
)
policies = st.builds(
    Policy,
    channels=st.lists(channels, max_size=4, unique_by=lambda each: each.id).map(tuple),
    webhooks=st.lists(webhooks, max_size=4, unique_by=lambda each: each.id).map(tuple),
)
incident_kinds = st.sampled_from(IncidentKind)
phases = st.sampled_from(FlappingPhase)


@st.composite
def failure_ledgers(draw, kind: IncidentKind, policy: Policy) -> tuple[LedgerEntry, ...]:
    """What may have become of the messages of a failure of the kind, to some of the destinations."""
    wanted = [
        (channel.id, recipient, channel_failure(kind))
        for channel in policy.channels
        for recipient in sorted({*channel.recipients, "gone"})
    ]
    wanted += [
        (webhook.id, webhook.recipient, DeliveryEvent(event))
        for webhook in policy.webhooks
        for event in webhook_failures(kind)
    ]
    return tuple(
        entry(
            destination,
            recipient,
            event,
            status=status,
            may_be_received=status is not DeliveryStatus.DELIVERED and draw(st.booleans()),
        )
        for destination, recipient, event in wanted
        if draw(st.booleans())
        for status in [draw(st.sampled_from(DeliveryStatus))]
    )


@given(st.data(), incident_kinds, policies, phases, st.sampled_from(TransitionKind))
def test_each_destination_gets_exactly_one_decision_for_each_event_and_recipient(
    data, kind, policy, phase, transition
) -> None:
    entries = data.draw(failure_ledgers(kind, policy))

    routed = routing(change_of(transition, kind), policy, Ledger(entries=entries, phase=phase), NOW)

    counts = Counter((each.destination.id, each.event, each.recipient) for each in routed.decisions)
    assert set(counts.values()) <= {1}
    assert {each.destination.id for each in routed.decisions} == {
        each.id for each in (*policy.channels, *policy.webhooks)
    }
    for webhook in policy.webhooks:
        events = {each.event for each in routed.decisions if each.destination.id == webhook.id}
        assert len(events) == len(webhook_failures(kind))


@given(incident_kinds, policies, phases)
def test_a_failure_is_told_through_exactly_the_channels_that_the_monitor_does_not_spare(
    kind, policy, phase
) -> None:
    routed = routing(change_of(TransitionKind.OPENED, kind), policy, Ledger(phase=phase), NOW)

    through = {
        each.destination.id for each in routed.deliveries if isinstance(each.destination, ChannelDestination)
    }
    assert through == {
        each.id
        for each in policy.channels
        if each.is_active and each.recipients and each.bond not in (Bond.SWITCHED_OFF, Bond.RETIRED)
    }


@given(st.data(), incident_kinds, policies, phases)
def test_what_a_channel_is_to_the_monitor_changes_nothing_about_a_recovery(data, kind, policy, phase) -> None:
    ledger = Ledger(entries=data.draw(failure_ledgers(kind, policy)), phase=phase)
    change = change_of(TransitionKind.RESOLVED, kind)
    bonds = data.draw(st.tuples(*(st.sampled_from(Bond) for _ in policy.channels)))
    channels = zip(policy.channels, bonds, strict=True)
    by_then = dataclasses.replace(
        policy, channels=tuple(dataclasses.replace(channel, bond=bond) for channel, bond in channels)
    )

    first, second = routing(change, policy, ledger, NOW), routing(change, by_then, ledger, NOW)

    assert told(first) == told(second)
    assert [each.reason for each in first.decisions] == [each.reason for each in second.decisions]


@given(st.data(), incident_kinds, policies, phases)
def test_a_recovery_goes_exactly_to_the_recipients_who_were_told_or_are_being_told(
    data, kind, policy, phase
) -> None:
    entries = data.draw(failure_ledgers(kind, policy))

    routed = routing(
        change_of(TransitionKind.RESOLVED, kind), policy, Ledger(entries=entries, phase=phase), NOW
    )

    active = {channel.id: channel for channel in policy.channels if channel.is_active}
    owed = {
        (each.destination_id, each.recipient)
        for each in entries
        if each.destination_id in active and _is_told(active[each.destination_id], each)
    }
    answered = {
        (each.destination.id, each.recipient)
        for each in routed.decisions
        if isinstance(each.destination, ChannelDestination) and each.outcome is not AlertOutcome.DROP
    }
    held = {each.outcome for each in routed.decisions} & {AlertOutcome.HOLD}
    assert answered == owed
    assert not held or phase is not FlappingPhase.STEADY


def _is_told(channel: ChannelDestination, told_entry: LedgerEntry) -> bool:
    if told_entry.status is DeliveryStatus.DELIVERED or told_entry.may_be_received:
        return True
    return channel.audience is Audience.MACHINES and told_entry.status is not DeliveryStatus.SUPPRESSED


@given(st.data(), incident_kinds, policies, phases)
def test_only_people_lose_a_message_and_only_one_that_certainly_did_not_reach_them(
    data, kind, policy, phase
) -> None:
    entries = data.draw(failure_ledgers(kind, policy))

    routed = routing(
        change_of(TransitionKind.RESOLVED, kind), policy, Ledger(entries=entries, phase=phase), NOW
    )

    people = {channel.id for channel in policy.channels if channel.audience is Audience.PEOPLE}
    by_id = {each.delivery_id: each for each in entries}
    for delivery_id in routed.superseded:
        lost = by_id[delivery_id]
        assert lost.destination_id in people
        assert lost.status is DeliveryStatus.PENDING
        assert not lost.may_be_received


@given(st.data(), incident_kinds, policies, phases, st.sampled_from(TransitionKind))
def test_nobody_is_told_twice_when_a_change_is_routed_again(data, kind, policy, phase, transition) -> None:
    change = change_of(transition, kind)
    entries = data.draw(failure_ledgers(kind, policy)) if transition is TransitionKind.RESOLVED else ()
    first = routing(change, policy, Ledger(entries=entries, phase=phase), NOW)
    written = tuple(
        entry(each.destination.id, each.recipient or "", each.event, status=DeliveryStatus.PENDING)
        for each in first.deliveries
    )

    again = routing(change, policy, Ledger(entries=(*entries, *written), phase=phase), NOW)

    # Webhooks are kept from a repetition by the outbox: (transition, event, destination) is unique there.
    repeated = {
        (each.destination.id, each.recipient)
        for each in again.deliveries
        if isinstance(each.destination, ChannelDestination)
    }
    assert repeated == set()


@given(st.data(), policies, phases)
def test_a_webhook_that_was_told_of_the_failure_gets_the_recovery_even_while_the_monitor_flaps(
    data, policy, phase
) -> None:
    entries = data.draw(failure_ledgers(IncidentKind.OUTAGE, policy))

    routed = routing(RESOLVED, policy, Ledger(entries=entries, phase=phase), NOW)

    wanted = {(each.destination.id, each.event) for each in routed.deliveries}
    for webhook in policy.webhooks:
        known = {
            each.event
            for each in entries
            if each.destination_id == webhook.id
            and (each.may_be_received or each.status is not DeliveryStatus.SUPPRESSED)
        }
        for event, before in FAILURE_BEFORE.items():
            if webhook.is_active and event in webhook.events and DeliveryEvent(before) in known:
                assert (webhook.id, DeliveryEvent(event)) in wanted
