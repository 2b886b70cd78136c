"""What a look is worth: whether this process could see, and whether there was a network to see by."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from core.blindness.canaries import Canaries
from core.blindness.connectivity import NO_CONNECTIVITY, Connectivity, Peek
from core.blindness.known_up import KnownUp
from core.blindness.loop_watch import LoopWatch
from core.checks.guarded_probe import could_not_look
from plugins.api.outbound import Outbound
from plugins.api.outcome import CheckStatus, Outcome


class Sight:
    """Judges what looks found by what the watch saw of the loop meanwhile, and by what other looks find."""

    def __init__(self, watch: LoopWatch, connectivity: Connectivity) -> None:
        self._watch = watch
        self._connectivity = connectivity

    @property
    def since(self) -> float:
        """The monotonic time since when this process sees without a break."""
        return self._watch.seeing_since

    def begin(self) -> float:
        """Return the moment at which a look begins, in monotonic seconds."""
        return self._watch.look()

    def believed(self, outcome: Outcome, began: float) -> Outcome:
        """Return what may be believed of a look that began at the moment and ends now.

        A success is one, whatever happened meanwhile, but nobody knows how long it took. What failed, or
        seemed slow, may have been this process: nothing is known of the target.
        """
        if outcome.status is CheckStatus.UNKNOWN:
            return outcome
        if outcome.status is CheckStatus.UP:
            self._watch.look()
            return outcome if began >= self._watch.seeing_since else _untimed(outcome)
        self._watch.look_closely()
        if began >= self._watch.seeing_since or self._watch.last is None:
            return outcome
        return could_not_look(f"could not look: {self._watch.last.reason}")

    def reached(self, monitor_id: UUID, host: str | None) -> None:
        """Take note of a look that got through to the host; None where no network lies before it."""
        self._connectivity.reached(monitor_id, host)

    async def confirmed(
        self, failure: Outcome, monitor_id: UUID, host: str | None, began: float, peek: Peek
    ) -> Outcome:
        """Return the failure once it is clear that it is not one of this network, else that nothing is known."""
        if await self._connectivity.is_ours(monitor_id, host, began, peek):
            return could_not_look(NO_CONNECTIVITY)
        return failure


def full_sight() -> Sight:
    """Return a sight that believes everything: its parts do not run."""
    connectivity = Connectivity(Canaries((), Outbound()), known_up=KnownUp())
    return Sight(LoopWatch(), connectivity)


def _untimed(outcome: Outcome) -> Outcome:
    return replace(outcome, response_time_ms=None, timings=None)
