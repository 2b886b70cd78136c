"""What a face tells of a quota in headers, by the names of the StatusApp page."""

from __future__ import annotations

import math

from core.errors import QuotaExhausted
from core.usage.quota import Quota


def quota_headers(quota: Quota) -> dict[str, str]:
    """Return the three headers of an answer; the reset is in Unix seconds."""
    return {
        "X-RateLimit-Limit": str(quota.limit),
        "X-RateLimit-Remaining": str(quota.remaining),
        "X-RateLimit-Reset": str(math.ceil(quota.resets_at.timestamp())),
    }


def exhausted_headers(error: QuotaExhausted) -> dict[str, str]:
    """Return the same of a refusal, and in how many seconds to come back."""
    quota = Quota(limit=error.limit, remaining=0, resets_at=error.resets_at)
    wait_seconds = max(1, math.ceil(error.retry_after_seconds or 0))
    return {**quota_headers(quota), "Retry-After": str(wait_seconds)}
