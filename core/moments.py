"""How moments are written in every API: ISO-8601 in UTC, with milliseconds."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec

_TO_SECONDS = len("2026-02-16T11:23:00")
_TO_MILLISECONDS = len("2026-02-16T11:23:00.000")


def write_moment(moment: datetime) -> str:
    """Return 2026-02-16T11:23:00.000Z; what is finer than a millisecond is cut off."""
    in_utc = moment if moment.tzinfo is UTC else moment.astimezone(UTC)
    return write_moments_in_utc([in_utc])[0]


def write_moments_in_utc(moments: Sequence[datetime]) -> list[str]:
    """Return the same of each; their tzinfo is UTC. Of many it costs a tenth of isoformat."""
    texts = msgspec.json.decode(msgspec.json.encode(moments), type=list[str])
    return [
        text[:_TO_MILLISECONDS] + "Z" if len(text) > _TO_MILLISECONDS else text[:_TO_SECONDS] + ".000Z"
        for text in texts
    ]


def moment_of(text: str) -> datetime | None:
    """Return the moment that a text names; None if it names none, or does not say its offset from UTC."""
    try:
        moment = datetime.fromisoformat(text)
        return None if moment.utcoffset() is None else moment.astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        return None
