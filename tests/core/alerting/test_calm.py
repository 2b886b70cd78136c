"""Whom the end of flapping is told to."""

from __future__ import annotations

import dataclasses

import pytest

from core.alerting.calm import final_tellings
from core.alerting.flapping import OUTAGES_TO_FLAP, FlappingPhase, flapping_phase
from core.alerting.ledger import Ledger
from core.alerting.policy import Bond
from core.deliveries.delivery_event import DeliveryEvent
from core.incidents.transition import TransitionKind
from plugins.api.outcome import IncidentKind
from tests.core.alerting.test_routing import (
    EARLIER_INCIDENT,
    INCIDENT,
    OPENED,
    PAGER,
    ROBOT,
    change_of,
    entry,
    policy_of,
)

DOWN = entry(PAGER.id, "ann", DeliveryEvent.MONITOR_DOWN)


def test_who_was_told_of_the_failure_and_of_its_end_is_told_nothing_more() -> None:
    later = dataclasses.replace(entry(PAGER.id, "ann", DeliveryEvent.MONITOR_UP), position=DOWN.position + 1)

    assert final_tellings(policy_of(PAGER), Ledger(entries=(DOWN, later)), None) == {}
    assert set(final_tellings(policy_of(PAGER), Ledger(entries=(DOWN,)), None)) == {DOWN.incident_id}


@pytest.mark.parametrize("bond", [Bond.SWITCHED_OFF, Bond.RETIRED])
def test_whom_the_monitor_spares_by_then_hears_only_of_what_he_was_told(bond: Bond) -> None:
    policy = policy_of(dataclasses.replace(PAGER, bond=bond))
    earlier = dataclasses.replace(DOWN, incident_id=EARLIER_INCIDENT)
    told = Ledger(entries=(earlier,))

    assert final_tellings(policy, Ledger(), INCIDENT) == {}
    over, lasting = final_tellings(policy, told, None), final_tellings(policy, told, INCIDENT)
    assert [(each.recipient, each.event) for each in over[EARLIER_INCIDENT]] == [
        ("ann", DeliveryEvent.MONITOR_UP)
    ]
    assert [(each.recipient, each.event) for each in lasting[INCIDENT]] == [
        ("ann", DeliveryEvent.MONITOR_DOWN)
    ]


def test_machines_were_told_all_along() -> None:
    assert final_tellings(policy_of(ROBOT), Ledger(), INCIDENT) == {}


@pytest.mark.parametrize("kind", [kind for kind in IncidentKind if kind is not IncidentKind.OUTAGE])
def test_what_is_no_outage_never_flaps(kind: IncidentKind) -> None:
    change = change_of(TransitionKind.OPENED, kind)

    assert flapping_phase(change, outages=99, is_flapping=True) is FlappingPhase.STEADY


def test_flapping_begins_with_an_outage_too_many_and_goes_on() -> None:
    assert flapping_phase(OPENED, outages=OUTAGES_TO_FLAP - 1, is_flapping=False) is FlappingPhase.STEADY
    assert flapping_phase(OPENED, outages=OUTAGES_TO_FLAP, is_flapping=False) is FlappingPhase.BEGINS
    assert flapping_phase(OPENED, outages=OUTAGES_TO_FLAP, is_flapping=True) is FlappingPhase.GOES_ON
