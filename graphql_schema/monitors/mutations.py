"""Changes of monitors."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from typing import Annotated, Any
from uuid import UUID

import strawberry

from core.ids import Prefix
from core.monitors.monitor_input import (
    CheckNow,
    ConfirmationInput,
    CreateMonitor,
    RegressionInput,
    SetTags,
    UpdateMonitor,
)
from core.unset import UNSET, Unset
from graphql_schema.arguments import INPUT
from graphql_schema.changes import USER_ERRORS_HELP, ChangedById, DeletedPayload, changed, deleted
from graphql_schema.context import Context, Info
from graphql_schema.described import mutation
from graphql_schema.errors import UserError, attempt
from graphql_schema.kind_inputs import choice_or_unset, mutation_taking, with_kind
from graphql_schema.monitors.channels import MonitorChannelInput, named_channels
from graphql_schema.monitors.types import Monitor
from graphql_schema.plugin_types import chosen_kind
from graphql_schema.written import written, written_or_unset

_INTERVAL_HELP = (
    "Seconds between two checks, 5..86400 and at least what the plan allows; null: 300. "
    "For an ACTIVE probe only"
)
_TIMEOUT_HELP = (
    "Seconds that a check may take, 1..300 and at most the interval; "
    "null: 30, or the interval if that is less"
)
_OTHER_PROBE_HELP = (
    "Another probe, or another configuration of the present one: the monitor begins anew. Null is refused"
)


@strawberry.input(name="ConfirmationInput", description="When a failure is believed; defaults 2, 1, 1 and 20")
class WrittenConfirmation:
    """As core.monitors.monitor_input takes it."""

    failures_to_open: int | None = strawberry.field(
        default=strawberry.UNSET, description="How many failures in a row make it so, 1..100; null: 2"
    )
    successes_to_close: int | None = strawberry.field(
        default=strawberry.UNSET, description="How many successes in a row end it, 1..100; null: 1"
    )
    regions_to_agree: int | None = strawberry.field(
        default=strawberry.UNSET,
        description="How many regions must see the failure, 1..100; null: 1. At most the live regions count",
    )
    recheck_seconds: int | None = strawberry.field(
        default=strawberry.UNSET,
        description="Seconds between the checks that confirm or refute a first failure, 1..3600; null: 20",
    )


@strawberry.input(
    name="RegressionInput",
    description="When a monitor counts as slower than before; defaults false, 50 and 7",
)
class WrittenRegression:
    """As core.monitors.monitor_input takes it."""

    enabled: bool | None = strawberry.field(
        default=strawberry.UNSET,
        description="Whether it is watched for regressions; null: false. For an ACTIVE probe only",
    )
    threshold_percent: int | None = strawberry.field(
        default=strawberry.UNSET,
        description="How much slower than the baseline it must be, in percent of it, 25..200; null: 50",
    )
    period_days: int | None = strawberry.field(
        default=strawberry.UNSET,
        description="From how many days the baseline is reckoned, 1..30; null: 7",
    )


@strawberry.input(description="A monitor to make")
class CreateMonitorInput:
    """As core.monitors.monitor_input takes it; `probe` is added at start."""

    name: str = strawberry.field(description="What people call it: 1 to 200 characters; need not be unique")
    project_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET,
        description="By default the default project; who is confined to other projects: the only one of them",
    )
    interval_seconds: int | None = strawberry.field(default=strawberry.UNSET, description=_INTERVAL_HELP)
    timeout_seconds: int | None = strawberry.field(default=strawberry.UNSET, description=_TIMEOUT_HELP)
    region_keys: list[str] | None = strawberry.field(
        default=strawberry.UNSET,
        description="Where it is checked from, by key; null: the first region that there is. "
        "For an ACTIVE probe only",
    )
    tags: list[str] | None = strawberry.field(
        default=strawberry.UNSET,
        description="Its tags by name, at most 50 of up to 100 characters; null: none",
    )
    confirmation: WrittenConfirmation | None = strawberry.field(
        default=strawberry.UNSET,
        description="When a failure is believed; null, or what is absent of it: the defaults",
    )
    channels: list[MonitorChannelInput] | None = strawberry.field(
        default=strawberry.UNSET,
        description="Channels that it has beside those of the project's policy, at most 50; null: none. Needs READ on "
        "NOTIFICATIONS",
    )
    regression: WrittenRegression | None = strawberry.field(
        default=strawberry.UNSET,
        description="When it counts as slower than before; null, or what is absent of it: the defaults",
    )


@strawberry.input(
    description="What to change of a monitor: absent is unchanged, null is back to the default. The probe's "
    "configuration is replaced as a whole, but an omitted secret keeps what is stored."
)
class UpdateMonitorInput:
    """As core.monitors.monitor_input takes it; `probe` is added at start."""

    id: strawberry.ID = strawberry.field(description="The monitor to change")
    name: str | None = strawberry.field(
        default=strawberry.UNSET, description="Another name: 1 to 200 characters; null is refused"
    )
    project_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET,
        description="The project that it moves to; null: the one that a new monitor would go to",
    )
    interval_seconds: int | None = strawberry.field(
        default=strawberry.UNSET,
        description=_INTERVAL_HELP,
    )
    timeout_seconds: int | None = strawberry.field(
        default=strawberry.UNSET,
        description=_TIMEOUT_HELP,
    )
    region_keys: list[str] | None = strawberry.field(
        default=strawberry.UNSET,
        description="All regions that it is checked from, by key; null: the first that there is. For an "
        "ACTIVE probe only",
    )
    tags: list[str] | None = strawberry.field(
        default=strawberry.UNSET,
        description="All its tags by name, at most 50 of up to 100 characters; null: none",
    )
    confirmation: WrittenConfirmation | None = strawberry.field(
        default=strawberry.UNSET,
        description="When a failure is believed; what is absent of it is unchanged, null: all defaults",
    )
    channels: list[MonitorChannelInput] | None = strawberry.field(
        default=strawberry.UNSET,
        description="All channels that it has beside those of the project's policy, at most 50; null: none. Needs "
        "READ on NOTIFICATIONS. One that was made for the monitor ends if it is not named, which needs WRITE",
    )
    regression: WrittenRegression | None = strawberry.field(
        default=strawberry.UNSET,
        description="When it counts as slower than before; what is absent of it is unchanged, null: all defaults",
    )
    revision: int | None = strawberry.field(default=strawberry.UNSET, description="A stale one is a CONFLICT")


@strawberry.input(description="What to look at now; without ids, all monitors that are not paused")
class CheckNowInput:
    """As core.monitors.monitor_input takes it."""

    monitor_ids: list[strawberry.ID] | None = strawberry.field(
        default=strawberry.UNSET,
        description="The monitors to look at, at least one; null or absent: all that are neither paused nor "
        "PASSIVE",
    )


@strawberry.input(description="Tags for several monitors: replace them all, or add some and remove some")
class SetTagsInput:
    """As core.monitors.monitor_input takes it."""

    monitor_ids: list[strawberry.ID] = strawberry.field(
        description="The monitors that are tagged: at least one"
    )
    replace: list[str] | None = strawberry.field(
        default=strawberry.UNSET,
        description="All their tags from now on, at most 50 by name; not together with add or remove",
    )
    add: list[str] | None = strawberry.field(
        default=strawberry.UNSET,
        description="Tags that they get beside those that they have, at most 50 by name",
    )
    remove: list[str] | None = strawberry.field(
        default=strawberry.UNSET,
        description="Tags that they lose, at most 50 by name; one that they do not have is no error",
    )


@strawberry.type(description="What became of a change of a monitor")
class MonitorPayload:
    """The monitor is null if the change was refused."""

    monitor: Monitor | None = strawberry.field(
        description="The monitor as it is now; null if the change was refused"
    )
    user_errors: list[UserError] = strawberry.field(description=USER_ERRORS_HELP)


@strawberry.type(description="What became of a change of several monitors")
class MonitorsPayload:
    """The monitors are null if the change was refused."""

    monitors: list[Monitor] | None = strawberry.field(
        description="The monitors as they are now, in the order of the input; null if the change was refused"
    )
    user_errors: list[UserError] = strawberry.field(description=USER_ERRORS_HELP)


async def _payload(context: Context, change: Awaitable[UUID]) -> MonitorPayload:
    monitor, user_errors = await changed(context, Prefix.MONITOR, change)
    return MonitorPayload(monitor=monitor, user_errors=user_errors)


async def _payload_of_many(context: Context, change: Awaitable[Sequence[UUID]]) -> MonitorsPayload:
    done = await attempt(change)
    if done.value is None:
        return MonitorsPayload(monitors=None, user_errors=done.user_errors)
    context.reads.forget()
    found = await asyncio.gather(*(context.find(Prefix.MONITOR, one) for one in done.value))
    return MonitorsPayload(monitors=[monitor for monitor in found if monitor is not None], user_errors=[])


def _confirmation(wanted: WrittenConfirmation | None) -> ConfirmationInput | Unset | None:
    given = written_or_unset(wanted)
    if given is UNSET or given is None:
        return given
    return ConfirmationInput(
        failures_to_open=written_or_unset(given.failures_to_open),
        successes_to_close=written_or_unset(given.successes_to_close),
        regions_to_agree=written_or_unset(given.regions_to_agree),
        recheck_seconds=written_or_unset(given.recheck_seconds),
    )


def _regression(wanted: WrittenRegression | None) -> RegressionInput | Unset | None:
    given = written_or_unset(wanted)
    if given is UNSET or given is None:
        return given
    return RegressionInput(
        is_enabled=written_or_unset(given.enabled),
        threshold_percent=written_or_unset(given.threshold_percent),
        period_days=written_or_unset(given.period_days),
    )


def _settings(wanted: CreateMonitorInput | UpdateMonitorInput) -> dict[str, Any]:
    """Return what making and changing a monitor have in common."""
    return {
        "project_id": written_or_unset(wanted.project_id),
        "interval_seconds": written_or_unset(wanted.interval_seconds),
        "timeout_seconds": written_or_unset(wanted.timeout_seconds),
        "region_keys": written_or_unset(wanted.region_keys),
        "tags": written_or_unset(wanted.tags),
        "confirmation": _confirmation(wanted.confirmation),
        "channels": named_channels(wanted.channels),
        "regression": _regression(wanted.regression),
    }


async def _create_monitor(info: Info, wanted: Any) -> MonitorPayload:
    context = info.context
    monitor = CreateMonitor(name=wanted.name, probe=chosen_kind(wanted.probe), **_settings(wanted))
    return await _payload(context, context.services.monitors.create(context.principal, monitor))


async def _update_monitor(info: Info, wanted: Any) -> MonitorPayload:
    context = info.context
    update = UpdateMonitor(
        id=wanted.id,
        name=written_or_unset(wanted.name),
        probe=choice_or_unset(wanted.probe),
        revision=written_or_unset(wanted.revision),
        **_settings(wanted),
    )
    return await _payload(context, context.services.monitors.update(context.principal, update))


@strawberry.type
class MonitorMutations:
    """The part of Mutation about monitors that takes no probe."""

    @mutation("Delete a monitor; its open incidents resolve")
    async def delete_monitor(self, info: Info, wanted: ChangedById) -> DeletedPayload:
        """Return its id."""
        context = info.context
        change = context.services.monitors.delete(context.principal, wanted.id)
        return await deleted(context, Prefix.MONITOR, change)

    @mutation("Stop looking; open incidents last until it looks again, but a REGRESSION ends")
    async def pause_monitor(self, info: Info, wanted: ChangedById) -> MonitorPayload:
        """Return the monitor as it is now."""
        context = info.context
        return await _payload(context, context.services.monitors.pause(context.principal, wanted.id))

    @mutation("Look again, from the beginning")
    async def resume_monitor(self, info: Info, wanted: ChangedById) -> MonitorPayload:
        """Return the monitor as it is now."""
        context = info.context
        return await _payload(context, context.services.monitors.resume(context.principal, wanted.id))

    @mutation(
        "Look now; a paused monitor is a CONFLICT. All that you see may be asked for once a minute, by whomever of the "
        "workspace"
    )
    async def check_now(self, info: Info, wanted: Annotated[CheckNowInput, INPUT]) -> MonitorsPayload:
        """Return the monitors that will be looked at."""
        context = info.context
        asked = CheckNow(monitor_ids=written(wanted.monitor_ids))
        return await _payload_of_many(context, context.services.bulk.check_now(context.principal, asked))

    @mutation("Give tags to monitors, and take others")
    async def set_tags(self, info: Info, wanted: Annotated[SetTagsInput, INPUT]) -> MonitorsPayload:
        """Return the monitors as they are now."""
        context = info.context
        tags = SetTags(
            monitor_ids=wanted.monitor_ids,
            replace=written(wanted.replace),
            add=written(wanted.add),
            remove=written(wanted.remove),
        )
        return await _payload_of_many(context, context.services.bulk.set_tags(context.principal, tags))

    @mutation("Give a heartbeat a new address; the old one is unknown from then on")
    async def rotate_heartbeat_url(self, info: Info, wanted: ChangedById) -> MonitorPayload:
        """Return the monitor as it is now."""
        context = info.context
        change = context.services.monitors.rotate_heartbeat_url(context.principal, wanted.id)
        return await _payload(context, change)


def monitor_mutations(probe_input: type[Any]) -> type[Any]:
    """Return the part of Mutation about monitors, with the kinds of probe that are loaded."""
    create_input = with_kind(
        CreateMonitorInput, "probe", probe_input, "What looks, and at what", is_required=True
    )
    update_input = with_kind(UpdateMonitorInput, "probe", probe_input, _OTHER_PROBE_HELP, is_required=False)
    members = {
        "create_monitor": mutation_taking(create_input, _create_monitor, MonitorPayload, "Make a monitor"),
        "update_monitor": mutation_taking(update_input, _update_monitor, MonitorPayload, "Change a monitor"),
    }
    return strawberry.type(type("MonitorKindMutations", (MonitorMutations,), members))
