"""What one connection may take."""

from __future__ import annotations

from core.bounded_body import MOST_BODY_BYTES
from core.websocket.allowance import PeerLimits

MOST_OPERATIONS = 1_000
INIT_SECONDS = 10.0
# A client that takes nothing for so long is cut off.
SEND_SECONDS = 10.0
# Nobody is known yet who might have more to say.
GUEST = PeerLimits(message_bytes=16 * 1024, frames_at_once=32, frames_a_second=16)
MEMBER = PeerLimits(message_bytes=MOST_BODY_BYTES, frames_at_once=100, frames_a_second=1_000)
