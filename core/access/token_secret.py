"""The secret of a token: made, shown once, and from then on known by its beginning."""

from __future__ import annotations

from core.secret_text import new_secret

_BEGINNING = "tocsin_"
# What is left to guess of a secret whose prefix is known: 220 bits.
_SHOWN_RANDOM_CHARACTERS = 6


def new_token_secret() -> str:
    """Return a fresh secret of 256 random bits. It begins so that it can be recognised where it does not belong."""
    return _BEGINNING + new_secret()


def prefix_of_secret(secret: str) -> str:
    """Return how a secret begins, by which people tell their tokens apart."""
    begins = len(_BEGINNING) if secret.startswith(_BEGINNING) else 0
    return secret[: begins + _SHOWN_RANDOM_CHARACTERS]
