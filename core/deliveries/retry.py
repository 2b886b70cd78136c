"""When a message that was not delivered is sent again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from plugins.api.http_delivery import PERMANENT_STATUSES

FIRST_DELAY_SECONDS = 5.0
LONGEST_DELAY_SECONDS = 1_800.0
RETRY_FOR = timedelta(days=1)
# An address that is not known yet, or a key that is not in force yet: put right within the hour, or never.
RETRY_FOR_REFUSED = timedelta(hours=1)
REFUSED_STATUSES = frozenset({403, 404})


@dataclass(frozen=True, kw_only=True, slots=True)
class FailedAttempt:
    """An attempt that ended without delivery. `attempts` counts it."""

    attempts: int
    owed_since: datetime
    is_permanent: bool = False
    status_code: int | None = None
    retry_after_seconds: float | None = None


def next_attempt(failed: FailedAttempt, now: datetime, jitter: float) -> datetime | None:
    """Return when to send again, or None to give up. `jitter` is random, from 0 to 1.

    The delay doubles from 5 to 10 seconds up to half an hour to an hour; a service that says when to come
    back is not asked before. The last attempt is made when the time is up.
    """
    deadline = failed.owed_since + _patience(failed)
    if failed.is_permanent or failed.status_code in PERMANENT_STATUSES or now >= deadline:
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
    return RETRY_FOR_REFUSED if failed.status_code in REFUSED_STATUSES else RETRY_FOR
