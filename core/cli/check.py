"""Look at a target once, and show the phases of the look."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import msgspec

from core.checks.guarded_probe import run_probe
from core.cli.chosen_settings import chosen_settings
from core.outbound_policy import outbound_for
from core.plugin_registry import load_plugins
from plugins.api.config import Config, ConfigErrors, json_schema, parse
from plugins.api.outcome import CheckStatus, Outcome, Timings
from plugins.api.probe import Probe, ProbeContext, ProbeMode

_TIMEOUT_SECONDS = 30.0
_EXIT_NOT_UP = 1
_EXIT_USAGE = 2


class UsageError(Exception):
    """The command line asks for what cannot be; the message says why."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line."""
    parser.add_argument("kind", metavar="KIND", help="a probe kind, such as http")
    parser.add_argument("target", metavar="TARGET", help="its first required field, such as a URL")
    parser.add_argument("--json", action="store_true", help="print the outcome as JSON")


def run(arguments: argparse.Namespace) -> int:
    """Print the outcome; return 0 if the target is up, 1 if it is not, 2 if it cannot be looked at."""
    settings = chosen_settings(arguments)
    try:
        probe = _active_probe(arguments.kind)
        config = configured(probe, arguments.target)
    except UsageError as error:
        sys.stderr.write(f"tocsin: {error}\n")
        return _EXIT_USAGE
    context = ProbeContext(
        timeout_seconds=_TIMEOUT_SECONDS,
        outbound=outbound_for(settings),
        run_blocking=asyncio.to_thread,
        memory={},
    )
    outcome = asyncio.run(run_probe(probe, config, context))
    shown = [as_json(outcome)] if arguments.json else lines(probe.target(config), outcome)
    sys.stdout.writelines(f"{line}\n" for line in shown)
    return 0 if outcome.status is CheckStatus.UP else _EXIT_NOT_UP


def _active_probe(kind: str) -> Probe[Any]:
    registry = load_plugins()
    loaded = registry.probe(kind)
    if loaded is None:
        known = ", ".join(each.probe.key for each in registry.probes)
        raise UsageError(f"no probe kind is called {kind}: there are {known}")
    if loaded.probe.mode is ProbeMode.PASSIVE:
        raise UsageError(f"{kind} waits for its target to report: there is nothing to look at")
    return loaded.probe


def configured(probe: Probe[Any], target: str) -> Config:
    """Return a probe's configuration with the target in its first required field, all else as by default."""
    schema = json_schema(probe.config)
    required = schema.get("required", ())
    if not required:
        raise UsageError(f"{probe.key} has no required field that a target could fill")
    takes_number = schema["properties"][required[0]].get("type") == "integer" and target.isdigit()
    try:
        config: Config = parse(probe.config, {required[0]: int(target) if takes_number else target})
    except ConfigErrors as error:
        raise UsageError("; ".join(issue.message for issue in error.issues)) from error
    return config


def lines(target: str, outcome: Outcome) -> Iterator[str]:
    """Yield what a person is shown: the outcome, its phases, and the expectations that did not hold."""
    took = "" if outcome.response_time_ms is None else f" in {outcome.response_time_ms:.0f} ms"
    code = "" if outcome.status_code is None else f" {outcome.status_code}"
    yield f"{outcome.status.name} {target}{code}{took}"
    if outcome.message:
        yield f"  {outcome.message}"
    for phase, milliseconds in _phases(outcome.timings):
        yield f"  {phase:10} {milliseconds:9.1f} ms"
    for failed in (assertion for assertion in outcome.assertions if not assertion.passed):
        yield f"  {failed.name}: expected {failed.expected}, found {failed.actual}"


def _phases(timings: Timings | None) -> list[tuple[str, float]]:
    if timings is None:
        return []
    named = {name.removesuffix("_ms").replace("_", " "): value for name, value in asdict(timings).items()}
    named["total"] = named.pop("total")  # below the phases that it is the sum of
    return [(name, value) for name, value in named.items() if value is not None]


def as_json(outcome: Outcome) -> str:
    """Return the outcome as one JSON object, its fields in camel case."""
    told = {_camel_case(name): value for name, value in asdict(outcome).items()}
    told["status"] = outcome.status.name
    told["timings"] = outcome.timings and {
        _camel_case(name): value for name, value in asdict(outcome.timings).items()
    }
    return msgspec.json.encode(told).decode()


def _camel_case(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)
