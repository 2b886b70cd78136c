"""The channels of a monitor, as they are told and as they are written."""

from __future__ import annotations

from collections.abc import Sequence

import asyncpg
import strawberry

from core.monitors.monitor_input import NamedChannel
from core.unset import UNSET, Unset
from graphql_schema.deliveries.types import Channel
from graphql_schema.written import written_or_unset


@strawberry.type(description="A channel that a monitor has beside those of its project's policy")
class MonitorChannel:
    """A channel, and what the monitor says of it."""

    channel: Channel = strawberry.field(
        description="The channel: one that was made for the monitor, or one of the workspace that it names"
    )
    enabled: bool = strawberry.field(
        description="Whether the channel is told of the monitor's failures; if not, not by the project's policy either"
    )

    @classmethod
    def of(cls, row: asyncpg.Record) -> MonitorChannel:
        """Return the object that stands for a row of core.deliveries.reading."""
        return cls(channel=Channel.of(row), enabled=row["is_enabled"])


@strawberry.input(description="A channel that a monitor has beside those of its project's policy")
class MonitorChannelInput:
    """As core.monitors.monitor_input takes it."""

    channel_id: strawberry.ID = strawberry.field(
        description="A channel of the workspace, or one that was made for this monitor; each once"
    )
    enabled: bool = strawberry.field(
        default=True,
        description="Whether it is told of the monitor's failures; false keeps it from being told by the project's "
        "policy too",
    )


def named_channels(
    wanted: Sequence[MonitorChannelInput] | None,
) -> Sequence[NamedChannel] | Unset | None:
    """Return the channels of an input as the core takes them."""
    given = written_or_unset(wanted)
    if given is UNSET or given is None:
        return given
    return [NamedChannel(channel_id=each.channel_id, is_enabled=each.enabled) for each in given]
