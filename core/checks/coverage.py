"""How far one look reaches: blindness is derived from looks that did not come.

A look that saw its target covers its region until the next one should have been stored: its interval, a look's
timeout, and a tolerance after its slot. One that saw nothing (UNKNOWN) ends the coverage at its slot. Time after
that, until the slot of the next look that saw something, is blind: nobody can say what the target was.
"""

from __future__ import annotations

from datetime import timedelta

# How long a finding may take to be stored, beyond the timeout of its look.
TOLERANCE = timedelta(seconds=5)


def reach(interval_seconds: int, timeout_seconds: int) -> timedelta:
    """Return for how long after its slot a look covers its region."""
    return timedelta(seconds=interval_seconds + timeout_seconds) + TOLERANCE
