"""The secret of a token: made, shown once, and from then on known by its beginning."""

from __future__ import annotations

import secrets

_BEGINNING = "tocsin_"
_RANDOM_BYTES = 32
# What is left to guess of a secret whose prefix is known: 220 bits.
_SHOWN_RANDOM_CHARACTERS = 6


def new_token_secret() -> str:
    """Return a fresh secret of 256 random bits. It begins so that it can be recognised where it does not belong."""
    return _BEGINNING + secrets.token_urlsafe(_RANDOM_BYTES)


def prefix_of_secret(secret: str) -> str:
    """Return how a secret begins, by which people tell their tokens apart."""
    begins = len(_BEGINNING) if secret.startswith(_BEGINNING) else 0
    return secret[: begins + _SHOWN_RANDOM_CHARACTERS]
