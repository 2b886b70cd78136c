"""Writes what a change led to: decisions, deliveries, the incident's timeline, timers. No transaction of its own."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from core.alerting.change import Change
from core.alerting.decision import AlertOutcome, AlertStep, Decision
from core.alerting.policy import ChannelDestination
from core.alerting.routing import SUPERSEDED, Routed
from core.alerting.situation import Surroundings
from core.alerting.summary import summary_line
from core.alerting.timer import WantedTimer
from core.db.database import Connection
from core.db.named_sql import named_sql
from core.db.notifications import NotifyChannel, notify
from core.deliveries.channel_message import channel_message
from core.deliveries.presentation import presentation_of
from core.deliveries.webhook_message import webhook_message
from core.ids import new_id
from core.plugin_registry import PluginRegistry

_SQL = named_sql("alerting")
_DELIVERIES = named_sql("deliveries")
_TIMERS = named_sql("timers")


@dataclass(frozen=True, kw_only=True, slots=True)
class Occasion:
    """A change, and what its messages say beside it."""

    change: Change
    surroundings: Surroundings
    monitor_type: str
    now: datetime


def occasion_of(
    registry: PluginRegistry, change: Change, surroundings: Surroundings, now: datetime
) -> Occasion:
    """Return the occasion of a change."""
    kind = change.details.monitor.kind
    return Occasion(
        change=change,
        surroundings=surroundings,
        monitor_type=presentation_of(registry, kind, surroundings.monitor_config),
        now=now,
    )


async def write_routed(connection: Connection, occasion: Occasion, routed: Routed) -> int:
    """Write all that a change leads to, and return how many deliveries are new."""
    change, now = occasion.change, occasion.now
    if routed.timers:
        await _set_timers(connection, change.workspace_id, routed.timers, now)
    if routed.superseded:
        await connection.execute(
            _DELIVERIES["suppress_deliveries"], change.workspace_id, list(routed.superseded), SUPERSEDED
        )
    return await write_decisions(connection, occasion, routed.decisions)


async def write_decisions(connection: Connection, occasion: Occasion, decisions: Sequence[Decision]) -> int:
    """Write decisions and the deliveries that they want; return how many deliveries are new."""
    change, now = occasion.change, occasion.now
    ids = _ids_for(decisions, now)
    new = await _insert_deliveries(connection, occasion, decisions, ids)
    kept = [
        (decision, delivery_id)
        for decision, delivery_id in zip(decisions, ids, strict=True)
        if not decision.is_wanted or delivery_id in new
    ]
    await _insert_decisions(connection, change, kept, now)
    await _insert_timeline(connection, change, [decision for decision, _ in kept], now)
    if new:
        await notify(connection, NotifyChannel.DELIVERIES)
    return len(new)


async def show_flapping(
    connection: Connection, workspace_id: UUID, monitor_id: UUID, now: datetime, *, is_flapping: bool
) -> None:
    """Show on the monitor whether it flaps, and tell subscribers if that is news."""
    status = await connection.fetchval(_SQL["flag_flapping"], workspace_id, monitor_id, is_flapping)
    if status is not None:
        await connection.execute(_SQL["insert_monitor_event"], workspace_id, monitor_id, now, status)


def _ids_for(decisions: Sequence[Decision], now: datetime) -> list[UUID | None]:
    """Return the delivery of each decision: a new one, the one that it ends, or none."""
    # Sorted, so that lists by id show the messages of one moment in their order.
    fresh = iter(_sorted_ids(sum(decision.is_wanted for decision in decisions), now))
    return [next(fresh) if decision.is_wanted else decision.delivery_id for decision in decisions]


def _sorted_ids(count: int, now: datetime) -> list[UUID]:
    return sorted(new_id(now) for _ in range(count))


async def _insert_deliveries(
    connection: Connection, occasion: Occasion, decisions: Sequence[Decision], ids: Sequence[UUID | None]
) -> set[UUID]:
    wanted = [(decision, id_) for decision, id_ in zip(decisions, ids, strict=True) if decision.is_wanted]
    if not wanted:
        return set()
    change = occasion.change
    rows = await connection.fetch(
        _DELIVERIES["insert_deliveries"],
        change.workspace_id,
        change.transition_id,
        change.monitor_id,
        change.incident_id,
        occasion.now,
        [id_ for _, id_ in wanted],
        [decision.event.value for decision, _ in wanted],
        [decision.channel_id for decision, _ in wanted],
        [decision.webhook_id for decision, _ in wanted],
        [decision.recipient for decision, _ in wanted],
        [_body(occasion, decision) for decision, _ in wanted],
    )
    return {row["id"] for row in rows}


def _body(occasion: Occasion, decision: Decision) -> str:
    change = occasion.change
    if not isinstance(decision.destination, ChannelDestination):
        return webhook_message(
            decision.event, change.details, monitor_type=occasion.monitor_type, at=occasion.now
        ).decode()
    return channel_message(
        decision.event,
        change.details,
        monitor_type=occasion.monitor_type,
        summary=summary_line(change, decision.event, is_flapping=decision.step is AlertStep.FLAPPING),
        workspace=occasion.surroundings.workspace_name,
        at=occasion.now,
    )


async def _insert_decisions(
    connection: Connection, change: Change, kept: Iterable[tuple[Decision, UUID | None]], now: datetime
) -> None:
    rows = list(kept)
    await connection.execute(
        _SQL["insert_decisions"],
        change.workspace_id,
        change.incident_id,
        now,
        _sorted_ids(len(rows), now),
        [decision.step.value for decision, _ in rows],
        [decision.outcome.value for decision, _ in rows],
        [_reason(decision) for decision, _ in rows],
        [decision.channel_id for decision, _ in rows],
        [decision.webhook_id for decision, _ in rows],
        [delivery_id for _, delivery_id in rows],
    )


def _reason(decision: Decision) -> str:
    """Return the reason, with the recipient where the channel may have several."""
    if isinstance(decision.destination, ChannelDestination) and decision.recipient:
        return f"{decision.recipient}: {decision.reason}"
    return decision.reason


async def _insert_timeline(
    connection: Connection, change: Change, decisions: Sequence[Decision], now: datetime
) -> None:
    # A destination appears once, however many recipients or events it has.
    lines = list(dict.fromkeys(line for decision in decisions if (line := _timeline_line(decision))))
    if lines:
        await connection.execute(
            _SQL["insert_timeline"],
            change.workspace_id,
            change.incident_id,
            now,
            _sorted_ids(len(lines), now),
            [kind for kind, _ in lines],
            [message for _, message in lines],
        )


def _timeline_line(decision: Decision) -> tuple[str, str] | None:
    """Return the kind and message for the timeline; None for what is no news to people."""
    sort = "channel" if isinstance(decision.destination, ChannelDestination) else "webhook"
    where = f"{sort} {decision.destination.name}"
    if decision.is_wanted:
        return "NOTIFIED", where
    is_rule = decision.step is not AlertStep.ROUTE or decision.outcome is AlertOutcome.HOLD
    return ("WITHHELD", f"{where}: {decision.reason}") if is_rule or decision.delivery_id else None


async def _set_timers(
    connection: Connection, workspace_id: UUID, timers: Sequence[WantedTimer], now: datetime
) -> None:
    for timer in timers:
        await connection.execute(
            _TIMERS["set_timer"],
            new_id(now),
            workspace_id,
            timer.kind.value,
            timer.subject_id,
            timer.due_at,
            {"since": timer.since.isoformat()},
        )
