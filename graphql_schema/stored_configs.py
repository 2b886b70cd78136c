"""The configurations of monitors and channels, as they are stored, ready to be shown by their kind's type."""

from __future__ import annotations

from datetime import datetime
from typing import Any, TypeVar

import asyncpg

from core.plugin_registry import PluginRegistry
from graphql_schema.plugin_types import StoredConfig
from plugins.api.config import Config, ConfigErrors, load

ConfigT = TypeVar("ConfigT", bound=Config)

_RECIPIENTS_NAMED = 3


def probe_config(registry: PluginRegistry, row: asyncpg.Record) -> StoredConfig:
    """Return how a monitor looks; `row` has `kind`, `config` and `target`."""
    loaded = registry.probe(row["kind"])
    config = None if loaded is None else _loaded(loaded.probe.config, row["config"])
    return StoredConfig(kind=row["kind"], summary=row["target"], config=config)


def notifier_config(registry: PluginRegistry, row: asyncpg.Record) -> StoredConfig:
    """Return how a channel delivers; `row` has `kind` and `config`."""
    loaded = registry.notifier(row["kind"])
    config = None if loaded is None else _loaded(loaded.notifier.config, row["config"])
    if loaded is None or config is None:
        return StoredConfig(kind=row["kind"], summary=row["kind"], config=None)
    recipients = list(loaded.notifier.recipients(config))
    named = ", ".join(recipients[:_RECIPIENTS_NAMED])
    more = len(recipients) - _RECIPIENTS_NAMED
    return StoredConfig(
        kind=row["kind"], summary=f"{named} and {more} more" if more > 0 else named, config=config
    )


def _loaded(config_class: type[ConfigT], stored: Any) -> ConfigT | None:
    """A stored configuration that no longer fits its class is shown as that of an unknown kind."""
    try:
        return load(config_class, stored)
    except ConfigErrors:
        return None


def grace_seconds(registry: PluginRegistry, row: asyncpg.Record, now: datetime) -> int:
    """Return how long after its due moment a report of a PASSIVE monitor is still in time; 0 if unknown."""
    loaded = registry.probe(row["kind"])
    if loaded is None or loaded.probe.expect is None:
        return 0
    config = _loaded(loaded.probe.config, row["config"])
    return 0 if config is None else loaded.probe.expect(config, now).grace_seconds
