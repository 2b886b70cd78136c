"""What the owner of a monitor decides about it, before and after a change: pure rules over inputs."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

import asyncpg

from core.issues import Issues
from core.monitors.confirmation import DEFAULT_CONFIRMATION, Confirmation, confirmation_of
from core.monitors.monitor_input import CreateMonitor, UpdateMonitor
from core.monitors.probe_choice import ChosenProbe, choose_probe, is_passive_kind
from core.monitors.timing import Timing, TimingInput, active_timing, passive_timing
from core.plugin_registry import PluginRegistry
from core.regressions.policy import DEFAULT_POLICY, RegressionPolicy, regression_policy_of
from core.text_rules import name_of
from core.unset import UNSET


@dataclass(frozen=True, kw_only=True, slots=True)
class MonitorDefinition:
    """A monitor without what it refers to: project, regions and tags."""

    name: str
    probe: ChosenProbe
    timing: Timing
    confirmation: Confirmation
    regression: RegressionPolicy

    def columns(self) -> dict[str, Any]:
        """Return the columns of the monitor's row."""
        return {
            "name": self.name,
            "kind": self.probe.kind,
            "is_passive": self.probe.is_passive,
            "config": self.probe.config,
            "target": self.probe.target,
            "host": self.probe.host,
            **dataclasses.asdict(self.timing),
            **dataclasses.asdict(self.confirmation),
            **self.regression.columns(),
        }


def definition_of(row: asyncpg.Record) -> MonitorDefinition:
    """Return the definition that a monitor's row holds."""
    return MonitorDefinition(
        name=row["name"],
        probe=ChosenProbe(
            kind=row["kind"],
            is_passive=row["is_passive"],
            config=row["config"],
            target=row["target"],
            host=row["host"],
            expected_every_seconds=row["interval_seconds"] if row["is_passive"] else None,
        ),
        timing=Timing(interval_seconds=row["interval_seconds"], timeout_seconds=row["timeout_seconds"]),
        confirmation=Confirmation(
            failures_to_open=row["failures_to_open"],
            successes_to_close=row["successes_to_close"],
            regions_to_agree=row["regions_to_agree"],
            recheck_seconds=row["recheck_seconds"],
        ),
        regression=RegressionPolicy(
            is_enabled=row["regression_enabled"],
            threshold_percent=row["regression_threshold_percent"],
            period_days=row["regression_period_days"],
        ),
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class DefinitionRules:
    """What inputs are judged by: the kinds that are loaded."""

    registry: PluginRegistry

    def define(self, wanted: CreateMonitor, issues: Issues) -> MonitorDefinition | None:
        """Return a new monitor's definition, or None after noting what is wrong with its probe."""
        name = name_of(wanted.name, ("name",), issues)
        probe = choose_probe(wanted.probe, self.registry, issues)
        is_passive = is_passive_kind(wanted.probe, self.registry)
        timing = self._timing(wanted, None, probe, issues, is_passive=is_passive)
        confirmation = confirmation_of(wanted.confirmation, DEFAULT_CONFIRMATION, issues)
        regression = regression_policy_of(wanted.regression, DEFAULT_POLICY, issues, is_passive=is_passive)
        if probe is None:
            return None
        return MonitorDefinition(
            name=name, probe=probe, timing=timing, confirmation=confirmation, regression=regression
        )

    def redefine(
        self, wanted: UpdateMonitor, present: MonitorDefinition, issues: Issues
    ) -> MonitorDefinition | None:
        """Return the definition after an update, or None after noting what is wrong with its probe."""
        name = present.name if wanted.name is UNSET else name_of(wanted.name, ("name",), issues)
        probe: ChosenProbe | None = present.probe
        is_passive = present.probe.is_passive
        if wanted.probe is not UNSET:
            probe = choose_probe(wanted.probe, self.registry, issues, stored=present.probe)
            is_passive = is_passive_kind(wanted.probe, self.registry)
        timing = self._timing(wanted, present, probe, issues, is_passive=is_passive)
        confirmation = confirmation_of(wanted.confirmation, present.confirmation, issues)
        regression = regression_policy_of(
            wanted.regression, present.regression, issues, is_passive=is_passive
        )
        if probe is None:
            return None
        return MonitorDefinition(
            name=name, probe=probe, timing=timing, confirmation=confirmation, regression=regression
        )

    def _timing(
        self,
        wanted: CreateMonitor | UpdateMonitor,
        present: MonitorDefinition | None,
        probe: ChosenProbe | None,
        issues: Issues,
        *,
        is_passive: bool,
    ) -> Timing:
        given = TimingInput(interval_seconds=wanted.interval_seconds, timeout_seconds=wanted.timeout_seconds)
        stored = None if present is None else present.timing
        if is_passive:
            every = None if probe is None else probe.expected_every_seconds
            return passive_timing(given, stored, issues, expected_every_seconds=every)
        if present is not None and present.probe.is_passive:
            # The interval at which reports came says nothing of how often to look.
            stored = dataclasses.replace(present.timing, interval_seconds=None)
        return active_timing(given, stored, issues)
