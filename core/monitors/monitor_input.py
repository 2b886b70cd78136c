"""What callers ask of monitors. Ids are public ones, as every API gives and takes them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from core.kind_choice import ConfigChange, KindChoice
from core.unset import UNSET, Unset


@dataclass(frozen=True, kw_only=True, slots=True)
class ConfirmationInput:
    """When a failure is believed: an absent field is unchanged, a null one goes back to its default."""

    failures_to_open: int | Unset | None = UNSET
    successes_to_close: int | Unset | None = UNSET
    regions_to_agree: int | Unset | None = UNSET
    recheck_seconds: int | Unset | None = UNSET


@dataclass(frozen=True, kw_only=True, slots=True)
class NamedChannel:
    """A channel that is there already: one of the workspace, or one that was made for the monitor."""

    channel_id: str
    is_enabled: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class OwnChannel:
    """A channel to make for the monitor, which it ends with.

    In an update it takes the place of the one made before: the first of the first, and so on, leaving out those that
    the same update names. While the kind stays, that channel is changed and keeps each secret that is omitted; else
    it ends and another one is made.
    """

    name: str
    notifier: KindChoice
    is_enabled: bool = True


MonitorChannel: TypeAlias = NamedChannel | OwnChannel


@dataclass(frozen=True, kw_only=True, slots=True)
class OwnChannels:
    """Exactly these channels of the monitor's own; those of the workspace that it names stay, whatever they are by then."""

    channels: Sequence[OwnChannel]


@dataclass(frozen=True, kw_only=True, slots=True)
class RegressionInput:
    """What is watched for regressions: an absent field is unchanged, a null one goes back to its default."""

    is_enabled: bool | Unset | None = UNSET
    threshold_percent: int | Unset | None = UNSET
    period_days: int | Unset | None = UNSET


@dataclass(frozen=True, kw_only=True, slots=True)
class CreateMonitor:
    """A monitor to make; what is absent or null takes its default."""

    name: str
    probe: KindChoice
    project_id: str | Unset | None = UNSET
    interval_seconds: int | Unset | None = UNSET
    timeout_seconds: int | Unset | None = UNSET
    region_keys: Sequence[str] | Unset | None = UNSET
    tags: Sequence[str] | Unset | None = UNSET
    confirmation: ConfirmationInput | Unset | None = UNSET
    channels: Sequence[MonitorChannel] | Unset | None = UNSET
    regression: RegressionInput | Unset | None = UNSET


@dataclass(frozen=True, kw_only=True, slots=True)
class UpdateMonitor:
    """What to change of a monitor: absent is unchanged, null goes back to the default.

    A KindChoice replaces the probe's configuration as a whole, but a secret that it omits keeps what is stored; a
    ConfigChange replaces the fields that it names. A heartbeat gets another address if that is wished. Of the channels that were made for the monitor those end that the
    list, where there is one, has no place for.
    """

    id: str
    name: str | Unset | None = UNSET
    probe: KindChoice | ConfigChange | Unset | None = UNSET
    project_id: str | Unset | None = UNSET
    interval_seconds: int | Unset | None = UNSET
    timeout_seconds: int | Unset | None = UNSET
    region_keys: Sequence[str] | Unset | None = UNSET
    tags: Sequence[str] | Unset | None = UNSET
    confirmation: ConfirmationInput | Unset | None = UNSET
    channels: Sequence[MonitorChannel] | OwnChannels | Unset | None = UNSET
    regression: RegressionInput | Unset | None = UNSET
    rotates_heartbeat_url: bool = False
    revision: int | Unset | None = UNSET


@dataclass(frozen=True, kw_only=True, slots=True)
class CheckNow:
    """The monitors to look at at once; None is all that are active and not paused."""

    monitor_ids: Sequence[str] | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class SetTags:
    """Tags to give to several monitors: `replace` them all, or `add` some and `remove` some."""

    monitor_ids: Sequence[str]
    replace: Sequence[str] | None = None
    add: Sequence[str] | None = None
    remove: Sequence[str] | None = None
