"""Which kind of plugin an input chose, and the configuration it gave."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from core.issues import Issues, Path
from plugins.api.config import Config, ConfigErrors, load, parse

ConfigT = TypeVar("ConfigT", bound=Config)


@dataclass(frozen=True, kw_only=True, slots=True)
class KindChoice:
    """A kind by its key, and its configuration: JSON-able, in the names of the API, without what was absent."""

    kind: str
    config: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class ConfigChange:
    """What is to differ in a stored configuration of that kind: whole fields by their names in the API, null is default.

    All other fields stay as they are stored, secrets too.
    """

    kind: str
    changes: Mapping[str, Any]


def parse_choice(
    choice: KindChoice, config_class: type[ConfigT], path: Path, issues: Issues, *, stored: Any = None
) -> ConfigT | None:
    """Return the configuration, or None after noting its issues below `path` and the kind's key.

    `stored` is the JSON of the configuration of the same kind that it replaces: omitted secrets are kept.
    """
    kept = None if stored is None else _loaded(config_class, stored)
    try:
        return parse(config_class, choice.config, stored=kept)
    except ConfigErrors as errors:
        issues.take((*path, choice.kind), errors.issues)
        return None


def _loaded(config_class: type[ConfigT], stored: Any) -> ConfigT | None:
    """A stored configuration that no longer fits its class cannot lend its secrets."""
    try:
        return load(config_class, stored)
    except ConfigErrors:
        return None
