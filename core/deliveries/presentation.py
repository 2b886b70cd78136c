"""What a monitor's kind is called in the payload of a webhook."""

from __future__ import annotations

from typing import Any

from core.log import get_logger
from core.plugin_registry import PluginRegistry
from plugins.api.config import load

log = get_logger(__name__)


def presentation_of(registry: PluginRegistry, kind: str, config: Any) -> str:
    """Return the kind's name in the StatusApp dialect, from the probe where it has one; else the key in capitals.

    `config` is the monitor's configuration as stored, or None if it is gone.
    """
    loaded = registry.probe(kind)
    if loaded is None or loaded.probe.presentation is None or config is None:
        return kind.upper()
    try:
        return str(loaded.probe.presentation(load(loaded.probe.config, config)))
    except Exception as error:  # A plugin may raise anything, and the alert must go out
        log.warning("presentation.failed", kind=kind, error=repr(error))
        return kind.upper()
