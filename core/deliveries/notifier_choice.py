"""The notifier that a channel goes through, chosen and shown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import asyncpg

from core.audit.config_view import config_view
from core.audit.redaction import View
from core.issues import Issues, Path
from core.kind_choice import KindChoice, parse_choice
from core.plugin_registry import PluginRegistry
from plugins.api.config import to_json


def choose_notifier(
    choice: KindChoice,
    registry: PluginRegistry,
    path: Path,
    issues: Issues,
    *,
    replaced: asyncpg.Record | None = None,
) -> dict[str, Any] | None:
    """Return the configuration to store, or None after noting what is wrong with it below `path`.

    `replaced` is the row of the channel that it is for: a secret that is omitted is kept while the kind stays.
    """
    loaded = registry.notifier(choice.kind)
    if loaded is None:
        issues.refuse_value((*path, choice.kind), "unknown", "is not a known notifier kind", choice.kind)
        return None
    stored = replaced["config"] if replaced is not None and replaced["kind"] == choice.kind else None
    config = parse_choice(choice, loaded.notifier.config, path, issues, stored=stored)
    return None if config is None else to_json(config)


def channel_view(registry: PluginRegistry, columns: Mapping[str, Any]) -> View:
    """Return a channel as it is written down."""
    loaded = registry.notifier(columns["kind"])
    return {
        "name": columns["name"],
        "kind": columns["kind"],
        "config": config_view(None if loaded is None else loaded.notifier.config, columns["config"]),
        "isActive": columns["is_active"],
    }
