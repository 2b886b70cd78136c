"""Passwords: only their scrypt digest is kept, with its parameters, so that these may grow."""

from __future__ import annotations

import base64
import hashlib
import secrets

_COST = 2**16
_BLOCK_SIZE = 8
_PARALLELISM = 1
_SALT_BYTES = 16
_DIGEST_BYTES = 32
_SCHEME = "scrypt"


def hash_password(password: str) -> str:
    """Return what is stored of a password. It takes 64 MB and about a fifth of a second: not on an event loop."""
    salt = secrets.token_bytes(_SALT_BYTES)
    digest = hashlib.scrypt(
        password.encode("utf-8", "surrogatepass"),
        salt=salt,
        n=_COST,
        r=_BLOCK_SIZE,
        p=_PARALLELISM,
        maxmem=256 * _COST * _BLOCK_SIZE,  # scrypt needs 128 of them, and a little more
        dklen=_DIGEST_BYTES,
    )
    parameters = f"{_COST}${_BLOCK_SIZE}${_PARALLELISM}"
    return f"{_SCHEME}${parameters}${_to_text(salt)}${_to_text(digest)}"


def _to_text(value: bytes) -> str:
    return base64.b64encode(value).decode("ascii")
