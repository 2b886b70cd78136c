"""What every kind must hold to be loaded; the registry and the conformance kit ask the same rules."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from plugins.api.config import Config, UnsupportedConfig
from plugins.api.config.parsing import default_issues
from plugins.api.config.shape import shape_of
from plugins.api.notifier import Notifier
from plugins.api.probe import Probe, ProbeMode

KEY = re.compile(r"[a-z][A-Za-z0-9]{0,39}\Z")
RESERVED_KEYS = frozenset({"unknown"})


def kind_faults(kind: Probe[Any] | Notifier[Any]) -> tuple[str, ...]:
    """Return why a kind cannot be loaded; empty if it can."""
    return tuple(_faults(kind))


def _faults(kind: Probe[Any] | Notifier[Any]) -> Iterator[str]:
    if not isinstance(kind.key, str) or not KEY.match(kind.key):
        yield "key must be lowerCamelCase, of at most 40 letters and digits"
    elif kind.key in RESERVED_KEYS:
        yield f'the key "{kind.key}" is reserved'
    for name in ("title", "description"):
        text = getattr(kind, name)
        if not isinstance(text, str) or not text.strip():
            yield f"{name} is empty"
    if isinstance(kind, Probe) and (kind.mode is ProbeMode.PASSIVE) != (kind.expect is not None):
        yield "expect belongs to PASSIVE kinds, and every one of them needs it"
    yield from _config_faults(kind.config)


def _config_faults(config: object) -> Iterator[str]:
    if not isinstance(config, type) or not issubclass(config, Config):
        yield "config must be a Config class"
        return
    try:
        shape_of(config)
    except UnsupportedConfig as error:
        yield str(error)
        return
    for issue in default_issues(config):
        yield f"a default does not fit its own field: {issue.message}"
