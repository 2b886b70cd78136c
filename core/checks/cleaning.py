"""Makes what a plugin returns fit to be stored: texts, numbers and JSON from outside are not trusted."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

import msgspec

from plugins.api.outcome import Assertion, CheckStatus, IncidentKind, Outcome, RootCause, Timings

LONGEST_LINE = 1_000
LONGEST_TEXT = 20_000
LARGEST_JSON_BYTES = 100_000
MOST_ASSERTIONS = 100
DEEPEST_JSON = 20

_LARGEST_CODE = 2**15 - 1
# What PostgreSQL cannot hold; and what breaks a line.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
_TOO_LARGE = {"omitted": "larger than can be kept"}


def clean_outcome(outcome: Outcome) -> Outcome:
    """Return the outcome as it can be stored; raise TypeError or ValueError if it is not one at all."""
    if type(outcome) is not Outcome:
        raise TypeError(f"returned {type(outcome).__name__} instead of an outcome")
    status = CheckStatus(outcome.status)
    return Outcome(
        status=status,
        message=_message(outcome.message, status),
        response_time_ms=_milliseconds(outcome.response_time_ms),
        timings=_timings(outcome.timings),
        status_code=_status_code(outcome.status_code),
        assertions=tuple(_assertion(assertion) for assertion in outcome.assertions[:MOST_ASSERTIONS]),
        evidence=_json_object(outcome.evidence),
        facts=_json_object(outcome.facts),
        incident_kind=None if outcome.incident_kind is None else IncidentKind(outcome.incident_kind),
        root_cause=None if outcome.root_cause is None else RootCause(outcome.root_cause),
    )


def clean_line(text: str, longest: int = LONGEST_LINE) -> str:
    """Return the text on one line, without what cannot be stored, and cut."""
    return _CONTROL.sub(" ", text[: 2 * longest]).strip()[:longest]


def _message(message: str | None, status: CheckStatus) -> str | None:
    line = None if message is None else clean_line(message)
    return line or (None if status is CheckStatus.UP else "no reason was given")


def _status_code(code: int | None) -> int | None:
    return code if code is not None and 0 <= code <= _LARGEST_CODE else None


def _milliseconds(value: float | None) -> float | None:
    if value is None or not math.isfinite(value) or value < 0:
        return None
    return float(value)


def _timings(timings: Timings | None) -> Timings | None:
    if timings is None:
        return None
    return Timings(
        total_ms=_milliseconds(timings.total_ms) or 0.0,
        dns_ms=_milliseconds(timings.dns_ms),
        connect_ms=_milliseconds(timings.connect_ms),
        tls_ms=_milliseconds(timings.tls_ms),
        first_byte_ms=_milliseconds(timings.first_byte_ms),
        transfer_ms=_milliseconds(timings.transfer_ms),
    )


def _assertion(assertion: Assertion) -> Assertion:
    return Assertion(
        name=clean_line(assertion.name),
        passed=bool(assertion.passed),
        expected=None if assertion.expected is None else _text(assertion.expected, LONGEST_LINE),
        actual=None if assertion.actual is None else _text(assertion.actual, LONGEST_LINE),
    )


def _json_object(value: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if value is None:
        return None
    cleaned: dict[str, Any] = _json(value, DEEPEST_JSON)
    return cleaned if len(msgspec.json.encode(cleaned)) <= LARGEST_JSON_BYTES else dict(_TOO_LARGE)


def _json(value: Any, depth: int) -> Any:
    """Return plain JSON of at most that depth; what JSON does not know becomes text."""
    match value:
        case None | bool() | int():
            return value
        case float():
            return value if math.isfinite(value) else None
        case str():
            return _text(value, LONGEST_TEXT)
        case Mapping() if depth:
            return {_text(str(key), LONGEST_LINE): _json(item, depth - 1) for key, item in value.items()}
        case list() | tuple() | set() | frozenset() if depth:
            return [_json(item, depth - 1) for item in value]
        case _:
            return _text(str(value), LONGEST_LINE)


def _text(text: str, longest: int) -> str:
    return _UNSTORABLE.sub("\ufffd", text[:longest])
