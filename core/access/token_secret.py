"""The secret of a token: made, shown once, and from then on known by its beginning."""

from __future__ import annotations

from core.errors import Unauthenticated
from core.secret_text import new_secret

AUTHORIZATION_FAULT = "authorization must be: Bearer, and an api token"
_BEGINNING = "tocsin_"
# What is left to guess of a secret whose prefix is known: 220 bits.
_SHOWN_RANDOM_CHARACTERS = 6


def new_token_secret() -> str:
    """Return a fresh secret of 256 random bits. It begins so that it can be recognised where it does not belong."""
    return _BEGINNING + new_secret()


def bearer_secret(authorization: str) -> str | None:
    """Return the secret in an Authorization header (RFC 6750), which may be empty; None if there is no header.

    Raises Unauthenticated for another scheme.
    """
    if not authorization.strip():
        return None
    scheme, _, secret = authorization.strip().partition(" ")
    if scheme.lower() != "bearer":
        raise Unauthenticated(AUTHORIZATION_FAULT)
    return secret.strip()


def prefix_of_secret(secret: str) -> str:
    """Return how a secret begins, by which people tell their tokens apart."""
    begins = len(_BEGINNING) if secret.startswith(_BEGINNING) else 0
    return secret[: begins + _SHOWN_RANDOM_CHARACTERS]
