"""The one line that people see."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from msgspec import structs

from core.alerting.change import Change
from core.alerting.summary import summary_line
from core.deliveries.delivery_event import DeliveryEvent, channel_failure, channel_recovery
from core.incidents.transition import (
    CheckSnapshot,
    IncidentSnapshot,
    MonitorSnapshot,
    Resolution,
    Severity,
    TransitionDetails,
    TransitionKind,
)
from plugins.api.durations import duration_text
from plugins.api.outcome import IncidentKind

START = datetime(2026, 11, 22, tzinfo=UTC)


def change_of(resolution: Resolution | None = None, error: str | None = "HTTP 500") -> Change:
    return Change(
        transition_id=UUID(int=1),
        workspace_id=UUID(int=2),
        monitor_id=UUID(int=3),
        incident_id=UUID(int=4),
        kind=TransitionKind.RESOLVED if resolution else TransitionKind.OPENED,
        at=START,
        details=TransitionDetails(
            monitor=MonitorSnapshot(id="mon_1", name="Shop", kind="http", target="t", status="DOWN"),
            incident=IncidentSnapshot(
                id="inc_1",
                number="INC-2026-0042",
                kind=IncidentKind.OUTAGE,
                severity=Severity.HIGH,
                started_at=START,
                resolved_at=START + timedelta(minutes=65) if resolution else None,
                resolution=resolution,
            ),
            check=CheckSnapshot(slot=START, status="DOWN", error=error),
        ),
    )


def test_a_failure_is_told_with_its_cause() -> None:
    assert summary_line(change_of(), DeliveryEvent.MONITOR_DOWN) == "Shop is down: HTTP 500 (INC-2026-0042)"
    assert summary_line(change_of(error=None), DeliveryEvent.DEGRADED) == "Shop is degraded (INC-2026-0042)"


def test_a_regression_is_told_with_its_figures_and_not_with_what_its_last_look_says() -> None:
    change = change_of(error="too slow")
    incident = structs.replace(change.details.incident, detail="310 ms instead of 100 ms")
    measured = replace(change, details=structs.replace(change.details, incident=incident))

    line = summary_line(measured, DeliveryEvent.REGRESSION)
    assert line == "Shop has become slower: 310 ms instead of 100 ms (INC-2026-0042)"
    assert summary_line(change, DeliveryEvent.REGRESSION) == "Shop has become slower (INC-2026-0042)"


def test_flapping_is_told_with_the_failure() -> None:
    line = summary_line(change_of(), DeliveryEvent.MONITOR_DOWN, is_flapping=True)

    assert line == "Shop is flapping and is down: HTTP 500 (INC-2026-0042)"


def test_a_recovery_is_told_with_its_duration() -> None:
    line = summary_line(change_of(Resolution.RECOVERED), DeliveryEvent.MONITOR_UP)

    assert line == "Shop is up again after 1 h 5 min (INC-2026-0042)"


@pytest.mark.parametrize(
    ("resolution", "cause"),
    [
        (Resolution.DELETED, "the monitor was deleted"),
        (Resolution.CHANGED, "the monitor was changed"),
        (Resolution.BY_HAND, "resolved by hand"),
        (Resolution.VOID, "the failure turned out to be none"),
    ],
)
def test_an_end_that_is_no_recovery_is_not_told_as_one(resolution: Resolution, cause: str) -> None:
    line = summary_line(change_of(resolution), DeliveryEvent.MONITOR_UP)

    assert line == f"Shop: incident closed, {cause} (INC-2026-0042)"


@pytest.mark.parametrize("kind", IncidentKind)
def test_every_kind_of_incident_has_a_line_for_its_beginning_and_its_end(kind: IncidentKind) -> None:
    for event in (channel_failure(kind), channel_recovery(kind)):
        assert summary_line(change_of(), event).startswith("Shop ")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 s"), (-3, "0 s"), (59, "59 s"), (60, "1 min"), (3725, "1 h 2 min"), (90_000, "1 d 1 h")],
)
def test_a_duration_is_told_in_its_two_largest_units(seconds: float, text: str) -> None:
    assert duration_text(timedelta(seconds=seconds)) == text
