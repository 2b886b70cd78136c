"""Who is told, after the commit, of what recording or a judgement wrote."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from core.checks.recording import Recorded
from core.incidents.judgement import Judged


def _tell_nobody() -> None:
    """Do nothing: nobody in this process waits for it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Listeners:
    """The alert engine, which reads transitions, and the sequencer, which reads events.

    Each is called after a commit that wrote some, and must not wait.
    """

    on_transitions: Callable[[], None] = _tell_nobody
    on_events: Callable[[], None] = _tell_nobody

    def tell(self, written: Recorded | Judged) -> None:
        """Call those for whom something was written."""
        if written.transitions:
            self.on_transitions()
        if written.events:
            self.on_events()


NOBODY = Listeners()
