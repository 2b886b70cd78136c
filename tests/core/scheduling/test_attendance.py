"""The pure rule of which regions take part."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from core.scheduling.attendance import LONGEST_BLINK, WORKER_ALIVE_FOR, Attendance, Turn, Watch
from tests.core.engine_world import seconds

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
LONG = 1000


def turn(*, seen: float | None, watched: float, workers: int = 0, is_absent: bool = False) -> Turn | None:
    """Return the turn of a region whose last worker was seen so many seconds ago, for a watch as long."""
    region = Attendance(
        region_id=1,
        key="eu",
        workers=workers,
        seen_at=None if seen is None else NOW - seconds(seen),
        absent_since=NOW - seconds(LONG) if is_absent else None,
        is_settled=True,
    )
    return region.turn(now=NOW, watched_since=NOW - seconds(watched))


@pytest.mark.parametrize(
    ("seen", "watched", "expected"),
    [
        (0, LONG, None),
        (30, LONG, None),
        (31, LONG, Turn.LEFT),
        (3600, 29, None),
        (3600, 30, None),
        (3600, 31, Turn.LEFT),
        (None, 30, None),
        (None, 31, Turn.LEFT),
        (-60, LONG, None),
    ],
)
def test_a_region_leaves_when_nobody_was_seen_while_somebody_watched(
    seen: float | None, watched: float, expected: Turn | None
) -> None:
    assert seconds(30) == WORKER_ALIVE_FOR
    assert turn(seen=seen, watched=watched) is expected


def test_a_region_comes_back_with_a_worker_that_lives() -> None:
    assert turn(seen=1, watched=0, workers=1, is_absent=True) is Turn.CAME_BACK
    assert turn(seen=1, watched=LONG, workers=0, is_absent=True) is None


def test_a_watch_begins_anew_after_a_break_and_when_the_clock_is_put_back() -> None:
    watch = Watch()
    assert watch.look(NOW) == NOW
    assert watch.look(NOW + LONGEST_BLINK) == NOW

    late = NOW + LONGEST_BLINK * 2 + seconds(0.001)
    assert watch.look(late) == late
    assert watch.look(late) == late

    put_back = late - seconds(0.001)
    assert watch.look(put_back) == put_back
