"""What becomes of a delivery whose turn has come."""

from __future__ import annotations

import dataclasses

import pytest

from core.deliveries.delivery_event import DeliveryEvent
from core.deliveries.disposition import Circumstances, reason_not_to_send
from plugins.api.notifier import Audience

FAILURE = Circumstances(
    event=DeliveryEvent.MONITOR_DOWN,
    audience=Audience.PEOPLE,
    destination_is_deleted=False,
    destination_is_active=True,
    incident_has_ended=False,
    may_be_received=False,
    was_told_of_failure=False,
    was_asked_for_by_hand=False,
)
RECOVERY = dataclasses.replace(FAILURE, event=DeliveryEvent.MONITOR_UP, incident_has_ended=True)


def test_a_failure_that_lasts_is_told() -> None:
    assert reason_not_to_send(FAILURE) is None


def test_a_failure_that_is_over_is_not_told_to_people() -> None:
    over = dataclasses.replace(FAILURE, incident_has_ended=True)

    assert reason_not_to_send(over) == "superseded: the failure was over before its message was delivered"


@pytest.mark.parametrize(
    "change", [{"audience": Audience.MACHINES}, {"may_be_received": True}, {"was_asked_for_by_hand": True}]
)
def test_a_failure_that_is_over_is_told_to_machines_and_to_whom_it_may_have_reached_and_on_request(
    change,
) -> None:
    over = dataclasses.replace(FAILURE, incident_has_ended=True, **change)

    assert reason_not_to_send(over) is None


def test_a_recovery_is_told_to_people_who_were_told_of_the_failure_only() -> None:
    assert reason_not_to_send(RECOVERY) == "was not told of the failure"
    assert reason_not_to_send(dataclasses.replace(RECOVERY, was_told_of_failure=True)) is None
    assert reason_not_to_send(dataclasses.replace(RECOVERY, audience=Audience.MACHINES)) is None


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"destination_is_deleted": True}, "its destination was deleted"),
        ({"destination_is_active": False}, "its destination is not active"),
    ],
)
@pytest.mark.parametrize("delivery", [FAILURE, RECOVERY])
def test_nothing_is_told_to_a_destination_that_is_gone(delivery, change, reason) -> None:
    gone = dataclasses.replace(delivery, was_asked_for_by_hand=True, **change)

    assert reason_not_to_send(gone) == reason
