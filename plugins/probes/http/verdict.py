"""What an answer, or none, says of the target."""

from __future__ import annotations

from collections.abc import Sequence

import httpx

from plugins.api.outbound import OutboundError, TimedOut
from plugins.api.outcome import Assertion, CheckStatus, Outcome, RootCause, Timings
from plugins.probes.http.config import HttpConfig
from plugins.probes.http.evidence import evidence_of
from plugins.probes.http.redirects import Hop, timings_of
from plugins.probes.http.secrecy import mask_of

_SERVER_ERRORS = 500


def judged(
    config: HttpConfig,
    accepted: frozenset[int],
    response: httpx.Response,
    redirects: Sequence[Hop],
) -> Outcome:
    """Judge an answer by the configuration; `redirects` are the answers that led to it."""
    timings = timings_of(response)
    if redirects:
        timings = _summed([*(hop.timings for hop in redirects), timings])
    assertions = tuple(_assertions(config, accepted, response.status_code, timings.total_ms))
    failed = next((each for each in assertions if not each.passed), None)
    if failed is None:
        return Outcome(
            status=CheckStatus.UP,
            response_time_ms=timings.total_ms,
            timings=timings,
            status_code=response.status_code,
            assertions=assertions,
        )
    is_good = response.status_code in accepted
    return Outcome(
        status=CheckStatus.DEGRADED if is_good else CheckStatus.DOWN,
        message=_too_slow(config, timings) if is_good else _not_accepted(config, response.status_code),
        response_time_ms=timings.total_ms,
        timings=timings,
        status_code=response.status_code,
        assertions=assertions,
        evidence=evidence_of(config, response, redirects),
        root_cause=None if is_good else _root_cause(response.status_code),
    )


def unreached(
    config: HttpConfig, error: OutboundError, redirects: Sequence[Hop], timeout_seconds: float
) -> Outcome:
    """Say why there is no answer; what is a fault of ours says nothing of the target."""
    limit = f" (limit {timeout_seconds:g} s)" if isinstance(error, TimedOut) else ""
    after = f", after {len(redirects)} redirect{'' if len(redirects) == 1 else 's'}" if redirects else ""
    return Outcome(
        status=CheckStatus.UNKNOWN if error.local_fault else CheckStatus.DOWN,
        # A redirect chooses the host that errors name, and may have put there what it was sent.
        message=mask_of(config)(f"{error.message}{after}{limit}"),
        evidence=evidence_of(config, None, redirects),
        root_cause=error.root_cause,
    )


def _assertions(
    config: HttpConfig, accepted: frozenset[int], status: int, total_ms: float
) -> list[Assertion]:
    found = [
        Assertion(
            name="status",
            passed=status in accepted,
            expected=", ".join(config.accepted_statuses),
            actual=str(status),
        )
    ]
    if config.degraded_above_ms is not None:
        found.append(
            Assertion(
                name="latency",
                passed=total_ms <= config.degraded_above_ms,
                expected=f"at most {config.degraded_above_ms} ms",
                actual=f"{total_ms:.0f} ms",
            )
        )
    return found


def _not_accepted(config: HttpConfig, status: int) -> str:
    reason = httpx.codes.get_reason_phrase(status)
    return f"answered with HTTP {status}{f' {reason}' if reason else ''}, expected {', '.join(config.accepted_statuses)}"


def _too_slow(config: HttpConfig, timings: Timings) -> str:
    return f"answered in {timings.total_ms:.0f} ms, slower than {config.degraded_above_ms} ms"


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
