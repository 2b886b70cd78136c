"""Secrets that are handed out as text: how they are made, and what is stored of them."""

from __future__ import annotations

import hashlib
import secrets

_RANDOM_BYTES = 32


def new_secret() -> str:
    """Return a fresh secret of 256 random bits, for addresses and headers."""
    return secrets.token_urlsafe(_RANDOM_BYTES)


def digest_of(secret: str) -> bytes:
    """Return what is stored of a secret, and by which it is found, whatever text was sent in its place."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()
