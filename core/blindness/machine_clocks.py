"""The clocks of this machine, by which lost time is noticed."""

from __future__ import annotations

import time

from core.blindness.standstill import Reading

# Not on every system: on macOS the monotonic clock of clock_gettime goes on during sleep by itself.
_BOOT_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


def steady_seconds() -> float:
    """Return a time that never jumps and goes on while the machine sleeps."""
    return time.clock_gettime(_BOOT_CLOCK)


def read_clocks() -> Reading:
    """Read the three clocks of this machine."""
    return Reading(monotonic=time.monotonic(), boot=steady_seconds(), wall=time.time())
