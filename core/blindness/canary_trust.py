"""The pure rule that tells whether it means anything that no canary answers. Moments are in monotonic seconds."""

from __future__ import annotations

from core.monitors.timing import LONGEST_TIMEOUT_SECONDS


class CanaryTrust:
    """Canaries are missed if one has answered, and no target was reached since without any.

    In a network in which no canary can be reached, or can be no more, their silence says nothing.
    """

    def __init__(self) -> None:
        self.holds = False
        self._silent_since: float | None = None

    def answered(self) -> None:
        """Take note that a canary answers."""
        self.holds = True
        self._silent_since = None

    def unanswered(self, asked_at: float) -> None:
        """Take note that none answered when asked then."""
        if self._silent_since is None:
            self._silent_since = asked_at

    def reached_target(self, at: float) -> None:
        """Take note of a look that got through and ended then: what began before the silence says nothing of it."""
        if self._silent_since is not None and at - self._silent_since > LONGEST_TIMEOUT_SECONDS:
            self.holds = False

    def reached_target_meanwhile(self) -> None:
        """Take note that a target was reached while no canary answered."""
        self.holds = False
