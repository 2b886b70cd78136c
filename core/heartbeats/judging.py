"""Asks the probe of a passive kind what to think of what was heard, or not heard, of its target."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from core.checks.finding import NO_REGION, Finding
from core.checks.guarded_probe import could_not_look, run_probe
from core.heartbeats.deadlines import Expect, expect_nothing
from core.heartbeats.watched import Watched
from core.log import get_logger
from core.plugin_registry import PluginRegistry
from plugins.api.config import ConfigErrors, load
from plugins.api.outbound import Outbound
from plugins.api.outcome import Outcome
from plugins.api.probe import Expectation, Probe, ProbeContext, ProbeMode, RunBlocking, Signal

log = get_logger(__name__)

# A report is judged while its monitor is locked: a kind that dawdles is cut short.
LONGEST_JUDGEMENT_SECONDS = 2.0


class SignalJudge:
    """Turns signals into findings through the probe of their monitor's kind."""

    def __init__(self, *, registry: PluginRegistry, outbound: Outbound, run_blocking: RunBlocking) -> None:
        self._registry = registry
        self._outbound = outbound
        self._run_blocking = run_blocking
        self.kinds = [
            loaded.probe.key for loaded in registry.probes if loaded.probe.mode is ProbeMode.PASSIVE
        ]

    def knows(self, kind: str) -> bool:
        """Return whether the kind is loaded, so that its pings can be judged."""
        return kind in self.kinds

    def expect_of(self, watched: Watched) -> Expect:
        """Return the probe's rule of when to expect the next report of the monitor."""
        probe = self._probe(watched)
        if probe is None or probe.expect is None:
            return expect_nothing
        try:
            config = load(probe.config, watched.config)
        except ConfigErrors:
            log.exception("heartbeat.unreadable", monitor=str(watched.monitor_id))
            return expect_nothing
        return lambda since: _expectation(probe, config, since)

    async def findings(self, watched: Watched, signals: Sequence[Signal]) -> list[Finding]:
        """Judge the signals of a monitor, in order; each sees the facts that the one before it left."""
        findings = []
        facts = watched.facts
        for signal in signals:
            outcome = await self._outcome(watched, signal, facts)
            facts = facts if outcome.facts is None else outcome.facts
            findings.append(finding_of(watched, signal.at, outcome))
        return findings

    def _probe(self, watched: Watched) -> Probe[Any] | None:
        loaded = self._registry.probe(watched.kind)
        return loaded.probe if loaded else None

    async def _outcome(self, watched: Watched, signal: Signal, facts: Any) -> Outcome:
        probe = self._probe(watched)
        if probe is None:
            return not_loaded(watched.kind)
        try:
            config = load(probe.config, watched.config)
        except ConfigErrors as error:
            return could_not_look(f"the stored configuration does not fit the probe kind: {error}")
        context = ProbeContext(
            timeout_seconds=LONGEST_JUDGEMENT_SECONDS,
            outbound=self._outbound,
            run_blocking=self._run_blocking,
            memory={},
            previous_facts=facts,
            signal=signal,
        )
        return await _judged(probe, config, context)


async def _judged(probe: Probe[Any], config: Any, context: ProbeContext) -> Outcome:
    """A kind that dawdles over a report has not looked: that is no failure of its target."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    outcome = await run_probe(probe, config, context)
    if loop.time() - began < context.timeout_seconds:
        return outcome
    return could_not_look(f"the report was not judged within {context.timeout_seconds:g} s")


def finding_of(watched: Watched, at: datetime, outcome: Outcome) -> Finding:
    """Return the finding of a signal: its slot is when the signal came in, or the deadline that was missed."""
    return Finding(
        monitor_id=watched.monitor_id,
        region_id=NO_REGION,
        slot=at,
        checked_at=at,
        config_revision=watched.config_revision,
        outcome=outcome,
    )


def not_loaded(kind: str) -> Outcome:
    """Return what is found of a monitor whose kind no plugin brings at the moment."""
    return could_not_look(f"the probe kind {kind} is not loaded")


def not_stored() -> Outcome:
    """Return what stands in for a result that the database refuses."""
    return could_not_look("the result could not be stored")


def _expectation(probe: Probe[Any], config: Any, since: datetime) -> Expectation | None:
    try:
        return probe.expect(config, since) if probe.expect else None
    except Exception:
        log.exception("heartbeat.no_expectation", kind=probe.key)
        return None
