"""What happens when a flapping monitor has been calm for long enough."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from core.alerting.calm import final_tellings
from core.alerting.change import Change
from core.alerting.inbox import change_of
from core.alerting.ledger import Ledger
from core.alerting.record import occasion_of, show_flapping, write_decisions
from core.alerting.situation import read_entries, read_policy, read_surroundings
from core.alerting.timer import DueTimer
from core.db.database import Connection
from core.db.named_sql import named_sql
from core.incidents.transition import TransitionKind
from core.plugin_registry import PluginRegistry

_SQL = named_sql("alerting")


@dataclass(frozen=True, kw_only=True, slots=True)
class _Outages:
    """The outages since a monitor began to flap: their transitions in order, and the one that goes on."""

    changes: tuple[Change, ...]
    open_outage: UUID | None
    since: datetime


class FlappingEnd:
    """Ends the flapping of a timer's subject, and tells the final state to whom it is owed."""

    def __init__(self, registry: PluginRegistry) -> None:
        self._registry = registry

    async def __call__(self, connection: Connection, timer: DueTimer, now: datetime) -> bool:
        """Do it in the caller's transaction, which holds the timer; return whether it was time.

        While the monitor has transitions that nobody has routed yet, its final state is not known.
        """
        workspace_id, monitor_id = timer.workspace_id, timer.subject_id
        since = datetime.fromisoformat(timer.details["since"])
        if await connection.fetchval(_SQL["has_undone_transitions"], workspace_id, monitor_id):
            return False
        rows = await connection.fetch(_SQL["outages_since"], workspace_id, monitor_id, since)
        open_outage = next((row["incident_id"] for row in rows if row["incident_status"] != "RESOLVED"), None)
        if rows:
            outages = _Outages(
                changes=tuple(change_of(row) for row in rows), open_outage=open_outage, since=since
            )
            await self._tell(connection, outages, now)
        await show_flapping(connection, workspace_id, monitor_id, now, is_flapping=False)
        return True

    async def _tell(self, connection: Connection, outages: _Outages, now: datetime) -> None:
        last = outages.changes[-1]
        entries = await read_entries(
            connection, last.workspace_id, last.incident_id, last.monitor_id, outages.since
        )
        policy = await read_policy(connection, self._registry, last, entries)
        surroundings = await read_surroundings(connection, last)
        tellings = final_tellings(policy, Ledger(entries=entries), outages.open_outage)
        told_of = TransitionKind.RESOLVED if outages.open_outage is None else TransitionKind.OPENED
        for change in outages.changes:
            decisions = tellings.get(change.incident_id, ())
            if change.kind is told_of and decisions:
                occasion = occasion_of(self._registry, change, surroundings, now)
                await write_decisions(connection, occasion, decisions)
