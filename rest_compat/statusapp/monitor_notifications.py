"""The channels of a monitor, which StatusApp writes together with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Annotated, Any, Final

import asyncpg
import msgspec

from core.access.permission import require
from core.access.principal import TokenPermission, TokenScope
from core.access.sight import sight_of
from core.deliveries.reading import channels_of_monitors
from core.ids import Prefix, encode_id
from core.issues import Issues
from core.monitors.monitor_input import MonitorChannel, NamedChannel, OwnChannel
from core.plugin_registry import PluginRegistry
from core.text_rules import LONGEST_NAME
from core.unset import UNSET, Unset
from plugins.api.config import Config, Meta
from rest_compat.renaming import Names
from rest_compat.route import Call
from rest_compat.statusapp.notifier_words import (
    StoredNotifier,
    chosen_notifier,
    kind_of_type,
    shown_notifier,
)

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
class WantedChannels:
    """What services take, and where the dialect has what they may have against it."""

    channels: Sequence[MonitorChannel] | Unset = UNSET
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
) -> WantedChannels:
    """Return the channels of a monitor to make."""
    if FIELD not in data:
        return WantedChannels()
    return _wanted(registry, data[FIELD] or (), monitor_name, (), issues)


async def channels_after(
    call: Call, data: Mapping[str, Any], row: asyncpg.Record, issues: Issues
) -> WantedChannels:
    """Return the channels of a monitor after a change: those of the workspace that it names have no place here, and stay.

    Raises TokenScopeDenied or Forbidden where channels may not be read.
    """
    if FIELD not in data:
        return WantedChannels()
    require(call.principal, TokenScope.NOTIFICATIONS, TokenPermission.READ)
    sight = sight_of(call.principal, call.services.clock.now())
    async with call.services.database.acquire() as connection:
        present = (await channels_of_monitors(connection, sight, [row["id"]]))[row["id"]]
    named = [
        NamedChannel(channel_id=encode_id(Prefix.CHANNEL, each["id"]), is_enabled=each["is_enabled"])
        for each in present
        if each["monitor_id"] is None
    ]
    return _wanted(call.services.registry, data[FIELD] or (), data.get("name") or row["name"], named, issues)


def _wanted(
    registry: PluginRegistry,
    given: Sequence[Mapping[str, Any]],
    monitor_name: str,
    named: Sequence[NamedChannel],
    issues: Issues,
) -> WantedChannels:
    channels: list[MonitorChannel] = [*named]
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
