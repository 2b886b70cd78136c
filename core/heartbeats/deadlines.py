"""The pure rules of a heartbeat: what a report changes, and when its absence counts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from core.heartbeats.ping import PingKind
from plugins.api.probe import Expectation, Signal, SignalKind

# How long after its deadline a report still counts as in time: it may be on its way from door to inbox.
TOLERANCE = timedelta(seconds=5)

# Says when the next report is due after one at the given moment; None of a kind that expects nothing.
Expect = Callable[[datetime], Expectation | None]

_SIGNAL_OF = {PingKind.SUCCESS: SignalKind.SUCCESS, PingKind.FAIL: SignalKind.FAIL}


@dataclass(frozen=True, kw_only=True, slots=True)
class HeartbeatState:
    """Where a heartbeat stands.

    `deadline_at` is `expected_by` and the grace, or later when no door was open meanwhile; None before the
    first ping, while paused, and once it has passed: then it is `missed_at`, until the next report.
    """

    last_ping_at: datetime | None = None
    run_started_at: datetime | None = None
    expected_by: datetime | None = None
    deadline_at: datetime | None = None
    grace_seconds: int | None = None
    missed_at: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class InboxPing:
    """A stored ping that is to be applied.

    `run_began_at` is when the start with the same run id came in, where there is one.
    """

    id: UUID
    arrived_at: datetime
    kind: PingKind
    message: str | None = None
    exit_code: int | None = None
    run_id: str | None = None
    run_began_at: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Refutation:
    """A success that had arrived in time, applied after its deadline was recorded as missed."""

    missed_at: datetime
    arrived_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Application:
    """What a run of pings comes to: the state after them, what is to be judged, and how long each run took."""

    state: HeartbeatState
    signals: tuple[Signal, ...] = ()
    durations_ms: tuple[float | None, ...] = ()
    refutation: Refutation | None = None


def deadline_of(expectation: Expectation) -> datetime:
    """Return the last moment at which a report is in time."""
    return expectation.due_at + timedelta(seconds=expectation.grace_seconds)


def is_missed(state: HeartbeatState, heard_until: datetime) -> bool:
    """Return whether the deadline has passed, where all that came in up to `heard_until` is known."""
    return state.deadline_at is not None and state.deadline_at + TOLERANCE <= heard_until


def miss(state: HeartbeatState) -> tuple[HeartbeatState, Signal]:
    """Return the state after a missed deadline, and the signal of it. Silence is told once, however long it is."""
    if state.deadline_at is None:
        raise ValueError("a heartbeat without a deadline cannot miss it")
    signal = Signal(kind=SignalKind.MISSED, at=state.deadline_at, last_report_at=state.last_ping_at)
    return replace(state, deadline_at=None, missed_at=state.deadline_at), signal


def apply_pings(
    state: HeartbeatState,
    pings: Sequence[InboxPing],
    *,
    expect: Expect,
    doors_open_until: datetime,
    is_paused: bool = False,
) -> Application:
    """Apply pings in the order of their arrival.

    A deadline that passed before a ping arrived is missed first: a worker that was away comes to the same
    result as one that was there. Deadlines of times at which no door was open are not missed. Of a paused monitor
    nothing is judged and nothing expected.
    """
    signals: list[Signal] = []
    durations: list[float | None] = []
    refutation: Refutation | None = None
    for ping in pings:
        if is_missed(state, min(ping.arrived_at, doors_open_until)):
            state, missed = miss(state)
            signals.append(missed)
        signal = _signal_of(ping, state)
        if signal is not None:
            signals.append(signal)
            refutation = refutation or _refutation(ping, state)
        durations.append(signal.duration_ms if signal else None)
        state = after_ping(state, ping, expect_nothing if is_paused else expect)
    return Application(
        state=state,
        signals=() if is_paused else tuple(signals),
        durations_ms=tuple(durations),
        refutation=None if is_paused else refutation,
    )


def after_ping(state: HeartbeatState, ping: InboxPing, expect: Expect) -> HeartbeatState:
    """Return the state after one ping.

    A success and a failure both say that the job ran: the next report is reckoned from them. A start is no
    report; it only begins the expectation where there is none yet. A remark changes nothing.
    """
    if ping.kind is PingKind.LOG:
        return state
    heard = replace(state, last_ping_at=_later(state.last_ping_at, ping.arrived_at))
    if ping.kind is PingKind.START:
        begun = replace(heard, run_started_at=ping.arrived_at)
        return begun if begun.expected_by else _expecting(begun, expect(ping.arrived_at))
    return _expecting(replace(heard, run_started_at=None, missed_at=None), expect(ping.arrived_at))


def expect_nothing(_since: datetime) -> Expectation | None:
    """Return that no report is expected."""
    return None


def _expecting(state: HeartbeatState, expectation: Expectation | None) -> HeartbeatState:
    """Deadlines only ever move ahead: pings of two doors may be stored in another order than they arrived."""
    if expectation is None:
        return state
    return replace(
        state,
        expected_by=_later(state.expected_by, expectation.due_at),
        deadline_at=_later(state.deadline_at, deadline_of(expectation)),
        grace_seconds=expectation.grace_seconds,
    )


def _later(known: datetime | None, new: datetime) -> datetime:
    return new if known is None else max(known, new)


def _signal_of(ping: InboxPing, state: HeartbeatState) -> Signal | None:
    kind = _SIGNAL_OF.get(ping.kind)
    if kind is None:
        return None
    return Signal(
        kind=kind,
        at=ping.arrived_at,
        last_report_at=state.last_ping_at,
        message=ping.message,
        exit_code=ping.exit_code,
        duration_ms=_duration_ms(ping, state),
    )


def _duration_ms(ping: InboxPing, state: HeartbeatState) -> float | None:
    """Return how long the run took: since the start with its run id, or since the latest start if it has none."""
    began_at = state.run_started_at if ping.run_id is None else ping.run_began_at
    if began_at is None or began_at > ping.arrived_at:
        return None
    return (ping.arrived_at - began_at) / timedelta(milliseconds=1)


def _refutation(ping: InboxPing, state: HeartbeatState) -> Refutation | None:
    missed_at = state.missed_at
    if ping.kind is not PingKind.SUCCESS or missed_at is None or ping.arrived_at > missed_at + TOLERANCE:
        return None
    return Refutation(missed_at=missed_at, arrived_at=ping.arrived_at)
