"""Looks at what was claimed: each claim becomes one finding, whatever the probe does."""

from __future__ import annotations

import asyncio
import functools
import math
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from core.blindness.common_failure import is_elsewhere
from core.blindness.sight import Sight, full_sight
from core.checks.finding import Finding
from core.checks.guarded_probe import could_not_look, run_probe, timed_out
from core.clock import Clock
from core.log import get_logger
from core.plugin_registry import PluginRegistry
from core.scheduling.leases import Claim
from plugins.api.config import Config, ConfigErrors, load
from plugins.api.outbound import Outbound
from plugins.api.outcome import CheckStatus, Outcome
from plugins.api.probe import Probe, ProbeContext

# Enough that a thousand targets that never answer leave room for the others.
MOST_AT_ONCE = 2_000
MOST_REMEMBERED = 50_000
THREADS = 16
# How long after its deadline a probe may take to notice that it was cancelled.
PATIENCE_SECONDS = 5.0
# For a look that only tells whether a target can be reached at all.
PEEK_SECONDS = 5.0

log = get_logger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Known:
    """What is kept of a monitor between its checks, as long as its configuration stays.

    `host` is set where a network lies between this machine and the target.
    """

    config_revision: int
    probe: Probe[Any]
    config: Config
    host: str | None
    memory: dict[str, Any]


@dataclass(kw_only=True, slots=True)
class _Look:
    """A look under way; once it has found something, patience has no end."""

    claim: Claim
    began_at: datetime
    began: float
    patience_ends: float
    is_abandoned: bool = False


