"""Waits for a scheduled job to report, and tells when it reports a failure or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from plugins.api.config import Config, FieldError, Meta
from plugins.api.hookspecs import hookimpl
from plugins.api.outcome import CheckStatus, Outcome, RootCause
from plugins.api.probe import Expectation, Probe, ProbeContext, ProbeMode, Signal, SignalKind

LONGEST_INTERVAL_SECONDS = 366 * 86_400
LONGEST_GRACE_SECONDS = 86_400
LONGEST_REASON = 500
UNITS = ((86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second"))


class HeartbeatConfig(Config):
    """When a scheduled job is expected to report."""

    interval_seconds: (
        Annotated[
            int,
            Meta(ge=1, le=LONGEST_INTERVAL_SECONDS, description="How often the job reports, in seconds"),
        ]
        | None
    ) = None
    grace_seconds: Annotated[
        int,
        Meta(ge=0, le=LONGEST_GRACE_SECONDS, description="How late a report may be before the job is down"),
    ] = 300

    def __post_init__(self) -> None:
        """Ask for the one schedule there is."""
        if self.interval_seconds is None:
            raise FieldError("interval_seconds", "is required", rule="required")


def interval_of(config: HeartbeatConfig) -> int:
    """Return the seconds between two reports."""
    if config.interval_seconds is None:
        raise ValueError("intervalSeconds is missing")
    return config.interval_seconds


def expect(config: HeartbeatConfig, since: datetime) -> Expectation:
    """Return when the next report is due after one at `since`."""
    return Expectation(
        due_at=since + timedelta(seconds=interval_of(config)), grace_seconds=config.grace_seconds
    )


def in_words(config: HeartbeatConfig) -> str:
    """Return the schedule as a person says it: "every 5 minutes, 1 hour of grace"."""
    count, unit = _largest_unit(interval_of(config))
    every = f"every {unit}" if count == 1 else f"every {count} {unit}s"
    return (
        f"{every}, {_span(config.grace_seconds)} of grace" if config.grace_seconds else f"{every}, no grace"
    )


def _span(seconds: int) -> str:
    count, unit = _largest_unit(seconds)
    return f"{count} {unit}" if count == 1 else f"{count} {unit}s"


def _largest_unit(seconds: int) -> tuple[int, str]:
    """Return the largest unit that divides the seconds, and how often it does."""
    size, unit = next((size, unit) for size, unit in UNITS if seconds % size == 0)
    return seconds // size, unit


async def check(_config: HeartbeatConfig, context: ProbeContext) -> Outcome:
    """Judge a report of the job, or its absence."""
    signal = context.signal
    if signal is None:
        raise ValueError("a heartbeat is checked only when something is heard of it, or its deadline passes")
    match signal.kind:
        case SignalKind.SUCCESS:
            return Outcome(status=CheckStatus.UP)
        case SignalKind.FAIL:
            cause = RootCause.APPLICATION_ERROR
            return Outcome(status=CheckStatus.DOWN, message=_failure(signal), root_cause=cause)
        case SignalKind.MISSED:
            return Outcome(status=CheckStatus.DOWN, message=_silence(signal))


def _failure(signal: Signal) -> str:
    happened = "the job reported a failure" if signal.exit_code is None else f"exit code {signal.exit_code}"
    reason = _first_line(signal.message)
    return f"{happened}: {reason}" if reason else happened


def _first_line(text: str | None) -> str:
    lines = (text or "").strip().splitlines()
    return lines[0][:LONGEST_REASON] if lines else ""


def _silence(signal: Signal) -> str:
    if signal.last_report_at is None:
        return "no ping in time"
    return f"no ping since {signal.last_report_at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


@hookimpl
def register_probes() -> Sequence[Probe[Any]]:
    """Return the heartbeat kind."""
    return (
        Probe(
            key="heartbeat",
            title="Heartbeat",
            description="Waits for a scheduled job to ping its address, and notices failure and silence.",
            config=HeartbeatConfig,
            mode=ProbeMode.PASSIVE,
            check=check,
            target=in_words,
            presentation=lambda _config: "CRON",
            expect=expect,
            interval_seconds=interval_of,
        ),
    )
