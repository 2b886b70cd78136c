"""The pure rule from a verdict to the changes it asks for."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest

from core.ids import new_id
from core.incidents.blindness import Stretch
from core.incidents.changes import Ground, OpenIncident, Standing, StatusChange, at_ms, decide
from core.incidents.transition import Resolution, Severity
from core.incidents.verdict import Verdict
from core.monitors.status import MonitorStatus
from plugins.api.outcome import IncidentKind

S = MonitorStatus
K = IncidentKind


def moment(milliseconds: int) -> datetime:
    return at_ms(milliseconds)


def incident(kind: IncidentKind, started_ms: int = 1000) -> OpenIncident:
    return OpenIncident(id=new_id(moment(started_ms)), kind=kind, started_at=moment(started_ms))


def standing(
    status: MonitorStatus, *incidents: OpenIncident, dismissed: set[IncidentKind] | None = None
) -> Standing:
    return Standing(
        status=status,
        since_ms=1000,
        interval_from_ms=1000,
        open_incidents=incidents,
        dismissed=frozenset(dismissed or ()),
    )


def verdict(status: MonitorStatus, since_ms: int = 5000, *, expiring_ms: int | None = None) -> Verdict:
    return Verdict(
        status=status,
        since=None if status is S.PENDING else moment(since_ms),
        impaired_regions=(0, 2),
        expiring_since=None if expiring_ms is None else moment(expiring_ms),
        unexpiring_since=moment(since_ms) if expiring_ms is None else None,
        expiring_regions=(2,),
    )


def test_an_outage_begins_with_the_failing_streak() -> None:
    changes = decide(standing(S.UP), verdict(S.DOWN))

    assert changes.statuses == (StatusChange(previous=S.UP, status=S.DOWN, from_ms=5000),)
    [opening] = changes.openings
    assert (opening.kind, opening.severity, opening.started_at) == (K.OUTAGE, Severity.HIGH, moment(5000))
    assert opening.region_ids == (2,)


def test_nothing_begins_before_the_open_interval_which_is_where_a_pause_or_blindness_ended() -> None:
    changes = decide(standing(S.UP), verdict(S.DOWN, since_ms=400))

    assert [change.from_ms for change in changes.statuses] == [1001]
    assert changes.openings[0].started_at == moment(1001)


@pytest.mark.parametrize("status", [S.UP, S.DEGRADED])
def test_an_outage_ends_where_the_status_after_it_begins(status: MonitorStatus) -> None:
    outage = incident(K.OUTAGE)

    changes = decide(standing(S.DOWN, outage), verdict(status))

    [ending] = changes.endings
    assert (ending.incident, ending.resolved_at, ending.resolution) == (
        outage,
        moment(5000),
        Resolution.RECOVERED,
    )


def test_the_outage_takes_over_from_a_degradation() -> None:
    changes = decide(standing(S.DEGRADED, incident(K.DEGRADED)), verdict(S.DOWN))

    assert [(ending.resolution, ending.message) for ending in changes.endings] == [
        (Resolution.WORSENED, "the monitor went down")
    ]
    assert [opening.kind for opening in changes.openings] == [K.OUTAGE]


@pytest.mark.parametrize("kind", [K.OUTAGE, K.DEGRADED])
@pytest.mark.parametrize("status", [S.UNKNOWN, S.PENDING])
def test_blindness_ends_nothing(kind: IncidentKind, status: MonitorStatus) -> None:
    open_status = S.DOWN if kind is K.OUTAGE else S.DEGRADED

    assert decide(standing(open_status, incident(kind)), verdict(status)).endings == ()


def test_a_failure_seen_again_after_blindness_goes_on_with_its_incident() -> None:
    changes = decide(standing(S.UNKNOWN, incident(K.OUTAGE)), verdict(S.DOWN))

    assert changes.openings == ()
    assert changes.endings == ()


def test_an_expiry_opens_and_ends_beside_the_status() -> None:
    changes = decide(standing(S.UP), verdict(S.UP, expiring_ms=3000))
    assert changes.statuses == ()
    [opening] = changes.openings
    assert (opening.kind, opening.severity, opening.started_at) == (K.EXPIRY, Severity.MEDIUM, moment(3000))

    [ending] = decide(standing(S.UP, incident(K.EXPIRY)), verdict(S.UP)).endings
    assert (ending.incident.kind, ending.resolved_at) == (K.EXPIRY, moment(5000))


def test_an_incident_never_ends_before_it_began() -> None:
    late = incident(K.EXPIRY, started_ms=9000)

    assert decide(standing(S.UP, late), verdict(S.UP)).endings[0].resolved_at == moment(9000)


def test_a_dismissed_kind_opens_again_only_after_its_condition_was_absent_once() -> None:
    dismissed = standing(S.DEGRADED, dismissed={K.DEGRADED, K.EXPIRY})

    lasting = decide(dismissed, verdict(S.DEGRADED, expiring_ms=1))
    assert (lasting.openings, lasting.dismissed) == ((), {K.DEGRADED, K.EXPIRY})

    assert decide(dismissed, verdict(S.UNKNOWN, expiring_ms=1)).dismissed == {K.DEGRADED, K.EXPIRY}
    assert decide(dismissed, verdict(S.UP)).dismissed == frozenset()


def test_no_change_asks_for_nothing() -> None:
    changes = decide(standing(S.UP), verdict(S.UP))

    assert (changes.statuses, changes.endings, changes.openings) == ((), (), ())


def test_a_time_that_nobody_saw_is_unknown_up_to_the_look_after_it() -> None:
    unseen = Stretch(since=moment(3000), until=moment(5000))

    changes = decide(standing(S.UP), replace(verdict(S.UP), unseen=unseen))

    assert [(c.status, c.from_ms) for c in changes.statuses] == [(S.UNKNOWN, 3000), (S.UP, 5000)]
    assert changes.ground == Ground(status=S.UP, from_ms=5000)


@pytest.mark.parametrize(
    ("present", "unseen_ms", "expected"),
    [
        (S.UNKNOWN, (3000, 6000), [(S.UP, 6000)]),  # written already, by the sweep
        (S.UP, (400, 900), []),  # before the open interval: written already, by another look
        (S.DOWN, (400, 5000), [(S.UNKNOWN, 1001), (S.UP, 5001)]),
    ],
)
def test_what_was_written_is_not_written_again(
    present: MonitorStatus, unseen_ms: tuple[int, int], expected: list[tuple[MonitorStatus, int]]
) -> None:
    unseen = Stretch(since=moment(unseen_ms[0]), until=moment(unseen_ms[1]))

    changes = decide(standing(present), replace(verdict(S.UP, 5001), unseen=unseen))

    assert [(c.status, c.from_ms) for c in changes.statuses] == expected


@pytest.mark.parametrize(
    ("seen", "before", "taken_back"),
    [
        (Stretch(since=moment(500), until=moment(2000)), Ground(status=S.UP, from_ms=200), True),
        (Stretch(since=moment(500), until=moment(1000)), Ground(status=S.UP, from_ms=200), False),
        (Stretch(since=moment(1001)), Ground(status=S.UP, from_ms=200), False),
        (Stretch(since=moment(500)), None, False),
        (None, Ground(status=S.UP, from_ms=200), False),
    ],
)
def test_what_was_unknown_for_want_of_looks_is_taken_back_if_they_came_late(
    seen: Stretch | None, before: Ground | None, taken_back: bool
) -> None:
    unknown = replace(standing(S.UNKNOWN), before=before)

    changes = decide(unknown, replace(verdict(S.UP), seen=seen))

    assert changes.taken_back == (before if taken_back else None)
    assert [change.status for change in changes.statuses] == ([] if taken_back else [S.UP])
    assert changes.ground == (before if taken_back else Ground(status=S.UP, from_ms=5000))


def test_a_time_that_nobody_saw_is_unknown_until_there_is_a_verdict_again() -> None:
    unseen = Stretch(since=moment(3000), until=moment(5000))

    changes = decide(standing(S.UP), replace(verdict(S.PENDING), unseen=unseen))

    assert [(c.status, c.from_ms) for c in changes.statuses] == [(S.UNKNOWN, 3000)]
