"""Where a delivery stands."""

from __future__ import annotations

import enum


class DeliveryStatus(enum.StrEnum):
    """PENDING until it ends one way or another. SUPPRESSED: not to be sent any more."""

    PENDING = "PENDING"
    DELIVERED = "DELIVERED"
    FAILED = "FAILED"
    SUPPRESSED = "SUPPRESSED"
