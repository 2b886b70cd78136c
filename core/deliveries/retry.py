"""When a message that was not delivered is sent again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

FIRST_DELAY_SECONDS = 5.0
LONGEST_DELAY_SECONDS = 1_800.0
RETRY_FOR = timedelta(days=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class FailedAttempt:
    """An attempt that ended without delivery. `attempts` counts it; the rest is what the notifier says of it."""

    attempts: int
    owed_since: datetime
    is_permanent: bool = False
    retry_for_seconds: float | None = None
    retry_after_seconds: float | None = None


def next_attempt(failed: FailedAttempt, now: datetime, jitter: float) -> datetime | None:
    """Return when to send again, or None to give up. `jitter` is random, from 0 to 1.

    The delay doubles from 5 to 10 seconds up to half an hour to an hour; a service that says when to come
    back is not asked before. The last attempt is made when the time is up.
    """
    deadline = failed.owed_since + _patience(failed)
    if failed.is_permanent or now >= deadline:
        return None
    delay = min(FIRST_DELAY_SECONDS * 2.0 ** min(failed.attempts - 1, 30), LONGEST_DELAY_SECONDS) * (
        1 + jitter
    )
    asked = max(0.0, failed.retry_after_seconds or 0.0)
    left = (deadline - now).total_seconds()
    if asked > left:
        return None
    return now + timedelta(seconds=min(max(delay, asked), left))


def _patience(failed: FailedAttempt) -> timedelta:
    if failed.retry_for_seconds is None:
        return RETRY_FOR
    return timedelta(seconds=min(max(0.0, failed.retry_for_seconds), RETRY_FOR.total_seconds()))
