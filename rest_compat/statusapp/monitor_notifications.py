"""The channels of a monitor, which StatusApp writes together with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Annotated, Any, Final, Generic, TypeVar

import asyncpg
import msgspec

from core.ids import Prefix, encode_id
from core.issues import Issues
from core.monitors.monitor_input import OwnChannel, OwnChannels
from core.plugin_registry import PluginRegistry
from core.text_rules import LONGEST_NAME
from core.unset import UNSET, Unset
from plugins.api.config import Config, Meta
from rest_compat.renaming import Names
from rest_compat.statusapp.notifier_words import (
    StoredNotifier,
    chosen_notifier,
    kind_of_type,
    shown_notifier,
)

ChannelsT = TypeVar("ChannelsT")

FIELD: Final = "notifications"
_CHANNELS: Final = "channels"
_NO_NAMES: Names = MappingProxyType({})


class NotificationBody(Config):
    """Who is told of the monitor: a channel that is made with it, and ends with it."""

    type: Annotated[str, Meta(description="EMAIL, WEBHOOK, or what else there is a notifier for")]
    enabled: Annotated[bool, Meta(description="Whether it is told")] = True
    config: Annotated[dict[str, Any], Meta(description="As the notification channels of the type have it")]


class ShownNotification(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A channel of the monitor without its secrets; `secretsSet` names those that there are."""

    id: str
    name: str
    type: str
    enabled: bool
    config: dict[str, Any]
    secrets_set: list[str]


@dataclass(frozen=True, kw_only=True, slots=True)
class WantedChannels(Generic[ChannelsT]):
    """What services take, and where the dialect has what they may have against it."""

    channels: ChannelsT | Unset = UNSET
    names: Names = field(default_factory=lambda: _NO_NAMES)


def shown_notification(row: asyncpg.Record, registry: PluginRegistry) -> ShownNotification:
    """Return a row of core.deliveries.reading.channels_of_monitors."""
    shown = shown_notifier(registry, StoredNotifier(kind=row["kind"], config=row["config"]))
    return ShownNotification(
        id=encode_id(Prefix.CHANNEL, row["id"]),
        name=row["name"],
        type=shown.type,
        enabled=row["is_enabled"],
        config=dict(shown.config),
        secrets_set=shown.secrets_set,
    )


def new_channels(
    registry: PluginRegistry, data: Mapping[str, Any], monitor_name: str, issues: Issues
) -> WantedChannels[Sequence[OwnChannel]]:
    """Return the channels of a monitor to make."""
    if FIELD not in data:
        return WantedChannels()
    return _wanted(registry, data[FIELD] or (), monitor_name, issues)


def channels_after(
    registry: PluginRegistry, data: Mapping[str, Any], monitor_name: str, issues: Issues
) -> WantedChannels[OwnChannels]:
    """Return the channels of a monitor's own after a change: those of the workspace have no place here, and stay."""
    own = new_channels(registry, data, monitor_name, issues)
    if own.channels is UNSET:
        return WantedChannels()
    return WantedChannels(channels=OwnChannels(channels=own.channels), names=own.names)


def _wanted(
    registry: PluginRegistry, given: Sequence[Mapping[str, Any]], monitor_name: str, issues: Issues
) -> WantedChannels[Sequence[OwnChannel]]:
    channels: list[OwnChannel] = []
    names: dict[tuple[str, ...], tuple[str, ...]] = {(_CHANNELS,): (FIELD,)}
    for place, each in enumerate(given):
        path = (FIELD, str(place))
        kind = kind_of_type(registry, each["type"], (*path, "type"), issues)
        if kind is None:
            continue
        notifier = chosen_notifier(kind, each["config"], (*path, "config"), issues)
        if notifier is None:
            continue
        in_core = (_CHANNELS, str(len(channels)))
        names[in_core] = path
        names |= {(*in_core, *below): told for below, told in notifier.names.items()}
        name = f"{each['type']} of {monitor_name}"[:LONGEST_NAME]
        channels.append(
            OwnChannel(name=name, notifier=notifier.choice, is_enabled=each.get("enabled") is not False)
        )
    return WantedChannels(channels=channels, names=names)
