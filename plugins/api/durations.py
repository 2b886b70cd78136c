"""Durations as people read them."""

from __future__ import annotations

from datetime import timedelta


def duration_text(duration: timedelta) -> str:
    """Return the duration in its two largest units: "2 h 5 min"."""
    seconds = max(0, round(duration.total_seconds()))
    days, hours, minutes = seconds // 86_400, seconds // 3_600 % 24, seconds // 60 % 60
    parts = [(days, "d"), (hours, "h"), (minutes, "min"), (seconds % 60, "s")]
    first = next((place for place, (count, _) in enumerate(parts) if count), len(parts) - 1)
    return " ".join(f"{count} {unit}" for count, unit in parts[first : first + 2] if count) or "0 s"
