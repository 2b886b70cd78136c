"""What a worker is made of, in the order in which it stops: what begins work first, what others rely on last."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Sequence
from dataclasses import dataclass

from core.alerting.engine import AlertEngine
from core.alerting.flapping_end import FlappingEnd
from core.alerting.timer import TimerKind
from core.alerting.timers import Timers
from core.blindness.canaries import Canaries
from core.blindness.canary_targets import CanaryTarget
from core.blindness.connectivity import Connectivity
from core.blindness.known_up import KnownUp
from core.blindness.known_up_reading import learn_known_up
from core.blindness.loop_watch import LoopWatch
from core.blindness.sight import Sight
from core.checks.recorder import Recorder
from core.checks.recording import Unconfirmed
from core.checks.runner import CheckRunner
from core.clock import MeasuredClock
from core.db.clock_keeper import ClockKeeper
from core.db.database import Database
from core.db.listener import Handler, Listener
from core.db.notifications import NotifyChannel
from core.deliveries.dispatcher import Dispatcher
from core.events.sequencer import Sequencer
from core.heartbeats.inbox import Inbox
from core.heartbeats.judging import SignalJudge
from core.heartbeats.sweep import Sweep
from core.housekeeping import Housekeeping
from core.incidents.coverage_sweep import CoverageSweep
from core.incidents.listeners import Listeners
from core.plugin_registry import PluginRegistry
from core.regressions.sweep import RegressionSweep
from core.scheduling.leases import Claimant
from core.scheduling.presence import Presence
from core.scheduling.region_watch import RegionWatch
from core.scheduling.scheduler import Scheduler
from core.stages import Stage
from core.wakeup import Wakeup
from plugins.api.mail import Mailer
from plugins.api.outbound import Outbound

# Together below the time that the supervisor gives its children.
_FINISH_CHECKS_SECONDS = 2.5
_FINISH_SENDS_SECONDS = 1.0
_GIVE_BACK_SECONDS = 0.5


@dataclass(frozen=True, kw_only=True, slots=True)
class Surroundings:
    """What a worker's parts stand on."""

    database: Database
    clock: MeasuredClock
    registry: PluginRegistry
    outbound: Outbound
    mailer: Mailer
    region_key: str
    claimant: Claimant
    canaries: Sequence[CanaryTarget] = ()


def worker_stages(around: Surroundings, presence: Presence) -> list[Stage]:
    """Return the parts of a worker, wired so that whoever makes work wakes whoever does it."""
    database, clock = around.database, around.clock
    sequencer = Sequencer(database=database, clock=clock)
    engine, timers, dispatcher = _alerting(around)
    loop_watch = LoopWatch(on_shaken=clock.doubt)
    connectivity = _connectivity(around)
    sight = Sight(loop_watch, connectivity)
    listeners = Listeners(on_transitions=engine.wakeup.set, on_events=sequencer.wakeup.set)
    recorder, scheduler = _checks(around, sight, listeners)
    inbox, sweep = _heartbeats(around, listeners)
    listener = Listener(
        database=database,
        handlers={
            NotifyChannel.LEASES: _wake_region(scheduler.wakeup, around.region_key),
            NotifyChannel.TRANSITIONS: _wake(engine.wakeup),
            NotifyChannel.DELIVERIES: _wake(dispatcher.wakeup),
            NotifyChannel.PINGS: _wake(inbox.wakeup),
        },
    )
    keepers = (
        sequencer,
        Housekeeping(database=database, clock=clock),
        presence,
        *_watches(around, listeners),
        listener,
        ClockKeeper(database=database, clock=clock),
        loop_watch,
        connectivity,
    )
    return [
        Stage(
            name="checks",
            components=(scheduler,),
            stop_seconds=_FINISH_CHECKS_SECONDS + _GIVE_BACK_SECONDS,
        ),
        Stage(name="recording", components=(recorder,), stop_seconds=1.0),
        Stage(name="heartbeats", components=(inbox, sweep), stop_seconds=0.5),
        Stage(name="alerting", components=(engine, timers), stop_seconds=0.5),
        Stage(
            name="deliveries",
            components=(dispatcher,),
            stop_seconds=_FINISH_SENDS_SECONDS + _GIVE_BACK_SECONDS,
        ),
        Stage(name="keeping", components=keepers, stop_seconds=0.3),
    ]


def _watches(
    around: Surroundings, listeners: Listeners
) -> tuple[RegionWatch, CoverageSweep, RegressionSweep]:
    """Return what notices what no single look shows: that nobody looks, and that a target became slower."""
    database, clock = around.database, around.clock
    return (
        RegionWatch(database=database, clock=clock, listeners=listeners),
        CoverageSweep(database=database, clock=clock, listeners=listeners),
        RegressionSweep(database=database, clock=clock, listeners=listeners),
    )


def _checks(around: Surroundings, sight: Sight, listeners: Listeners) -> tuple[Recorder, Scheduler]:
    def look_again_soon(unconfirmed: Sequence[Unconfirmed]) -> None:
        scheduler.look_again_soon(unconfirmed)  # which is made last, of what submits to the recorder

    recorder = Recorder(
        database=around.database,
        clock=around.clock,
        listeners=listeners,
        on_unconfirmed=look_again_soon,
    )
    runner = CheckRunner(
        registry=around.registry,
        outbound=around.outbound,
        clock=around.clock,
        submit=recorder.submit,
        sight=sight,
        region_key=around.region_key,
    )
    scheduler = Scheduler(
        database=around.database,
        clock=around.clock,
        runner=runner,
        claimant=around.claimant,
        finish_seconds=_FINISH_CHECKS_SECONDS,
    )
    return recorder, scheduler


def _alerting(around: Surroundings) -> tuple[AlertEngine, Timers, Dispatcher]:
    database, clock, registry = around.database, around.clock, around.registry
    dispatcher = Dispatcher(
        database=database,
        registry=registry,
        outbound=around.outbound,
        mailer=around.mailer,
        clock=clock,
        stop_within_seconds=_FINISH_SENDS_SECONDS,
    )
    engine = AlertEngine(database=database, registry=registry, clock=clock, deliveries=dispatcher.wakeup)
    timers = Timers(
        database=database,
        clock=clock,
        handlers={TimerKind.FLAPPING: FlappingEnd(registry)},
        deliveries=dispatcher.wakeup,
    )
    return engine, timers, dispatcher


def _connectivity(around: Surroundings) -> Connectivity:
    return Connectivity(
        Canaries(around.canaries, around.outbound),
        known_up=KnownUp(),
        learn=functools.partial(learn_known_up, around.database, around.claimant.region_id),
    )


def _heartbeats(around: Surroundings, listeners: Listeners) -> tuple[Inbox, Sweep]:
    judge = SignalJudge(registry=around.registry, outbound=around.outbound, run_blocking=asyncio.to_thread)
    inbox = Inbox(database=around.database, clock=around.clock, judge=judge, listeners=listeners)
    sweep = Sweep(database=around.database, clock=around.clock, judge=judge, listeners=listeners)
    return inbox, sweep


def _wake(wakeup: Wakeup) -> Handler:
    return lambda _payload: wakeup.set()


def _wake_region(wakeup: Wakeup, region_key: str) -> Handler:
    def hear(payload: str) -> None:
        if payload in ("", region_key):
            wakeup.set()

    return hear
