"""What of a workspace whoever asks gets to see: the projects that he is confined to, and the plan's days of history."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from core.access.plans import TERMS, Plan
from core.access.principal import Principal

# Names nothing: what a filter that points out of sight is to match.
_NOWHERE = UUID(int=0)


@dataclass(frozen=True, kw_only=True, slots=True)
class Sight:
    """The bounds of every read: reads take it in place of a workspace, and hand it to their statements.

    `project_ids` are the projects in sight, sorted; None: all. What ended before `since` is out of sight, though it
    may still be stored.
    """

    workspace_id: UUID
    project_ids: tuple[UUID, ...] | None
    since: datetime

    @property
    def is_confined(self) -> bool:
        """Whether some projects are out of sight."""
        return self.project_ids is not None

    @property
    def unconfined(self) -> Sight:
        """The same over all projects: to tell what is out of sight from what is not there."""
        return replace(self, project_ids=None)

    @property
    def after(self) -> datetime:
        """The last moment before what is in sight, for whatever asks for what came after a moment."""
        return self.since - timedelta.resolution

    def within(self, project_id: UUID | None) -> UUID | None:
        """Return the project to filter by (None: no filter); one that is out of sight becomes nobody's."""
        if project_id is None or self.project_ids is None or project_id in self.project_ids:
            return project_id
        return _NOWHERE

    def since_or_later(self, moment: datetime | None) -> datetime:
        """Return the later of a moment and the beginning of what is in sight; None is no moment."""
        return self.since if moment is None else max(moment, self.since)


def sight_of(principal: Principal, now: datetime) -> Sight:
    """Return what a principal gets to see at a moment."""
    confined_to = principal.project_ids
    return Sight(
        workspace_id=principal.workspace_id,
        project_ids=None if confined_to is None else tuple(sorted(confined_to)),
        since=history_begins(principal.plan, now),
    )


def history_begins(plan: Plan, now: datetime) -> datetime:
    """Return the moment before which a plan shows nothing."""
    return now - timedelta(days=TERMS[plan].retention_days)
