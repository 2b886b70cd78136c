"""Whether an invited person has come."""

from __future__ import annotations

import enum
from datetime import datetime


class MemberStatus(enum.StrEnum):
    """Told by `members.accepted_at`."""

    PENDING = "PENDING"
    ACCEPTED = "ACCEPTED"


def member_status(accepted_at: datetime | None) -> MemberStatus:
    """Return the status of who accepted then, None for never."""
    return MemberStatus.PENDING if accepted_at is None else MemberStatus.ACCEPTED
