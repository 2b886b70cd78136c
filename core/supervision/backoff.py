"""How long to wait before something that died is started again."""

from __future__ import annotations

_FIRST_SECONDS = 0.2
_LONGEST_SECONDS = 10.0
_STEADY_SECONDS = 30.0


def next_delay(previous_seconds: float, lived_seconds: float) -> float:
    """Return the seconds to wait: the first delay after a steady life, else twice the previous one, bounded."""
    if lived_seconds >= _STEADY_SECONDS or previous_seconds == 0:
        return _FIRST_SECONDS
    return min(previous_seconds * 2, _LONGEST_SECONDS)
