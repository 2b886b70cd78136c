"""Changes of incidents."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Annotated
from uuid import UUID

import strawberry

from core.ids import Prefix
from core.incidents.incident_service import AddIncidentNote, SetRootCause
from graphql_schema.arguments import INPUT
from graphql_schema.changes import USER_ERRORS_HELP, ChangedById, changed
from graphql_schema.context import Context, Info
from graphql_schema.described import mutation
from graphql_schema.errors import UserError
from graphql_schema.incidents.types import Incident
from graphql_schema.written import written_or_unset
from plugins.api.outcome import RootCause


@strawberry.input(description="A note for an incident's timeline")
class AddIncidentNoteInput:
    """As core.incidents.incident_service takes it."""

    id: strawberry.ID = strawberry.field(description="The incident that the note is about, resolved or not")
    message: str = strawberry.field(description="The note: 1 to 5,000 characters, several lines if need be")


@strawberry.input(description="Why an incident happened")
class SetRootCauseInput:
    """As core.incidents.incident_service takes it."""

    id: strawberry.ID = strawberry.field(description="The incident that is explained, resolved or not")
    root_cause: RootCause = strawberry.field(description="Why it happened; UNKNOWN takes back what was said")
    detail: str | None = strawberry.field(
        default=strawberry.UNSET, description="Absent keeps what is stored, null clears it"
    )


@strawberry.type(description="What became of a change of an incident")
class IncidentPayload:
    """The incident is null if the change was refused."""

    incident: Incident | None = strawberry.field(
        description="The incident as it is now; null if the change was refused"
    )
    user_errors: list[UserError] = strawberry.field(description=USER_ERRORS_HELP)


async def _payload(context: Context, change: Awaitable[UUID]) -> IncidentPayload:
    incident, user_errors = await changed(context, Prefix.INCIDENT, change)
    return IncidentPayload(incident=incident, user_errors=user_errors)


@strawberry.type
class IncidentMutations:
    """The part of Mutation about incidents."""

    @mutation("Say that somebody looks after it")
    async def acknowledge_incident(self, info: Info, wanted: ChangedById) -> IncidentPayload:
        """Return the incident as it is now."""
        context = info.context
        return await _payload(context, context.services.incidents.acknowledge(context.principal, wanted.id))

    @mutation("End it by hand; an OUTAGE while the monitor is DOWN is a CONFLICT")
    async def resolve_incident(self, info: Info, wanted: ChangedById) -> IncidentPayload:
        """Return the incident as it is now."""
        context = info.context
        return await _payload(context, context.services.incidents.resolve(context.principal, wanted.id))

    @mutation("Add a note to the timeline")
    async def add_incident_note(
        self, info: Info, wanted: Annotated[AddIncidentNoteInput, INPUT]
    ) -> IncidentPayload:
        """Return the incident as it is now."""
        context = info.context
        note = AddIncidentNote(id=wanted.id, message=wanted.message)
        return await _payload(context, context.services.incidents.add_note(context.principal, note))

    @mutation("Say why it happened")
    async def set_root_cause(
        self, info: Info, wanted: Annotated[SetRootCauseInput, INPUT]
    ) -> IncidentPayload:
        """Return the incident as it is now."""
        context = info.context
        cause = SetRootCause(
            id=wanted.id, root_cause=wanted.root_cause, detail=written_or_unset(wanted.detail)
        )
        return await _payload(context, context.services.incidents.set_root_cause(context.principal, cause))
