"""The probe a monitor looks with: its kind, its configuration, and what follows from them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.errors import Conflict
from core.issues import Issues
from core.kind_choice import ConfigChange, KindChoice, parse_choice
from core.plugin_registry import PluginRegistry
from plugins.api.config import Config, ConfigErrors, load, to_json
from plugins.api.probe import Expectation, Probe, ProbeMode

_PROBE = ("probe",)


@dataclass(frozen=True, kw_only=True, slots=True)
class ChosenProbe:
    """What is stored of a probe. `expected_every_seconds` is that of a PASSIVE kind whose reports come regularly.

    `asserts` are the fields of a chosen configuration that expect something of what the target says, `labels` those
    that say nothing of how it is looked at.
    """

    kind: str
    is_passive: bool
    config: dict[str, Any]
    target: str
    host: str | None
    expected_every_seconds: int | None = None
    asserts: tuple[str, ...] = ()
    labels: frozenset[str] = frozenset()

    def looks_as(self, before: ChosenProbe) -> bool:
        """Return whether it looks at the same in the same way."""
        return self.kind == before.kind and self._look_of(self.config) == self._look_of(before.config)

    def _look_of(self, config: Mapping[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in config.items() if name not in self.labels}

    def newly_asserts(self, before: ChosenProbe | None) -> Iterator[str]:
        """Yield the fields that expect something which they did not expect before."""
        stored = before.config if before is not None and before.kind == self.kind else {}
        return (field for field in self.asserts if self.config.get(field) != stored.get(field))


def choose_probe(
    wanted: KindChoice | ConfigChange | None,
    registry: PluginRegistry,
    issues: Issues,
    *,
    stored: ChosenProbe | None = None,
) -> ChosenProbe | None:
    """Return the probe of an input, or None after noting what is wrong with it.

    `stored` is the probe it replaces: a secret that is omitted is kept while the kind stays. Raises Conflict for the
    change of a configuration of another kind.
    """
    choice = _changed(wanted, stored) if isinstance(wanted, ConfigChange) else wanted
    if choice is None:
        issues.refuse(_PROBE, "required", "is required")
        return None
    loaded = registry.probe(choice.kind)
    if loaded is None:
        issues.refuse_value((*_PROBE, choice.kind), "unknown", "is not a known probe kind", choice.kind)
        return None
    kept = stored.config if stored is not None and stored.kind == choice.kind else None
    config = parse_choice(choice, loaded.probe.config, _PROBE, issues, stored=kept)
    return None if config is None else _chosen(loaded.probe, config)


def _changed(change: ConfigChange, stored: ChosenProbe | None) -> KindChoice:
    """Return the whole configuration that a change makes of what is stored."""
    if stored is None or stored.kind != change.kind:
        raise Conflict(f"the monitor is not of the kind {change.kind}", path=(*_PROBE, change.kind))
    return KindChoice(kind=change.kind, config={**stored.config, **change.changes})


def is_passive_kind(choice: KindChoice | ConfigChange | None, registry: PluginRegistry) -> bool:
    """Return whether the kind that an input chose waits for reports; a kind that is not loaded does not."""
    loaded = None if choice is None else registry.probe(choice.kind)
    return loaded is not None and loaded.probe.mode is ProbeMode.PASSIVE


def expectation_of(probe: ChosenProbe, registry: PluginRegistry, after: datetime) -> Expectation | None:
    """Return when a PASSIVE kind's next report is due after one at the given moment.

    None while the kind is not loaded, or no longer understands the configuration.
    """
    loaded = registry.probe(probe.kind)
    if loaded is None or loaded.probe.expect is None:
        return None
    try:
        return loaded.probe.expect(load(loaded.probe.config, probe.config), after)
    except ConfigErrors:
        return None


def _chosen(probe: Probe[Any], config: Config) -> ChosenProbe:
    is_passive = probe.mode is ProbeMode.PASSIVE
    return ChosenProbe(
        kind=probe.key,
        is_passive=is_passive,
        config=to_json(config),
        target=probe.target(config),
        host=probe.host(config),
        expected_every_seconds=probe.interval_seconds(config) if is_passive else None,
        asserts=tuple(probe.asserts(config)),
        labels=probe.labels,
    )
