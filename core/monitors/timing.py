"""How often a monitor is looked at, and how long a look may take."""

from __future__ import annotations

from dataclasses import dataclass

from core.issues import Issues
from core.unset import UNSET, Unset, given

DEFAULT_INTERVAL_SECONDS = 300
LEAST_INTERVAL_SECONDS = 5
LONGEST_INTERVAL_SECONDS = 86_400
DEFAULT_TIMEOUT_SECONDS = 30
LONGEST_TIMEOUT_SECONDS = 300

_INTERVAL = ("intervalSeconds",)
_TIMEOUT = ("timeoutSeconds",)


@dataclass(frozen=True, kw_only=True, slots=True)
class Timing:
    """`interval_seconds` is None for a PASSIVE kind whose reports do not come at a constant interval."""

    interval_seconds: int | None
    timeout_seconds: int


@dataclass(frozen=True, kw_only=True, slots=True)
class TimingInput:
    """The two fields of an input."""

    interval_seconds: int | Unset | None
    timeout_seconds: int | Unset | None


def active_timing(wanted: TimingInput, present: Timing | None, issues: Issues) -> Timing:
    """Return the timing of an ACTIVE kind after the input; a timeout is at most the interval."""
    interval = given(wanted.interval_seconds, _present_interval(present), DEFAULT_INTERVAL_SECONDS)
    interval_fits = issues.bound(_INTERVAL, interval, LEAST_INTERVAL_SECONDS, LONGEST_INTERVAL_SECONDS)
    default_timeout = min(DEFAULT_TIMEOUT_SECONDS, interval) if interval_fits else DEFAULT_TIMEOUT_SECONDS
    timeout = _timeout(wanted, present, default_timeout)
    if issues.bound(_TIMEOUT, timeout, 1, LONGEST_TIMEOUT_SECONDS) and interval_fits and timeout > interval:
        _refuse_pair(wanted, interval, timeout, issues)
    return Timing(interval_seconds=interval, timeout_seconds=timeout)


def passive_timing(
    wanted: TimingInput, present: Timing | None, issues: Issues, *, expected_every_seconds: int | None
) -> Timing:
    """Return the timing of a PASSIVE kind, whose configuration alone says when reports are expected."""
    if wanted.interval_seconds is not UNSET and wanted.interval_seconds is not None:
        issues.refuse(_INTERVAL, "invalid", "belongs to the probe's configuration where the kind is PASSIVE")
    timeout = _timeout(wanted, present, DEFAULT_TIMEOUT_SECONDS)
    issues.bound(_TIMEOUT, timeout, 1, LONGEST_TIMEOUT_SECONDS)
    return Timing(interval_seconds=expected_every_seconds, timeout_seconds=timeout)


def _present_interval(present: Timing | None) -> int:
    if present is None or present.interval_seconds is None:
        return DEFAULT_INTERVAL_SECONDS
    return present.interval_seconds


def _timeout(wanted: TimingInput, present: Timing | None, default: int) -> int:
    return given(wanted.timeout_seconds, default if present is None else present.timeout_seconds, default)


def _refuse_pair(wanted: TimingInput, interval: int, timeout: int, issues: Issues) -> None:
    """Blame the field that the caller gave."""
    if wanted.timeout_seconds is UNSET:
        cause = f"must be at least the timeout of {timeout} seconds"
        issues.refuse_value(_INTERVAL, "minimum", cause, interval, expected=str(timeout))
    else:
        cause = f"must be at most the interval of {interval} seconds"
        issues.refuse_value(_TIMEOUT, "maximum", cause, timeout, expected=str(interval))
