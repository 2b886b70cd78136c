"""What becomes of a delivery whose turn has come, judged by the state of the world at that moment."""

from __future__ import annotations

from dataclasses import dataclass

from core.deliveries.delivery_event import FAILURES, RECOVERIES, DeliveryEvent
from plugins.api.notifier import Audience


@dataclass(frozen=True, kw_only=True, slots=True)
class Circumstances:
    """What bears on a delivery.

    `was_asked_for_by_hand`: somebody sends it again. `may_be_received`: an earlier attempt's end is not known.
    `was_told_of_failure`: the same recipient has, or may have, the failure that a recovery ends.
    """

    event: DeliveryEvent
    audience: Audience
    destination_is_deleted: bool
    destination_is_active: bool
    incident_has_ended: bool
    may_be_received: bool
    was_told_of_failure: bool
    was_asked_for_by_hand: bool


def reason_not_to_send(now: Circumstances) -> str | None:
    """Return why the message is not to be sent any more, or None to send it."""
    if now.destination_is_deleted:
        return "its destination was deleted"
    if not now.destination_is_active:
        return "its destination is not active"
    if now.was_asked_for_by_hand or now.audience is Audience.MACHINES:
        return None
    if now.event in FAILURES and now.incident_has_ended and not now.may_be_received:
        return "superseded: the failure was over before its message was delivered"
    if now.event in RECOVERIES and not now.was_told_of_failure:
        return "was not told of the failure"
    return None
