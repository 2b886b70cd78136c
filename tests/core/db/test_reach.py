"""That the database is away is told once when it goes, once a minute meanwhile, and once when it is back."""

from __future__ import annotations

import logging

import pytest

from core.db.reach import Reach


class Time:
    """Seconds that the test moves."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def reach(time: Time, caplog: pytest.LogCaptureFixture) -> Reach:
    caplog.set_level(logging.INFO)
    return Reach(time)


def _said(caplog: pytest.LogCaptureFixture) -> list[tuple[str, dict[str, object]]]:
    return [(record.getMessage(), vars(record)["fields"]) for record in caplog.records]


def test_an_absence_is_one_line_at_its_begin_and_one_with_its_duration_at_its_end(
    reach, time, caplog
) -> None:
    for _ in range(50):
        reach.failed(ConnectionRefusedError("nobody\nlistens"))
        time.now += 0.4
    assert reach.is_lost
    for _ in range(20):
        reach.answered()
        time.now += 0.1

    assert not reach.is_lost
    assert _said(caplog) == [
        ("database.unreachable", {"error": "nobody listens"}),
        ("database.reachable", {"away_seconds": 20.0}),
    ]


def test_a_long_absence_is_recalled_once_a_minute(reach, time, caplog) -> None:
    for _ in range(301):
        reach.failed(TimeoutError())
        time.now += 1

    reminders = [fields["seconds"] for said, fields in _said(caplog) if said == "database.still_unreachable"]
    assert reminders == [60.0, 120.0, 180.0, 240.0, 300.0]


def test_a_database_that_answers_some_and_refuses_others_is_not_back(reach, time, caplog) -> None:
    for _ in range(100):
        reach.failed(OSError("full"))
        time.now += 0.1
        reach.answered()
        time.now += 0.1

    assert [said for said, _ in _said(caplog)] == ["database.unreachable"]


def test_a_database_that_was_never_away_is_not_told_of(reach, caplog) -> None:
    reach.answered()

    assert _said(caplog) == []
