"""A place in the order of events, as clients keep it."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from uuid import UUID

_NUMBER_BYTES = 8
_UUID_BYTES = 16
_BYTES = 2 * _UUID_BYTES + _NUMBER_BYTES


@dataclass(frozen=True, kw_only=True, slots=True)
class EventCursor:
    """Everything up to the number was seen, of that workspace, in that epoch."""

    epoch: UUID
    workspace_id: UUID
    sequence: int

    @property
    def text(self) -> str:
        """The cursor as clients are given it; they are not to look inside."""
        packed = self.epoch.bytes + self.workspace_id.bytes + self.sequence.to_bytes(_NUMBER_BYTES)
        return base64.urlsafe_b64encode(packed).decode().rstrip("=")


def read_cursor(text: str) -> EventCursor | None:
    """Return the cursor, or None if it is none of ours. Nothing in it is to be trusted."""
    try:
        packed = base64.b64decode(
            text.encode("ascii") + b"=" * (-len(text) % 4), altchars=b"-_", validate=True
        )
    except (ValueError, binascii.Error):
        return None
    if len(packed) != _BYTES or packed[-_NUMBER_BYTES] > 0x7F:  # noqa: PLR2004  (a sign bit: no bigint)
        return None
    return EventCursor(
        epoch=UUID(bytes=packed[:_UUID_BYTES]),
        workspace_id=UUID(bytes=packed[_UUID_BYTES : 2 * _UUID_BYTES]),
        sequence=int.from_bytes(packed[-_NUMBER_BYTES:]),
    )
