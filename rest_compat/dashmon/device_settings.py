"""How a device is looked at, in the words in which this API takes it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import asyncpg
import msgspec

from core.plugin_registry import PluginRegistry
from plugins.api.config import ConfigErrors, load, redact


class ShownJsonAssertion(msgspec.Struct, frozen=True, kw_only=True):
    """What a value in a JSON body must be; `value` is null for exists."""

    path: str
    operator: str
    value: str | None


class ShownTlsAssertions(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What is expected of the certificate."""

    days_left: int | None


class Synthetic(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What is expected of the answers, as saving it takes it; null expects nothing."""

    expected_statuses: list[str]
    latency_limit_ms: int | None
    body_contains: str | None
    body_lacks: str | None
    json: list[ShownJsonAssertion]
    tls: ShownTlsAssertions


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What a device's type has of them, null the rest; `config` is that of a type for which there are no words here."""

    url: str | None = None
    grace: int | None = None
    synthetic: Synthetic | None = None
    config: dict[str, Any] | None = None


def settings_of(registry: PluginRegistry, row: asyncpg.Record) -> Settings:
    """Return the settings of a monitor's row without their secrets; none where its configuration cannot be read."""
    kind, config = row["kind"], _shown_config(registry, row)
    if kind not in _IN_WORDS:
        return Settings(config=config)
    return _IN_WORDS[kind](config) if config else Settings()


def _of_http(config: Mapping[str, Any]) -> Settings:
    return Settings(url=config["url"], synthetic=_synthetic(config))


def _of_heartbeat(config: Mapping[str, Any]) -> Settings:
    return Settings(grace=config["graceSeconds"])


_IN_WORDS: Mapping[str, Callable[[Mapping[str, Any]], Settings]] = MappingProxyType(
    {"http": _of_http, "heartbeat": _of_heartbeat}
)


def _synthetic(config: Mapping[str, Any]) -> Synthetic:
    return Synthetic(
        expected_statuses=config["acceptedStatuses"],
        latency_limit_ms=config["degradedAboveMs"],
        body_contains=config["bodyContains"],
        body_lacks=config["bodyLacks"],
        json=[
            ShownJsonAssertion(path=each["path"], operator=each["operator"].lower(), value=each["value"])
            for each in config["json"]
        ],
        tls=ShownTlsAssertions(days_left=config["certificateDaysLeft"]),
    )


def _shown_config(registry: PluginRegistry, row: asyncpg.Record) -> dict[str, Any]:
    """Return the configuration without its secrets; nothing of a kind that is not loaded."""
    loaded = registry.probe(row["kind"])
    if loaded is None:
        return {}
    try:
        return redact(load(loaded.probe.config, row["config"]))
    except ConfigErrors:
        return {}


SYNTHETIC_EXAMPLE = {
    "expectedStatuses": ["200-299"],
    "latencyLimitMs": 800,
    "bodyContains": "In stock",
    "bodyLacks": None,
    "json": [{"path": "$.status", "operator": "equals", "value": "ok"}],
    "tls": {"daysLeft": 14},
}
