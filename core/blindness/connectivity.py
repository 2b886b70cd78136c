"""Holds a failure of what was up until it is clear that it is not this network that failed.

1. The first failure has the canaries asked, at most once a second; a failure waits for an answer to a question
   that was put after it. Where one answers, the failure stands.
2. Where none does, other targets that were up are looked at once more, outside their slots and unrecorded,
   so that a network in which no canary can be reached still tells a lone failure at once.
3. Where more than half of the hosts fail, and at least five, nothing is known of any of them. So it stays for
   all looks that begin before a canary answers again, or before most targets are reached again.
4. Of fewer than five hosts all must fail, and a canary have answered since the last time that targets were
   reached without any: else a network in which none can be reached would never tell of its only host. They are
   asked at the start and now and then, so that one in which they can be reached no more is known in time.

What is held is held by the look's own task: its lease is kept, and a worker holds no more than it may look at.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from core.blindness.canaries import Canaries
from core.blindness.canary_trust import CanaryTrust
from core.blindness.common_failure import SAMPLE, is_common, least_hosts, opinion
from core.blindness.known_up import KnownUp
from core.log import get_logger
from core.wakeup import Wakeup
from plugins.api.outcome import CheckStatus, Outcome

# Looks at a monitor as it is configured, if that is known; the result is recorded nowhere.
Peek = Callable[[UUID], Awaitable[Outcome | None]]

ASK_EVERY_SECONDS = 1.0
# Where other targets cannot be looked at at once, their own looks are waited for.
HOLD_SECONDS = 15.0
ASK_AGAIN_SECONDS = 300.0
NO_CONNECTIVITY = "could not look: no connectivity: no canary answers, and most targets fail at once"

log = get_logger(__name__)


@dataclass(slots=True)
class _Doubt:
    """What was found on which hosts since the failure that raised it."""

    failing: set[str] = field(default_factory=set)
    reached: set[str] = field(default_factory=set)
    grown: Wakeup = field(default_factory=Wakeup)

    def seen(self) -> set[str]:
        return self.failing | self.reached


@dataclass(frozen=True, kw_only=True, slots=True)
class _Held:
    """A failure that waits for `answer`: whether it is ours."""

    host: str
    peek: Peek
    answer: asyncio.Future[bool]


class Connectivity:
    """Judges failures while it runs; before and after, every failure stands.

    `host` is the host of a monitor where a network lies before it, else None: such a failure is never ours.
    `learn` fills in at the start what was up before; it must not raise.
    """

    def __init__(
        self,
        canaries: Canaries,
        *,
        known_up: KnownUp,
        learn: Callable[[KnownUp], Awaitable[None]] | None = None,
    ) -> None:
        self._canaries = canaries
        self._known_up = known_up
        self._learn = learn
        self._is_running = self._is_lost = False
        self._trust = CanaryTrust()
        self._back_at = self._asked_at = -math.inf
        self._learnt = asyncio.Event()
        self._doubt: _Doubt | None = None
        self._held: list[_Held] = []
        self._wakeup = Wakeup()

    async def run(self, stopping: asyncio.Event) -> None:
        """Answer for failures until `stopping` is set; then all that are held stand."""
        if not self._canaries.targets:
            await stopping.wait()
            return
        self._is_running = True
        judging = asyncio.ensure_future(self._judge_for_ever())
        try:
            await stopping.wait()
        finally:
            self._is_running = False
            judging.cancel()
            await asyncio.gather(judging, return_exceptions=True)
            self._learnt.set()
            self._release(self._held, is_ours=False)

    def reached(self, monitor_id: UUID, host: str | None) -> None:
        """Take note of a look that got through. Called for each: it does next to nothing."""
        if host is None or not self._is_running:
            return
        self._known_up.reached(monitor_id, host)
        self._trust.reached_target(time.monotonic())
        if self._doubt is not None:
            self._doubt.reached.add(host)
            self._doubt.grown.set()

    async def is_ours(self, monitor_id: UUID, host: str | None, began: float, peek: Peek) -> bool:
        """Return, as soon as it is clear, whether a failure is one of this network.

        `began` is when the look began that found it, in monotonic seconds.
        """
        if host is None:
            return False
        if self._is_running:
            await self._learnt.wait()
        if not self._is_running:
            return False
        was_up = monitor_id in self._known_up
        is_ours = await self._hold(host, peek) if was_up or self._is_lost else False
        if is_ours or began < self._back_at:
            return True
        self._known_up.failed(monitor_id)
        return False

    async def _hold(self, host: str, peek: Peek) -> bool:
        held = _Held(host=host, peek=peek, answer=asyncio.get_running_loop().create_future())
        self._doubt = self._doubt or _Doubt()
        self._doubt.failing.add(host)
        if self._is_lost:  # what was reached before may be lost by now, and the other way round
            self._doubt.reached.discard(host)
        self._doubt.grown.set()
        self._held.append(held)
        self._wakeup.set()
        return await held.answer

    async def _judge_for_ever(self) -> None:
        if self._learn is not None:
            await self._learn(self._known_up)
        self._learnt.set()
        await self._judge()  # so that it is known whether there are canaries before they are missed
        while self._is_running:
            await self._wakeup.wait(ASK_EVERY_SECONDS if self._is_lost else HOLD_SECONDS)
            # Asked again, since a wait that ends at this moment may swallow the cancellation.
            if self._is_running and (self._held or self._is_lost):
                await self._judge()
                await asyncio.sleep(ASK_EVERY_SECONDS)
            elif self._is_running and time.monotonic() - self._asked_at >= ASK_AGAIN_SECONDS:
                await self._any_answers()

    async def _any_answers(self) -> bool:
        asked_at = self._asked_at = time.monotonic()
        answers = await self._canaries.any_answers()
        if answers:
            self._trust.answered()
        else:
            self._trust.unanswered(asked_at)
        return answers

    async def _judge(self) -> None:
        """Judge what is held, and whether what was lost is back; what comes meanwhile waits for the next time."""
        held, self._held = self._held, []
        is_ours = False
        try:
            is_ours = await self._is_common(held)
        except Exception:  # a failure that cannot be judged stands
            log.exception("connectivity.not_judged")
        finally:
            self._release(held, is_ours=is_ours)
            if not self._is_lost:
                still = {each.host for each in self._held}
                self._doubt = _Doubt(failing=still) if still else None

    async def _is_common(self, held: Sequence[_Held]) -> bool:
        doubt = self._doubt or _Doubt()
        if await self._any_answers():
            self._note(is_lost=False, doubt=doubt)
            return False
        if self._is_lost and not doubt.reached:
            return True
        if held:
            await self._look_at_others(doubt, held[0].peek)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(HOLD_SECONDS):
                while held and self._opinion(doubt) is None:
                    await doubt.grown.wait(HOLD_SECONDS)
        least = self._least_hosts(doubt)
        self._note(is_lost=is_common(doubt.failing, doubt.reached, least=least), doubt=doubt)
        if doubt.reached:
            self._trust.reached_target_meanwhile()
        return self._is_lost

    def _note(self, *, is_lost: bool, doubt: _Doubt) -> None:
        if is_lost != self._is_lost:
            log.warning(
                "connectivity.lost" if is_lost else "connectivity.back",
                failing=len(doubt.failing - doubt.reached),
                reached=len(doubt.reached),
            )
        if self._is_lost and not is_lost:
            self._back_at = time.monotonic()
        self._is_lost = is_lost

    async def _look_at_others(self, doubt: _Doubt, peek: Peek) -> None:
        if self._opinion(doubt) is not None:
            return
        others = self._known_up.some_on_hosts_but(doubt.seen(), SAMPLE)

        async def look(monitor_id: UUID, host: str) -> None:
            outcome = await peek(monitor_id)
            if outcome is not None:
                is_lost = outcome.status in (CheckStatus.DOWN, CheckStatus.UNKNOWN)
                (doubt.failing if is_lost else doubt.reached).add(host)

        await asyncio.gather(*(look(monitor_id, host) for monitor_id, host in others.items()))

    def _opinion(self, doubt: _Doubt) -> bool | None:
        others = self._known_up.hosts_but(doubt.seen())
        return opinion(doubt.failing, doubt.reached, others=others, least=self._least_hosts(doubt))

    def _least_hosts(self, doubt: _Doubt) -> int:
        seen = doubt.seen()
        watched = len(seen) + self._known_up.hosts_but(seen)
        return least_hosts(watched, canaries_are_missed=self._trust.holds)

    @staticmethod
    def _release(held: Sequence[_Held], *, is_ours: bool) -> None:
        for each in held:
            if not each.answer.done():
                each.answer.set_result(is_ours)
