"""What people do to incidents: acknowledge, resolve, comment, say why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

from core.access.permission import require
from core.access.principal import Principal, TokenPermission, TokenScope
from core.access.project_scope import require_device
from core.access.sight import sight_of
from core.audit.action import AuditAction
from core.audit.change import AuditedChange, created, updated
from core.audit.recording import record
from core.audit.redaction import View
from core.clock import Clock
from core.db.database import Connection, Database
from core.db.named_sql import named_sql
from core.db.notifications import NotifyChannel, notify
from core.errors import Conflict, NotFound
from core.ids import Prefix, decode_id, encode_id, new_id
from core.incidents.by_hand import resolve_by_hand
from core.issues import Issues
from core.text_rules import note_of
from core.unset import UNSET, Unset, given
from plugins.api.outcome import RootCause

_SQL = named_sql("incident_changes")


@dataclass(frozen=True, kw_only=True, slots=True)
class AddIncidentNote:
    """A note for the timeline of an incident, named by its public id."""

    id: str
    message: str


@dataclass(frozen=True, kw_only=True, slots=True)
class SetRootCause:
    """Why it happened. An absent detail keeps what is stored, a null one clears it."""

    id: str
    root_cause: RootCause
    detail: str | Unset | None = UNSET


class IncidentService:
    """Permission, validation, storage; each method returns the id of the incident it changed.

    Each raises NotFound, also for what ended before the plan's history, and DeviceScopeForbidden if the monitor is not
    in sight.
    """

    def __init__(self, *, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def acknowledge(self, principal: Principal, incident_id: str) -> UUID:
        """Take care of an incident; raise Conflict if it is resolved. Twice is once."""
        require(principal, TokenScope.INCIDENTS, TokenPermission.WRITE)

        async def acknowledge(connection: Connection) -> UUID:
            row = await self._lock(connection, principal, incident_id)
            if row["status"] == "RESOLVED":
                raise Conflict("the incident is resolved", path=("id",))
            if row["status"] == "OPEN":
                now = self._clock.now()
                change = _Change(connection, principal, row["id"], now)
                await connection.execute(
                    _SQL["acknowledge_incident"], principal.workspace_id, row["id"], now, principal.user_id
                )
                await change.tell("ACKNOWLEDGED", "acknowledged", "STATUS")
                await record(connection, principal, _acknowledged(row["id"], principal.user_id, now), now)
            acknowledged_id: UUID = row["id"]
            return acknowledged_id

        return await self._database.in_transaction(acknowledge)

    async def resolve(self, principal: Principal, incident_id: str) -> UUID:
        """End an incident by hand; raise Conflict if it is resolved, or an outage of a monitor still DOWN."""
        require(principal, TokenScope.INCIDENTS, TokenPermission.WRITE)
        resolved_id = decode_id(Prefix.INCIDENT, incident_id)
        if resolved_id is None:
            raise _not_found()

        async def resolve(connection: Connection) -> None:
            now = self._clock.now()
            sight = sight_of(principal, now)
            project_id = await connection.fetchval(
                _SQL["project_of_incident"], sight.workspace_id, resolved_id, sight.since
            )
            if project_id is None:
                raise _not_found()
            require_device(principal, project_id, "id")
            await resolve_by_hand(
                connection, principal.workspace_id, resolved_id, actor_id=principal.user_id, now=now
            )
            row = await self._lock(connection, principal, incident_id)
            await record(connection, principal, _resolved(row), now)

        try:
            await self._database.in_transaction(resolve)
        except (Conflict, NotFound) as error:
            raise type(error)(error.message, path=("id",)) from error
        return resolved_id

    async def add_note(self, principal: Principal, wanted: AddIncidentNote) -> UUID:
        """Add a note to the timeline."""
        require(principal, TokenScope.INCIDENTS, TokenPermission.WRITE)
        issues = Issues()
        message = note_of(wanted.message, ("message",), issues)

        async def add(connection: Connection) -> UUID:
            row = await self._lock(connection, principal, wanted.id)
            issues.raise_if_any()
            now = self._clock.now()
            await _Change(connection, principal, row["id"], now).tell("NOTE", message)
            change = created(AuditAction.INCIDENT_NOTE_ADDED, row["id"], {"message": message})
            await record(connection, principal, change, now)
            incident_id: UUID = row["id"]
            return incident_id

        return await self._database.in_transaction(add)

    async def set_root_cause(self, principal: Principal, wanted: SetRootCause) -> UUID:
        """Say why it happened; the timeline tells of it if that is news."""
        require(principal, TokenScope.INCIDENTS, TokenPermission.WRITE)
        issues = Issues()
        detail = wanted.detail
        if isinstance(detail, str):
            detail = note_of(detail, ("detail",), issues)

        async def store(connection: Connection) -> UUID:
            row = await self._lock(connection, principal, wanted.id)
            issues.raise_if_any()
            kept = given(detail, row["root_cause_detail"], default=None)
            if (wanted.root_cause.value, kept) != (row["root_cause"], row["root_cause_detail"]):
                await connection.execute(
                    _SQL["set_root_cause"], principal.workspace_id, row["id"], wanted.root_cause.value, kept
                )
                message = wanted.root_cause.value if kept is None else f"{wanted.root_cause.value}: {kept}"
                now = self._clock.now()
                await _Change(connection, principal, row["id"], now).tell("ROOT_CAUSE_SET", message)
                before = _cause_view(row["root_cause"], row["root_cause_detail"])
                after = _cause_view(wanted.root_cause.value, kept)
                change = updated(AuditAction.INCIDENT_ROOT_CAUSE_SET, row["id"], before, after)
                await record(connection, principal, change, now)
            incident_id: UUID = row["id"]
            return incident_id

        return await self._database.in_transaction(store)

    async def _lock(self, connection: Connection, principal: Principal, public_id: str) -> asyncpg.Record:
        incident_id = decode_id(Prefix.INCIDENT, public_id)
        sight = sight_of(principal, self._clock.now())
        row = await connection.fetchrow(_SQL["lock_incident"], sight.workspace_id, incident_id, sight.since)
        if row is None:
            raise _not_found()
        require_device(principal, row["project_id"], "id")
        return row


@dataclass(frozen=True, slots=True)
class _Change:
    """One change by one person, told in the timeline and to subscribers."""

    connection: Connection
    principal: Principal
    incident_id: UUID
    now: datetime

    async def tell(self, kind: str, message: str, change: str = "UPDATED") -> None:
        await self.connection.execute(
            _SQL["insert_incident_event"],
            new_id(self.now),
            self.principal.workspace_id,
            self.incident_id,
            self.now,
            kind,
            message,
            self.principal.user_id,
        )
        await self.connection.execute(
            _SQL["insert_incident_change"], self.principal.workspace_id, self.incident_id, change, self.now
        )
        await notify(self.connection, NotifyChannel.CHANGES)


def _acknowledged(incident_id: UUID, user_id: UUID | None, now: datetime) -> AuditedChange:
    by = None if user_id is None else encode_id(Prefix.USER, user_id)
    before = {"status": "OPEN", "acknowledgedAt": None, "acknowledgedBy": None}
    after = {"status": "ACKNOWLEDGED", "acknowledgedAt": now, "acknowledgedBy": by}
    return updated(AuditAction.INCIDENT_ACKNOWLEDGED, incident_id, before, after)


def _resolved(row: asyncpg.Record) -> AuditedChange:
    """Return what resolving an incident changed, from its row after that."""
    before = {"status": "OPEN" if row["acknowledged_at"] is None else "ACKNOWLEDGED", "resolvedAt": None}
    after = {"status": row["status"], "resolvedAt": row["resolved_at"]}
    return updated(AuditAction.INCIDENT_RESOLVED, row["id"], before, after)


def _cause_view(root_cause: str, detail: str | None) -> View:
    return {"rootCause": root_cause, "rootCauseDetail": detail}


def _not_found() -> NotFound:
    return NotFound("incident not found", path=("id",))
