"""The contract of a probe kind: a configuration class, a mode, and one coroutine."""

from __future__ import annotations

import enum
from collections.abc import Awaitable, Callable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, Protocol, TypeVar

from plugins.api.config import Config
from plugins.api.outbound import Outbound
from plugins.api.outcome import Outcome

ConfigT = TypeVar("ConfigT", bound=Config)


class ProbeMode(enum.StrEnum):
    """ACTIVE kinds look at their target; PASSIVE kinds wait for it to report."""

    ACTIVE = "ACTIVE"
    PASSIVE = "PASSIVE"


class SignalKind(enum.StrEnum):
    """What a PASSIVE kind is asked to judge."""

    SUCCESS = "SUCCESS"
    FAIL = "FAIL"
    MISSED = "MISSED"


@dataclass(frozen=True, kw_only=True, slots=True)
class Signal:
    """A report that came in, or the deadline that passed without one.

    `last_report_at` is when the report before this signal came in, where there was one.
    """

    kind: SignalKind
    at: datetime
    last_report_at: datetime | None = None
    message: str | None = None
    exit_code: int | None = None
    duration_ms: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Expectation:
    """When a PASSIVE target must report next: `due_at`, and how long after it is still in time."""

    due_at: datetime
    grace_seconds: int


class RunBlocking(Protocol):
    """Runs a blocking function in a bounded pool of threads, so that the loop never stalls."""

    def __call__(self, function: Callable[..., Any], /, *arguments: Any) -> Awaitable[Any]:
        """Take the function and its positional arguments; return what it returns."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class ProbeContext:
    """All that a probe may use besides its configuration.

    The caller holds the deadline: a coroutine still running after `timeout_seconds` is cancelled.
    `outbound` is the only way to the network that the operator's address policy covers.
    `memory` lives as long as the worker and the monitor's configuration: for a token, never for results.
    `previous_facts` are the facts of this monitor's previous check in this region.
    `signal` is set for PASSIVE kinds only.
    """

    timeout_seconds: float
    outbound: Outbound
    run_blocking: RunBlocking
    memory: MutableMapping[str, Any]
    region: str | None = None
    previous_facts: Mapping[str, Any] | None = None
    signal: Signal | None = None


@dataclass(frozen=True, kw_only=True)
class Probe(Generic[ConfigT]):
    """A kind of probe.

    `key` names the kind in every API: lower camel case, unique over all plugins.
    `target` says in a few words what is watched, without any secret.
    `host` names the host that is looked at, where there is one, so that a fault common to
    many targets can be told from a fault of one.
    `presentation` is the kind's name in the StatusApp dialect, where it is not the key in capitals.
    `expect` (PASSIVE only) says when the next report is due after one at the given moment.
    `interval_seconds` (PASSIVE only) says the interval at which reports are expected, where it is constant.
    `asserts` names those fields, as APIs call them, by which a configuration expects something of what its
    target says: not every plan includes that.
    `labels` are those fields, as APIs call them, that say what people call the target and nothing of how it is looked
    at: a change of these alone does not begin the monitor anew.
    """

    key: str
    title: str
    description: str
    config: type[ConfigT]
    check: Callable[[ConfigT, ProbeContext], Awaitable[Outcome]]
    target: Callable[[ConfigT], str]
    mode: ProbeMode = ProbeMode.ACTIVE
    host: Callable[[ConfigT], str | None] = lambda _config: None
    presentation: Callable[[ConfigT], str] | None = None
    expect: Callable[[ConfigT, datetime], Expectation] | None = None
    interval_seconds: Callable[[ConfigT], int | None] = lambda _config: None
    asserts: Callable[[ConfigT], Sequence[str]] = lambda _config: ()
    labels: frozenset[str] = frozenset()
