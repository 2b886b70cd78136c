"""Judges the channels that an input gives a monitor, inside the caller's transaction."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

import asyncpg

from core.access.permission import require
from core.access.principal import Principal, TokenPermission, TokenScope
from core.db.database import Connection
from core.deliveries.notifier_choice import choose_notifier
from core.ids import Prefix, decode_id, encode_id
from core.issues import Issues, Path
from core.monitors.monitor_channels import (
    AcceptedChannel,
    AcceptedChannels,
    ChannelLink,
    ChannelToMake,
    hold_channels,
    lock_own_channels,
)
from core.monitors.monitor_input import MonitorChannel, NamedChannel, OwnChannel, OwnChannels
from core.plugin_registry import PluginRegistry
from core.text_rules import name_of

MOST_CHANNELS = 50

_PATH = "channels"
_SCOPE = TokenScope.NOTIFICATIONS


@dataclass(frozen=True, kw_only=True, slots=True)
class ChannelChoice:
    """What inputs are judged by: who asks, and the kinds that are loaded."""

    connection: Connection
    principal: Principal
    registry: PluginRegistry

    async def of_new(self, wanted: Sequence[MonitorChannel], issues: Issues) -> AcceptedChannels:
        """Return the channels of a monitor to make; raise what `of_present` does."""
        if not wanted:
            return AcceptedChannels(wanted=())
        return await self._accept(wanted, {}, frozenset(), issues)

    async def of_present(
        self,
        wanted: Sequence[MonitorChannel] | OwnChannels,
        monitor_id: UUID,
        links: Sequence[ChannelLink],
        issues: Issues,
    ) -> AcceptedChannels:
        """Return the channels that a monitor shall have instead of its present ones, after noting what is wrong.

        To name channels takes the right to read them; to make, change or end those of the monitor's own that to write
        them: raises TokenScopeDenied or Forbidden.
        """
        rows = await lock_own_channels(self.connection, self.principal.workspace_id, [monitor_id])
        linked = [link.channel_id for link in links]
        own = {channel_id: rows[channel_id] for channel_id in linked if channel_id in rows}
        kept: Sequence[NamedChannel] = ()
        if isinstance(wanted, OwnChannels):
            kept = await self._named_by(links)
            wanted = [*kept, *wanted.channels]
        # Those that it no longer names, too: they are not to be deleted while the monitor lets go of them.
        return await self._accept(wanted, own, frozenset(linked), issues, kept=len(kept))

    async def _named_by(self, links: Sequence[ChannelLink]) -> list[NamedChannel]:
        """Return those of the workspace's channels that a monitor names."""
        linked = [link.channel_id for link in links]
        shared = await hold_channels(self.connection, self.principal.workspace_id, linked)
        return [
            NamedChannel(channel_id=encode_id(Prefix.CHANNEL, link.channel_id), is_enabled=link.is_enabled)
            for link in links
            if link.channel_id in shared
        ]

    async def _accept(
        self,
        wanted: Sequence[MonitorChannel],
        own: Mapping[UUID, asyncpg.Record],
        linked: frozenset[UUID],
        issues: Issues,
        *,
        kept: int = 0,
    ) -> AcceptedChannels:
        """Judge the channels; what is wrong with one is told at its place after those that are `kept`."""
        is_made = any(isinstance(each, OwnChannel) for each in wanted)
        require(self.principal, _SCOPE, TokenPermission.WRITE if is_made else TokenPermission.READ)
        if len(wanted) > MOST_CHANNELS:
            cause = f"must have at most {MOST_CHANNELS} items"
            issues.refuse_value((_PATH,), "max_length", cause, len(wanted), expected=str(MOST_CHANNELS))
            return AcceptedChannels(wanted=())
        named = {place: _decoded(each) for place, each in enumerate(wanted) if isinstance(each, NamedChannel)}
        asked = {each for each in named.values() if each is not None}
        held = await hold_channels(self.connection, self.principal.workspace_id, asked | linked)
        _judge_names(named, held | own.keys(), issues)
        free = [row for channel_id, row in own.items() if channel_id not in asked]
        accepted = tuple(self._accepted(wanted, named, free, issues, kept=kept))
        ended = _ended(accepted, free)
        if ended:
            require(self.principal, _SCOPE, TokenPermission.WRITE)
        return AcceptedChannels(wanted=accepted, ended=ended)

    def _accepted(
        self,
        wanted: Sequence[MonitorChannel],
        named: Mapping[int, UUID | None],
        free: Sequence[asyncpg.Record],
        issues: Issues,
        *,
        kept: int,
    ) -> Iterator[AcceptedChannel]:
        """Yield what is right; `free` are the monitor's own whose places are taken by those to make."""
        places = iter(free)
        for place, each in enumerate(wanted):
            channel = (
                named[place]
                if isinstance(each, NamedChannel)
                else self._to_make(each, next(places, None), (_PATH, str(place - kept)), issues)
            )
            if channel is not None:
                yield AcceptedChannel(channel=channel, is_enabled=each.is_enabled)

    def _to_make(
        self, wanted: OwnChannel, before: asyncpg.Record | None, path: Path, issues: Issues
    ) -> ChannelToMake | None:
        present = before if before is not None and before["kind"] == wanted.notifier.kind else None
        name = name_of(wanted.name, (*path, "name"), issues)
        config = choose_notifier(
            wanted.notifier, self.registry, (*path, "notifier"), issues, replaced=present
        )
        if config is None:
            return None
        return ChannelToMake(name=name, kind=wanted.notifier.kind, config=config, present=present)


def _decoded(named: NamedChannel) -> UUID | None:
    return decode_id(Prefix.CHANNEL, named.channel_id)


def _judge_names(named: Mapping[int, UUID | None], known: frozenset[UUID], issues: Issues) -> None:
    """Note each id that is none of a channel that the monitor can have, and each that is named twice."""
    seen: set[UUID] = set()
    for place, channel_id in named.items():
        path = (_PATH, str(place), "channelId")
        if channel_id is None or channel_id not in known:
            issues.refuse(path, "unknown", "names no channel that can be told of the monitor")
        elif channel_id in seen:
            issues.refuse(path, "unique", "names a channel that is named before")
        else:
            seen.add(channel_id)


def _ended(accepted: Sequence[AcceptedChannel], free: Sequence[asyncpg.Record]) -> tuple[asyncpg.Record, ...]:
    """Return those of the monitor's own that nothing takes over."""
    kept = {
        each.channel.present["id"]
        for each in accepted
        if isinstance(each.channel, ChannelToMake) and each.channel.present is not None
    }
    return tuple(row for row in free if row["id"] not in kept)
