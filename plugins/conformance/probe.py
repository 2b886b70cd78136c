"""The kit for probes."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Awaitable, Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from plugins.api.config import Config, parse
from plugins.api.config.shape import shape_of
from plugins.api.outbound import Outbound
from plugins.api.outcome import CheckStatus, Outcome
from plugins.api.probe import Probe, ProbeContext, ProbeMode, Signal, SignalKind
from plugins.conformance.checks import (
    ConformanceCheck,
    make_check,
    require,
    require_json,
    require_line,
    require_no_secret,
    require_prompt_end,
    run_all,
)
from plugins.conformance.config import Example, config_checks, kind_checks

TIMEOUT_SECONDS = 3.0
MOMENT = datetime(2026, 2, 16, 11, 23, tzinfo=UTC)
MakeContext = Callable[[], ProbeContext]


async def check_probe(
    probe: Probe[Any], examples: Sequence[Example], *, make_context: MakeContext | None = None
) -> None:
    """Run every check of a probe kind; raise one ConformanceError that tells all failures.

    `examples` are configurations as a client writes them, secrets of at least 8 characters included. Each is
    looked at, so their targets should be on this machine; whether they answer does not matter.
    """
    await run_all(probe_checks(probe, examples, make_context=make_context))


def probe_checks(
    probe: Probe[Any], examples: Sequence[Example], *, make_context: MakeContext | None = None
) -> list[ConformanceCheck]:
    """Return the checks of a probe kind, each to be run as a test of its own; see `check_probe`."""
    return [
        *kind_checks(probe),
        *config_checks(probe, examples),
        *_target_checks(probe, examples),
        *_look_checks(probe, examples, make_context or _default_context),
    ]


def _default_context() -> ProbeContext:
    return ProbeContext(
        timeout_seconds=TIMEOUT_SECONDS, outbound=Outbound(), run_blocking=_run_blocking, memory={}
    )


def _run_blocking(function: Callable[..., Any], /, *arguments: Any) -> Awaitable[Any]:
    return asyncio.to_thread(function, *arguments)


def _target_checks(probe: Probe[Any], examples: Sequence[Example]) -> Iterator[ConformanceCheck]:
    for number, example in enumerate(examples, start=1):
        yield make_check(f"{probe.key} example {number} names its target", _names_its_target, probe, example)
        if probe.mode is ProbeMode.PASSIVE:
            yield make_check(
                f"{probe.key} example {number} knows its deadline", _knows_its_deadline, probe, example
            )


def _names_its_target(probe: Probe[Any], example: Example) -> None:
    config = parse(probe.config, example)
    target, host = probe.target(config), probe.host(config)
    require_line(target, "the target")
    require_no_secret(target, config, "the target")
    if host is not None:
        require_line(host, "the host")
        require_no_secret(host, config, "the host")
    if probe.presentation is not None:
        require_line(probe.presentation(config), "the presentation")
    config_class: type[Config] = probe.config
    fields = {field.name for field in shape_of(config_class).fields}
    for word, named in (("asserts", probe.asserts(config)), ("labels", probe.labels)):
        unknown = ", ".join(sorted(set(named) - fields))
        require(not unknown, f"{word} must name fields of the configuration, not {unknown}")


def _knows_its_deadline(probe: Probe[Any], example: Example) -> None:
    config = parse(probe.config, example)
    require(probe.expect is not None, "a PASSIVE kind needs expect")
    if probe.expect is not None:
        expectation = probe.expect(config, MOMENT)
        require(expectation.due_at > MOMENT, "the next report must be due after the last")
        require(expectation.grace_seconds >= 0, "the grace must not be negative")
        require(probe.expect(config, MOMENT) == expectation, "the deadline must follow from the moment alone")
    interval = probe.interval_seconds(config)
    require(interval is None or interval > 0, "the interval must be positive")


def _look_checks(
    probe: Probe[Any], examples: Sequence[Example], make_context: MakeContext
) -> Iterator[ConformanceCheck]:
    for number, example in enumerate(examples, start=1):
        for name, prepare in _occasions(probe, make_context):
            label = f"{probe.key} example {number}{name}"
            yield make_check(f"{label} gives an outcome", _gives_an_outcome, probe, example, prepare)
            yield make_check(f"{label} ends when cancelled", _ends_when_cancelled, probe, example, prepare)


def _occasions(probe: Probe[Any], make_context: MakeContext) -> Iterator[tuple[str, MakeContext]]:
    """Yield what a kind can be asked: an ACTIVE one simply to look, a PASSIVE one to judge each signal."""
    if probe.mode is ProbeMode.ACTIVE:
        yield "", make_context
        return
    for kind in SignalKind:
        yield f" on {kind}", functools.partial(_with_signal, make_context, Signal(kind=kind, at=MOMENT))


def _with_signal(make_context: MakeContext, signal: Signal) -> ProbeContext:
    context = make_context()
    return ProbeContext(
        timeout_seconds=context.timeout_seconds,
        outbound=context.outbound,
        run_blocking=context.run_blocking,
        memory=context.memory,
        region=context.region,
        previous_facts=context.previous_facts,
        signal=signal,
    )


async def _gives_an_outcome(probe: Probe[Any], example: Example, make_context: MakeContext) -> None:
    config, context = parse(probe.config, example), make_context()
    try:
        async with asyncio.timeout(context.timeout_seconds):
            outcome = await probe.check(config, context)
    except TimeoutError:
        return  # the caller makes an outcome of that
    require(isinstance(outcome, Outcome), f"check must return an Outcome, not {type(outcome).__name__}")
    require_clean(outcome, config)
    if outcome.status is not CheckStatus.UP or outcome.message is not None:
        require_line(outcome.message, "the message")
    require((outcome.response_time_ms or 0) >= 0, "the response time must not be negative")


def require_clean(outcome: Outcome, config: Config) -> None:
    """Raise ConformanceError unless the outcome can be stored and holds no secret of the configuration."""
    told = _told(outcome)
    require_json(told, "the outcome")
    require_no_secret(told, config, "the outcome")


def _told(outcome: Outcome) -> dict[str, Any]:
    """Return what of an outcome is stored and shown."""
    return {
        "message": outcome.message,
        "responseTimeMs": outcome.response_time_ms,
        "statusCode": outcome.status_code,
        "assertions": [[each.name, each.expected, each.actual] for each in outcome.assertions],
        "evidence": outcome.evidence,
        "facts": outcome.facts,
    }


async def _ends_when_cancelled(probe: Probe[Any], example: Example, make_context: MakeContext) -> None:
    async def look() -> Outcome:
        return await probe.check(parse(probe.config, example), make_context())

    await require_prompt_end(look(), after_seconds=0.05)
