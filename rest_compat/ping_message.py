"""What a job says in the body of its ping, whatever the dialect."""

from __future__ import annotations

import msgspec


class _Words(msgspec.Struct):
    """The documented bodies; anything else in them is of no account."""

    message: str | None = None
    error: str | None = None


_decode_words = msgspec.json.Decoder(_Words).decode


def message_of(body: bytes) -> str | None:
    """Return what the job says: the `message` or `error` of a JSON object, else the body as text."""
    if not body:
        return None
    try:
        words = _decode_words(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return body.decode(errors="replace")
    return words.message or words.error or body.decode(errors="replace")
