"""What a look is worth that was under way while this process could not see."""

from __future__ import annotations

from dataclasses import replace

from core.blindness.loop_watch import LoopWatch
from core.checks.guarded_probe import could_not_look
from plugins.api.outcome import CheckStatus, Outcome


class Sight:
    """Judges what looks found by what the watch saw of the loop meanwhile."""

    def __init__(self, watch: LoopWatch) -> None:
        self._watch = watch

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


def _untimed(outcome: Outcome) -> Outcome:
    return replace(outcome, response_time_ms=None, timings=None)
