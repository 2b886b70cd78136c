"""A monitor's status, as shown and as stored."""

from __future__ import annotations

import enum

from plugins.api.outcome import CheckStatus


class MonitorStatus(enum.IntEnum):
    """PENDING: no check yet. UNKNOWN: Tocsin itself could not look. The numbers are those of the database.

    Paused and in-maintenance are said beside the status, never instead of it.
    """

    PENDING = 0
    UP = CheckStatus.UP
    DEGRADED = CheckStatus.DEGRADED
    DOWN = CheckStatus.DOWN
    UNKNOWN = CheckStatus.UNKNOWN
