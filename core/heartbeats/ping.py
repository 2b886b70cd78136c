"""A ping: one word from a job, as it comes in at the door."""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from core.usage.quota import Quota

LONGEST_MESSAGE_BYTES = 10 * 1024
LONGEST_RUN_ID_BYTES = 200

# What PostgreSQL or UTF-8 cannot hold.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


class PingKind(enum.StrEnum):
    """What a ping says: the job succeeded, began, failed, or has a remark."""

    SUCCESS = "SUCCESS"
    START = "START"
    FAIL = "FAIL"
    LOG = "LOG"


@dataclass(frozen=True, kw_only=True, slots=True)
class Ping:
    """A ping as it arrived, its texts fit to be stored."""

    token_sha256: bytes
    arrived_at: datetime
    id: UUID
    kind: PingKind
    message: str | None
    exit_code: int | None
    run_id: str | None


class PingVerdict(enum.Enum):
    """What became of a ping. ACCEPTED is said only of what is committed."""

    ACCEPTED = enum.auto()
    UNKNOWN = enum.auto()
    LIMITED = enum.auto()


@dataclass(frozen=True, kw_only=True, slots=True)
class PingAnswer:
    """The answer to a ping; a LIMITED one may come again after `retry_after_seconds`.

    `quota` is what the address has left: all of it again when it resets, or one ping where there is none.
    """

    verdict: PingVerdict
    quota: Quota
    retry_after_seconds: float = 0.0


def storable_text(text: str | None, longest_bytes: int) -> str | None:
    """Return the text without what cannot be stored and cut to the given length in UTF-8, or None if empty."""
    if not text:
        return None
    # A character is at least one byte, so that a long text is cut before it is looked through.
    clean = _UNSTORABLE.sub("", text[:longest_bytes])
    return clean.encode()[:longest_bytes].decode(errors="ignore") or None
