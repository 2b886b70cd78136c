"""Who was told what: the deliveries that bear on a change."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from uuid import UUID

from core.alerting.flapping import FlappingPhase
from core.deliveries.delivery_event import FAILURES, RECOVERIES, DeliveryEvent
from core.deliveries.delivery_status import DeliveryStatus


@dataclass(frozen=True, kw_only=True, slots=True)
class LedgerEntry:
    """One delivery. `may_be_received`: an attempt began and nobody knows how it ended."""

    delivery_id: UUID
    incident_id: UUID
    destination_id: UUID
    recipient: str
    event: DeliveryEvent
    status: DeliveryStatus
    may_be_received: bool
    position: int

    @property
    def is_told(self) -> bool:
        """Whether the recipient has the message, as far as is known or must be feared."""
        return self.status is DeliveryStatus.DELIVERED or self.may_be_received

    @property
    def is_live(self) -> bool:
        """Whether the recipient has the message or will have it."""
        return self.is_told or self.status is DeliveryStatus.PENDING


@dataclass(frozen=True, kw_only=True, slots=True)
class Ledger:
    """The deliveries of the incident, and while its monitor flaps of all incidents since it began to."""

    entries: tuple[LedgerEntry, ...] = ()
    phase: FlappingPhase = FlappingPhase.STEADY

    def of_incident(self, incident_id: UUID) -> Ledger:
        """Return what belongs to one incident."""
        return Ledger(
            entries=tuple(entry for entry in self.entries if entry.incident_id == incident_id),
            phase=self.phase,
        )

    def recipients(self, destination_id: UUID) -> tuple[str, ...]:
        """Return whom the destination's failure messages were for, in their order, each once."""
        return tuple(dict.fromkeys(entry.recipient for entry in self._of(destination_id, None, FAILURES)))

    def last_failure(
        self, destination_id: UUID, recipient: str | None = None, event: DeliveryEvent | None = None
    ) -> LedgerEntry | None:
        """Return the latest message of a failure, to one recipient and of one event where these are given."""
        wanted = FAILURES if event is None else {event}
        return max(self._of(destination_id, recipient, wanted), key=_position, default=None)

    def last_told_failure(self, destination_id: UUID, recipient: str) -> LedgerEntry | None:
        """Return the latest message of a failure that the recipient has."""
        told = (entry for entry in self._of(destination_id, recipient, FAILURES) if entry.is_told)
        return max(told, key=_position, default=None)

    def has_recovery_after(self, failure: LedgerEntry) -> bool:
        """Return whether the recipient has, or will have, a recovery that followed the failure."""
        recoveries = self._of(failure.destination_id, failure.recipient, RECOVERIES)
        return any(entry.is_live and entry.position > failure.position for entry in recoveries)

    def _of(
        self, destination_id: UUID, recipient: str | None, events: Collection[DeliveryEvent]
    ) -> Iterable[LedgerEntry]:
        return (
            entry
            for entry in self.entries
            if entry.destination_id == destination_id
            and entry.event in events
            and (recipient is None or entry.recipient == recipient)
        )


def _position(entry: LedgerEntry) -> int:
    return entry.position
