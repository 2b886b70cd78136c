"""Runs a probe so that whatever it does becomes an outcome: it answers, fails, crashes or takes too long."""

from __future__ import annotations

import asyncio
from typing import Any

from core.checks.cleaning import clean_line, clean_outcome
from core.log import get_logger
from plugins.api.outbound import OutboundError
from plugins.api.outbound.errors import local_reason
from plugins.api.outcome import CheckStatus, Outcome, RootCause
from plugins.api.probe import Probe, ProbeContext

log = get_logger(__name__)


async def run_probe(probe: Probe[Any], config: Any, context: ProbeContext) -> Outcome:
    """Return what the probe finds within `context.timeout_seconds`, fit to be stored.

    Too late is DOWN, and so is an OutboundError that the probe lets pass; a crash, or a want of this machine, is
    UNKNOWN. Raises only CancelledError, and that only if the caller's task is cancelled.
    """
    began = asyncio.get_running_loop().time()
    deadline = asyncio.timeout(context.timeout_seconds)
    try:
        async with deadline:
            return clean_outcome(await probe.check(config, context))
    except BaseException as error:  # a plugin's SystemExit must not end the worker
        if deadline.expired() and isinstance(error, TimeoutError):
            return timed_out(context.timeout_seconds)
        if isinstance(error, asyncio.CancelledError) and _is_being_cancelled():
            raise
        seconds = asyncio.get_running_loop().time() - began
        return _failed(probe.key, error, seconds)


def timed_out(seconds: float) -> Outcome:
    """Return the outcome of a probe that was not done in time."""
    return Outcome(
        status=CheckStatus.DOWN,
        message=f"timed out after {seconds:g} s",
        response_time_ms=seconds * 1000,
        root_cause=RootCause.NETWORK_TIMEOUT,
    )


def could_not_look(reason: str) -> Outcome:
    """Return the outcome of a look that did not take place."""
    return Outcome(status=CheckStatus.UNKNOWN, message=clean_line(reason))


def _is_being_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _failed(key: str, error: BaseException, seconds: float) -> Outcome:
    if isinstance(error, OutboundError) and not error.local_fault:
        return Outcome(
            status=CheckStatus.DOWN,
            message=clean_line(error.message),
            response_time_ms=seconds * 1000,
            root_cause=error.root_cause,
        )
    reason = local_reason(error)
    if reason is not None:
        return could_not_look(reason)
    log.exception("probe.crashed", kind=key, error=repr(error), seconds=round(seconds, 3))
    return could_not_look(f"probe {key} crashed: {type(error).__name__}: {error}".rstrip(": "))
