"""The judgement of monitors, shared by the recorder, policy changes and sweeps."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from uuid import UUID

from core.db.database import Connection
from core.incidents.change_store import NO_HINTS, Hint, Judged, Sentence, store_changes
from core.incidents.changes import Changes, at_ms, decide
from core.incidents.subject import Subject, lock_subjects
from core.incidents.verdict import nobody_looks, reach_verdict

__all__ = ["Hint", "Judged", "changes_of", "judge"]


async def judge(
    connection: Connection,
    monitor_ids: Collection[UUID],
    *,
    now: datetime,
    hints: Mapping[UUID, Hint] = NO_HINTS,
    by_looks: bool = False,
    not_before: datetime | None = None,
) -> Judged:
    """Reach the verdict on each monitor and store what it changes, in the caller's transaction.

    Coverage that ended by `now` has ended; `by_looks`: by the latest look, as the recorder judges, since what it
    records may be old.
    `hints` are what the findings just recorded say of a cause, by monitor. Paused monitors keep their status.
    `not_before`: what another set of regions changes begins then, and not with a streak of old.
    """
    sentences = [
        Sentence(subject=subject, changes=changes_of(subject, None if by_looks else now, not_before))
        for subject in await lock_subjects(connection, monitor_ids)
        if not subject.is_paused
    ]
    return await store_changes(connection, sentences, now=now, hints=hints)


def changes_of(subject: Subject, now: datetime | None, not_before: datetime | None) -> Changes:
    """Return what the verdict on a monitor changes, judged by its latest look where `now` is None.

    Nothing of it begins before `not_before`.
    """
    as_of = now or _latest_look(subject)
    if subject.regions_to_agree == 0:
        return decide(subject.standing, nobody_looks(subject.absent_regions.values(), as_of=as_of))
    verdict = reach_verdict(
        subject.regions,
        regions_to_agree=subject.regions_to_agree,
        present=subject.standing.status,
        as_of=as_of,
    )
    if now is not None:
        # The look that ended a blindness has written it down, by the regions and the policy of that time.
        verdict = verdict.of_the_present()
    return decide(subject.standing, verdict if not_before is None else verdict.begun(not_before))


def _latest_look(subject: Subject) -> datetime:
    """Return the moment of the latest look, or of the last judgement if that found blindness after it."""
    looks = (state.last_slot for state in (*subject.regions.values(), *subject.absent_regions.values()))
    return max((at_ms(subject.standing.interval_from_ms), *looks))