class CheckRunner:
    """Runs at most `most_at_once` probes at a time, and submits what they find.

    `sight` says what may be believed of what they find; without a watch that runs, all of it.
    `on_finished` is called after each, when there is room for another. Serves one event loop.
    """

    def __init__(
        self,
        *,
        registry: PluginRegistry,
        outbound: Outbound,
        clock: Clock,
        submit: Callable[[Finding], Awaitable[None]],
        sight: Sight | None = None,
        region_key: str | None = None,
        most_at_once: int = MOST_AT_ONCE,
        most_remembered: int = MOST_REMEMBERED,
        threads: int = THREADS,
    ) -> None:
        self.on_finished: Callable[[], None] = lambda: None
        self._registry = registry
        self._outbound = outbound
        self._clock = clock
        self._submit = submit
        self._sight = full_sight() if sight is None else sight
        self._region_key = region_key
        self._most_at_once = most_at_once
        self._most_remembered = most_remembered
        self._known: OrderedDict[UUID, _Known] = OrderedDict()
        self._looks: dict[asyncio.Task[None], _Look] = {}
        self._abandoned: set[asyncio.Task[None]] = set()
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="probe")

    @property
    def room(self) -> int:
        """How many more looks may begin now."""
        return self._most_at_once - len(self._looks)

    @property
    def under_way(self) -> tuple[Claim, ...]:
        """The claims whose findings have not been submitted yet."""
        return tuple(look.claim for look in self._looks.values())

    def start(self, claim: Claim) -> None:
        """Begin a look; what it finds is submitted in time."""
        loop = asyncio.get_running_loop()
        look = _Look(
            claim=claim,
            began_at=self._clock.now(),
            began=self._sight.begin(),
            patience_ends=loop.time() + claim.timeout_seconds + PATIENCE_SECONDS,
        )
        task = loop.create_task(self._look(look))
        self._looks[task] = look
        task.add_done_callback(self._finished)

    async def find(self, claim: Claim) -> Outcome:
        """Return what there is to find; never raises but for being cancelled."""
        known = self._recall(claim)
        if isinstance(known, Outcome):
            return known
        outcome = await self._run(known, claim.timeout_seconds, claim.previous_facts)
        if outcome.facts is not None and outcome.facts == claim.previous_facts:
            return replace(outcome, facts=None)
        return outcome

    async def _peek(self, monitor_id: UUID) -> Outcome | None:
        """Look at a monitor that was looked at before, without recording what is found."""
        known = self._known.get(monitor_id)
        return None if known is None else await self._run(known, PEEK_SECONDS)

    async def _run(
        self, known: _Known, timeout_seconds: float, previous_facts: Mapping[str, Any] | None = None
    ) -> Outcome:
        context = ProbeContext(
            timeout_seconds=timeout_seconds,
            outbound=self._outbound,
            run_blocking=self._run_blocking,
            memory=known.memory,
            region=self._region_key,
            previous_facts=previous_facts,
        )
        return await run_probe(known.probe, known.config, context)

    async def abandon_overdue(self) -> int:
        """Give up on probes that do not end when they are cancelled: they timed out. Return how many.

        None is given up before it had as long to notice as the loop has been running again.
        """
        now = asyncio.get_running_loop().time()
        if now - self._sight.since < PATIENCE_SECONDS:
            return 0
        overdue = [task for task, look in self._looks.items() if look.patience_ends <= now]
        for task in overdue:
            look = self._looks.pop(task)
            look.is_abandoned = True
            self._abandoned.add(task)
            log.error("probe.ignores_cancellation", kind=look.claim.kind, monitor=str(look.claim.monitor_id))
            outcome = timed_out(look.claim.timeout_seconds)
            await self._submit(_finding(look, self._sight.believed(outcome, look.began)))
        return len(overdue)

    async def finish(self, within_seconds: float) -> tuple[Claim, ...]:
        """Let looks under way end; cancel those that take longer, and return their claims."""
        if self._looks:
            await asyncio.wait(tuple(self._looks), timeout=within_seconds)
        cancelled = self.under_way
        await _cancel((*self._looks, *self._abandoned))
        self._threads.shutdown(wait=False, cancel_futures=True)
        return cancelled

    async def _look(self, look: _Look) -> None:
        outcome = await self.find(look.claim)
        if not look.is_abandoned:
            look.patience_ends = math.inf
            await self._submit(_finding(look, await self._judged(look, outcome)))

    async def _judged(self, look: _Look, found: Outcome) -> Outcome:
        """Return what may be believed of a look; a failure that may be ours is held until that is clear."""
        outcome = self._sight.believed(found, look.began)
        if outcome.status is CheckStatus.UNKNOWN:
            return outcome
        monitor_id = look.claim.monitor_id
        known = self._known.get(monitor_id)
        host = None if known is None else known.host
        if outcome.status is CheckStatus.DOWN:
            return await self._sight.confirmed(outcome, monitor_id, host, look.began, self._peek)
        self._sight.reached(monitor_id, host)
        return outcome

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._looks.pop(task, None)
        self._abandoned.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("runner.failed", error=repr(error))
        self.on_finished()

    def _recall(self, claim: Claim) -> _Known | Outcome:
        """Return what is known of the claim's monitor, or why nothing can be."""
        kept = self._known.get(claim.monitor_id)
        if kept is not None and kept.config_revision == claim.config_revision:
            self._known.move_to_end(claim.monitor_id)
            return kept
        learnt = self._learn(claim)
        if isinstance(learnt, _Known):
            self._known[claim.monitor_id] = learnt
            self._known.move_to_end(claim.monitor_id)
            if len(self._known) > self._most_remembered:
                self._known.popitem(last=False)
        return learnt

    def _learn(self, claim: Claim) -> _Known | Outcome:
        loaded = self._registry.probe(claim.kind)
        if loaded is None:
            return could_not_look(f"the probe kind {claim.kind} is not loaded")
        try:
            config = load(loaded.probe.config, claim.config)
        except ConfigErrors as error:
            reasons = "; ".join(issue.message for issue in error.issues)
            return could_not_look(f"the stored configuration does not fit the probe kind: {reasons}")
        return _Known(
            config_revision=claim.config_revision,
            probe=loaded.probe,
            config=config,
            host=_distant_host(loaded.probe, config),
            memory={},
        )

    def _run_blocking(self, function: Callable[..., Any], /, *arguments: Any) -> Awaitable[Any]:
        loop = asyncio.get_running_loop()
        return loop.run_in_executor(self._threads, functools.partial(function, *arguments))


def _distant_host(probe: Probe[Any], config: Config) -> str | None:
    try:
        host = probe.host(config)
    except Exception:  # a plugin's fault; its failures are then judged one by one
        log.exception("probe.host_failed", kind=probe.key)
        return None
    return host if host is not None and is_elsewhere(host) else None


def _finding(look: _Look, outcome: Outcome) -> Finding:
    claim = look.claim
    return Finding(
        monitor_id=claim.monitor_id,
        region_id=claim.region_id,
        slot=claim.slot,
        checked_at=look.began_at,
        config_revision=claim.config_revision,
        outcome=outcome,
    )


async def _cancel(tasks: Iterable[asyncio.Task[None]]) -> None:
    """Cancel tasks; those that do not end soon are left to end with the process."""
    waiting = tuple(tasks)
    for task in waiting:
        task.cancel()
    if waiting:
        await asyncio.wait(waiting, timeout=1.0)
