"""The heartbeat kind: its schedule, its words, and its judgement of what is heard."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.api.config import ConfigErrors, parse, to_json
from plugins.api.outbound import Outbound
from plugins.api.outcome import CheckStatus, Outcome
from plugins.api.probe import ProbeContext, ProbeMode, Signal, SignalKind
from plugins.probes.heartbeat import HeartbeatConfig, check, expect, in_words, register_probes

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
CONFIG = HeartbeatConfig(interval_seconds=300)


async def _judge(signal: Signal | None) -> Outcome:
    context = ProbeContext(
        timeout_seconds=1, outbound=Outbound(), run_blocking=asyncio.to_thread, memory={}, signal=signal
    )
    return await check(CONFIG, context)


def test_the_kind_waits_and_is_called_cron_by_statusapp() -> None:
    (probe,) = register_probes()

    assert (probe.key, probe.mode) == ("heartbeat", ProbeMode.PASSIVE)
    assert probe.presentation is not None
    assert probe.presentation(CONFIG) == "CRON"
    assert probe.interval_seconds(CONFIG) == 300


def test_the_grace_is_five_minutes_unless_said() -> None:
    assert to_json(parse(HeartbeatConfig, {"intervalSeconds": 60})) == {
        "intervalSeconds": 60,
        "graceSeconds": 300,
    }


@pytest.mark.parametrize(
    ("data", "path", "rule"),
    [
        ({}, ("intervalSeconds",), "required"),
        ({"intervalSeconds": None}, ("intervalSeconds",), "required"),
        ({"intervalSeconds": 0}, ("intervalSeconds",), "minimum"),
        ({"intervalSeconds": -1}, ("intervalSeconds",), "minimum"),
        ({"intervalSeconds": 10**9}, ("intervalSeconds",), "maximum"),
        ({"intervalSeconds": 60, "graceSeconds": -1}, ("graceSeconds",), "minimum"),
        ({"intervalSeconds": 60, "graceSeconds": 86_401}, ("graceSeconds",), "maximum"),
        ({"intervalSeconds": 60, "cron": "* * * * *"}, ("cron",), "unknown_field"),
    ],
)
def test_a_schedule_that_cannot_be_is_refused(data: dict[str, object], path: tuple[str], rule: str) -> None:
    with pytest.raises(ConfigErrors) as refused:
        parse(HeartbeatConfig, data)

    (issue,) = refused.value.issues
    assert (issue.path, issue.rule) == (path, rule)
    assert issue.message.startswith(path[0])


@given(
    interval=st.integers(1, 31_622_400),
    grace=st.integers(0, 86_400),
    since=st.datetimes(datetime(2020, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - hypothesis adds the zone
)
def test_the_next_report_is_due_an_interval_after_the_last(
    interval: int, grace: int, since: datetime
) -> None:
    expected = expect(HeartbeatConfig(interval_seconds=interval, grace_seconds=grace), since)

    assert expected.due_at - since == timedelta(seconds=interval)
    assert expected.grace_seconds == grace


@pytest.mark.parametrize(
    ("interval", "grace", "words"),
    [
        (300, 300, "every 5 minutes, 5 minutes of grace"),
        (60, 60, "every minute, 1 minute of grace"),
        (86_400, 3_600, "every day, 1 hour of grace"),
        (7_200, 0, "every 2 hours, no grace"),
        (90, 1, "every 90 seconds, 1 second of grace"),
        (604_800, 86_400, "every 7 days, 1 day of grace"),
    ],
)
def test_a_schedule_is_said_in_words(interval: int, grace: int, words: str) -> None:
    assert in_words(HeartbeatConfig(interval_seconds=interval, grace_seconds=grace)) == words


async def test_a_success_is_up() -> None:
    assert await _judge(Signal(kind=SignalKind.SUCCESS, at=NOW)) == Outcome(status=CheckStatus.UP)


@pytest.mark.parametrize(
    ("exit_code", "message", "said"),
    [
        (None, None, "the job reported a failure"),
        (None, "  disk full\nat /dev/sda", "the job reported a failure: disk full"),
        (3, None, "exit code 3"),
        (255, "killed", "exit code 255: killed"),
        (1, "x" * 10_000, "exit code 1: " + "x" * 500),
        (1, " \n ", "exit code 1"),
    ],
)
async def test_a_failure_is_down_with_the_jobs_own_reason(
    exit_code: int | None, message: str | None, said: str
) -> None:
    signal = Signal(kind=SignalKind.FAIL, at=NOW, exit_code=exit_code, message=message)

    outcome = await _judge(signal)

    assert (outcome.status, outcome.message) == (CheckStatus.DOWN, said)


@pytest.mark.parametrize(
    ("last_report_at", "said"),
    [(None, "no ping in time"), (NOW, "no ping since 2026-11-22 10:00:00 UTC")],
)
async def test_silence_is_down(last_report_at: datetime | None, said: str) -> None:
    outcome = await _judge(Signal(kind=SignalKind.MISSED, at=NOW, last_report_at=last_report_at))

    assert (outcome.status, outcome.message) == (CheckStatus.DOWN, said)


async def test_there_is_nothing_to_look_at_without_a_signal() -> None:
    with pytest.raises(ValueError, match="only when something is heard"):
        await _judge(None)
