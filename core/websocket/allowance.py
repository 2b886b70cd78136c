"""How much a peer may make us do: a pure count of what was spent, for which moments are given."""

from __future__ import annotations

from dataclasses import dataclass

# A frame costs its parsing and answer, bytes their unmasking and decoding: measured, about as much as this many.
_BYTES_A_FRAME = 4096


@dataclass(frozen=True, kw_only=True, slots=True)
class PeerLimits:
    """What a peer may send: the longest message, and how many frames at once and a second; long ones count for more."""

    message_bytes: int
    frames_at_once: int
    frames_a_second: float


class PeerAllowance:
    """Full at first, and filled steadily. What is spent beyond it is a debt, which time pays."""

    __slots__ = ("_at_seconds", "_left", "limits")

    def __init__(self, limits: PeerLimits, now_seconds: float) -> None:
        self.limits = limits
        self._left = float(limits.frames_at_once)
        self._at_seconds = now_seconds

    def spend_bytes(self, count: int) -> None:
        """Take note of bytes that came."""
        self._left -= count / _BYTES_A_FRAME

    def spend_frame(self) -> bool:
        """Take note of a frame, and return True, if one may be read now."""
        if self._left <= 0:
            return False
        self._left -= 1
        return True

    def refill(self, now_seconds: float) -> None:
        """Add what the time since the last call brought."""
        gained = (now_seconds - self._at_seconds) * self.limits.frames_a_second
        self._left = min(self._left + gained, float(self.limits.frames_at_once))
        self._at_seconds = now_seconds

    @property
    def seconds_until_full(self) -> float:
        """How long to wait until everything may be spent again that may be at once."""
        return (self.limits.frames_at_once - self._left) / self.limits.frames_a_second
