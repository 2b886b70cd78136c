"""What an answer, or none, says of the target."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime

import httpx

from plugins.api.outbound import OutboundError, TimedOut
from plugins.api.outcome import Assertion, CheckStatus, IncidentKind, Outcome, RootCause, Timings
from plugins.probes.http.auth import ApiKeyLocation
from plugins.probes.http.certificate_end import ending, first_end, held_against
from plugins.probes.http.config import HttpConfig
from plugins.probes.http.evidence import evidence_of
from plugins.probes.http.redirects import timings_of
from plugins.probes.http.secrecy import mask_of
from plugins.probes.http.token_request import TokenUnavailable
from plugins.probes.http.trail import Trail

_SERVER_ERRORS = 500
_LONGEST_EXPECTED = 100


def judged(
    config: HttpConfig,
    accepted: frozenset[int],
    response: httpx.Response,
    trail: Trail,
    of_body: Sequence[Assertion] = (),
) -> Outcome:
    """Judge an answer by the configuration; `of_body` is what was found of what its body must hold."""
    timings = timings_of(response)
    if trail.redirects:
        timings = _summed([*(hop.timings for hop in trail.redirects), timings])
    of_status = _of_status(config, accepted, response.status_code)
    of_latency, of_certificate = tuple(_of_latency(config, timings)), tuple(_of_certificate(config, trail))
    outcome = Outcome(
        status=CheckStatus.UP,
        response_time_ms=timings.total_ms,
        timings=timings,
        status_code=response.status_code,
        assertions=(of_status, *of_body, *of_latency, *of_certificate),
    )
    if all(each.passed for each in outcome.assertions):
        return outcome
    failed = [each for each in (of_status, *of_body) if not each.passed]
    if failed:
        return _down(config, outcome, response, trail, failed)
    is_slow = not all(each.passed for each in of_latency)
    return _impaired(config, outcome, response, trail, is_slow=is_slow)


def unreached(
    config: HttpConfig, error: OutboundError | TokenUnavailable, trail: Trail, timeout_seconds: float
) -> Outcome:
    """Say why there is no answer; what is a fault of ours says nothing of the target."""
    limit = f" (limit {timeout_seconds:g} s)" if isinstance(error, TimedOut) else ""
    hops = len(trail.redirects)
    after = f", after {hops} redirect{'' if hops == 1 else 's'}" if hops else ""
    mask = mask_of(config, trail.secrets)
    return Outcome(
        status=CheckStatus.UNKNOWN if error.local_fault else CheckStatus.DOWN,
        # A redirect chooses the host that errors name, and may have put there what it was sent.
        message=mask(f"{error.message}{after}{limit}"),
        evidence=evidence_of(None, trail.redirects, mask, secret_parameters(config)),
        root_cause=error.root_cause,
    )


def secret_parameters(config: HttpConfig) -> tuple[str, ...]:
    """Return which parameters of addresses hold a secret, whatever they are called."""
    key = None if config.auth is None else config.auth.api_key
    return (key.name,) if key is not None and key.location is ApiKeyLocation.QUERY else ()


def _down(
    config: HttpConfig, outcome: Outcome, response: httpx.Response, trail: Trail, failed: Sequence[Assertion]
) -> Outcome:
    first, status = failed[0], response.status_code
    is_of_status = first.name == "status"
    mask = mask_of(config, trail.secrets)
    reason = _not_accepted(config, status) if is_of_status else mask(_not_held(first))
    others = len(failed) - 1
    more = f"; {others} more assertion{'' if others == 1 else 's'} failed" if others else ""
    return replace(
        outcome,
        status=CheckStatus.DOWN,
        message=f"{reason}{more}",
        evidence=evidence_of(response, trail.redirects, mask, secret_parameters(config)),
        root_cause=_root_cause(status) if is_of_status else RootCause.APPLICATION_ERROR,
    )


def _impaired(
    config: HttpConfig, outcome: Outcome, response: httpx.Response, trail: Trail, *, is_slow: bool
) -> Outcome:
    """Return the outcome of an answer that is as expected, but slow, or under a certificate that nears its end."""
    end = first_end(trail.certificates)
    is_ending = any(each.name == "certificate" and not each.passed for each in outcome.assertions)
    reasons = [_too_slow(config, outcome.response_time_ms or 0)] if is_slow else []
    if is_ending and end is not None:
        reasons.append(ending(end, datetime.now(UTC)))
    mask = mask_of(config, trail.secrets)
    return replace(
        outcome,
        status=CheckStatus.DEGRADED if is_slow else CheckStatus.UP,
        message=mask("; ".join(reasons)),
        evidence=evidence_of(response, trail.redirects, mask, secret_parameters(config)),
        incident_kind=IncidentKind.EXPIRY if is_ending else None,
        root_cause=RootCause.SSL_CERTIFICATE if is_ending and not is_slow else None,
    )


def _of_status(config: HttpConfig, accepted: frozenset[int], status: int) -> Assertion:
    return Assertion(
        name="status",
        passed=status in accepted,
        expected=", ".join(config.accepted_statuses),
        actual=str(status),
    )


def _of_latency(config: HttpConfig, timings: Timings) -> Iterator[Assertion]:
    if config.degraded_above_ms is not None:
        yield Assertion(
            name="latency",
            passed=timings.total_ms <= config.degraded_above_ms,
            expected=f"at most {config.degraded_above_ms} ms",
            actual=f"{timings.total_ms:.0f} ms",
        )


def _of_certificate(config: HttpConfig, trail: Trail) -> Iterator[Assertion]:
    end = first_end(trail.certificates)
    if config.certificate_days_left is not None and end is not None:
        yield held_against(end, config.certificate_days_left, datetime.now(UTC))


def _not_accepted(config: HttpConfig, status: int) -> str:
    reason = httpx.codes.get_reason_phrase(status)
    return f"answered with HTTP {status}{f' {reason}' if reason else ''}, expected {', '.join(config.accepted_statuses)}"


def _not_held(assertion: Assertion) -> str:
    expected = assertion.expected or ""
    if len(expected) > _LONGEST_EXPECTED:
        expected = f"{expected[: _LONGEST_EXPECTED - 1]}…"
    return f"{assertion.name}: expected {expected}, found {assertion.actual}"


def _too_slow(config: HttpConfig, total_ms: float) -> str:
    return f"answered in {total_ms:.0f} ms, slower than {config.degraded_above_ms} ms"


def _root_cause(status: int) -> RootCause:
    return RootCause.SERVER_ERROR if status >= _SERVER_ERRORS else RootCause.APPLICATION_ERROR


def _summed(each: Sequence[Timings]) -> Timings:
    """Add up the phases over all requests of one look."""
    return Timings(
        total_ms=sum(timings.total_ms for timings in each),
        dns_ms=_sum([timings.dns_ms for timings in each]),
        connect_ms=_sum([timings.connect_ms for timings in each]),
        tls_ms=_sum([timings.tls_ms for timings in each]),
        first_byte_ms=_sum([timings.first_byte_ms for timings in each]),
        transfer_ms=_sum([timings.transfer_ms for timings in each]),
    )


def _sum(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None
