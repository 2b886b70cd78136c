"""Whether time passed for the world that did not pass for this process. A pure rule over clock readings."""

from __future__ import annotations

import enum
from dataclasses import dataclass

# A loop that is held up longer did not see what happened meanwhile.
STALL_SECONDS = 0.25
# Wall against monotonic time: less than this is a clock being corrected.
JUMP_SECONDS = 2.0


class Cause(enum.Enum):
    """Why time was lost; the value completes with the seconds to a reason that people read."""

    STALL = "this process stood still for {:.1f} s"
    SUSPEND = "this machine was suspended for {:.0f} s"
    CLOCK_JUMP = "the clock of this machine jumped by {:+.1f} s"


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """What three clocks said at one moment, in seconds.

    `boot` goes on while the machine sleeps, `monotonic` does not, and `wall` can be set.
    """

    monotonic: float
    boot: float
    wall: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Standstill:
    """Time that was lost, and to what."""

    cause: Cause
    seconds: float

    @property
    def reason(self) -> str:
        """One line for people."""
        return self.cause.value.format(self.seconds)

    @property
    def shakes_clocks(self) -> bool:
        """Whether the time must be asked for again before anything is judged by it."""
        return self.cause is not Cause.STALL or self.seconds > JUMP_SECONDS


def standstill_between(before: Reading, after: Reading) -> Standstill | None:
    """Return what was lost between two readings that a running process takes at most moments apart."""
    lost = time_lost(before, after)
    passed = after.monotonic - before.monotonic
    if lost is None and passed > STALL_SECONDS:
        return Standstill(cause=Cause.STALL, seconds=passed)
    return lost


def time_lost(before: Reading, after: Reading) -> Standstill | None:
    """Return what the clocks disagree on between two readings, however far apart: a sleep, or a jump."""
    passed = after.monotonic - before.monotonic
    slept = after.boot - before.boot - passed
    if slept > STALL_SECONDS:
        return Standstill(cause=Cause.SUSPEND, seconds=slept)
    jumped = after.wall - before.wall - passed
    if abs(jumped) > JUMP_SECONDS:
        return Standstill(cause=Cause.CLOCK_JUMP, seconds=jumped)
    return None
