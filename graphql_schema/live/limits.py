"""What one connection may take."""

from __future__ import annotations

from graphql_schema.operation_request import MOST_BODY_BYTES

MOST_OPERATIONS = 1_000
INIT_SECONDS = 10.0
# A client that takes nothing for so long is cut off.
SEND_SECONDS = 10.0
# Nobody is known yet who might have more to say.
MOST_INIT_BYTES = 16 * 1024
MOST_MESSAGE_BYTES = MOST_BODY_BYTES
