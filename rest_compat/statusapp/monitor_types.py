"""StatusApp's types of monitors, and the kinds of probe behind them."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from core.deliveries.presentation import presentation_of
from core.issues import Issues
from core.monitors.reading import MonitorFilter
from core.plugin_registry import PluginRegistry

HTTP: Final = "http"
HEARTBEAT: Final = "heartbeat"


class MonitorType(enum.StrEnum):
    """The types of the page."""

    WEBSITE = "WEBSITE"
    API = "API"
    CRON = "CRON"
    PING = "PING"
    PORT = "PORT"
    DNS = "DNS"
    SSL_CERT = "SSL_CERT"
    DOMAIN = "DOMAIN"


HTTP_TYPES: Final = frozenset({MonitorType.WEBSITE, MonitorType.API})

# The types that can be made: those whose kind is installed.
_KINDS: Mapping[MonitorType, str] = MappingProxyType(
    {MonitorType.WEBSITE: HTTP, MonitorType.API: HTTP, MonitorType.CRON: HEARTBEAT}
)
_IS_API: Final = {"presentation": MonitorType.API.value}


def kind_of_type(wanted: MonitorType, issues: Issues) -> str | None:
    """Return the kind of probe of a type; note an issue, and return None, if there is none yet."""
    kind = _KINDS.get(wanted)
    if kind is None:
        installed = ", ".join(_KINDS)
        cause = f"must be one of {installed}: the probe kind of {wanted} is not installed"
        issues.refuse_value(("type",), "enum", cause, wanted.value, expected=installed)
    return kind


def type_of(registry: PluginRegistry, kind: str, config: Any) -> str:
    """Return what the dialect calls a monitor's kind, with its configuration as stored."""
    return presentation_of(registry, kind, config)


def known_types(registry: PluginRegistry) -> list[str]:
    """Return the types by which lists can be filtered: the page's, and those of further kinds."""
    return list(dict.fromkeys([*(each.value for each in MonitorType), *_own_names(registry)]))


def filter_of_type(registry: PluginRegistry, name: str | None) -> MonitorFilter:
    """Return which monitors are of a type (None: of any); of one whose kind is not installed, none is."""
    match name:
        case None:
            return MonitorFilter()
        case MonitorType.WEBSITE:
            return MonitorFilter(kinds=(HTTP,), lacks_config=_IS_API)
        case MonitorType.API:
            return MonitorFilter(kinds=(HTTP,), has_config=_IS_API)
        case MonitorType.CRON:
            return MonitorFilter(kinds=(HEARTBEAT,))
        case _:
            return MonitorFilter(kinds=tuple(_own_names(registry).get(name, ())))


def _own_names(registry: PluginRegistry) -> Mapping[str, tuple[str, ...]]:
    """Return the kinds that the dialect calls by their key."""
    return {
        each.probe.key.upper(): (each.probe.key,)
        for each in registry.probes
        if each.probe.presentation is None
    }
