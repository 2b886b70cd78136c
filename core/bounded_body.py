"""Reads a request's body no further than any face takes one."""

from __future__ import annotations

from collections.abc import AsyncIterator

from core.errors import TocsinError

MOST_BODY_BYTES = 1024 * 1024
# A client that is still sending would not hear a refusal; up to here it is heard out.
_MOST_DISCARDED_BYTES = 64 * 1024 * 1024


class BodyTooLarge(TocsinError):
    """The body is longer than any that a face takes."""

    code = "PAYLOAD_TOO_LARGE"
    default_message = f"the body is longer than {MOST_BODY_BYTES} bytes"


async def bounded_body(stream: AsyncIterator[bytes]) -> bytes:
    """Return what a stream brings; raise BodyTooLarge, of which no more is kept than of what is taken."""
    chunks: list[bytes] = []
    size = 0
    async for chunk in stream:
        size += len(chunk)
        if size <= MOST_BODY_BYTES:
            chunks.append(chunk)
        elif size > _MOST_DISCARDED_BYTES:
            break
    if size > MOST_BODY_BYTES:
        raise BodyTooLarge
    return b"".join(chunks)
