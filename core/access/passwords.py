"""Passwords: only their scrypt digest is kept, with its parameters, so that these may grow."""

from __future__ import annotations

import base64
import hashlib
import hmac
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
    digest = _digest(password, salt, _COST, _BLOCK_SIZE, _PARALLELISM)
    parameters = f"{_COST}${_BLOCK_SIZE}${_PARALLELISM}"
    return f"{_SCHEME}${parameters}${_to_text(salt)}${_to_text(digest)}"


def is_password(password: str, stored: str) -> bool:
    """Tell whether a password is the one of a stored digest; takes as long as `hash_password`."""
    _, cost, block_size, parallelism, salt, digest = stored.split("$")
    found = _digest(password, base64.b64decode(salt), int(cost), int(block_size), int(parallelism))
    return hmac.compare_digest(found, base64.b64decode(digest))


def _digest(password: str, salt: bytes, cost: int, block_size: int, parallelism: int) -> bytes:
    return hashlib.scrypt(
        password.encode("utf-8", "surrogatepass"),
        salt=salt,
        n=cost,
        r=block_size,
        p=parallelism,
        maxmem=256 * cost * block_size,  # scrypt needs 128 of them, and a little more
        dklen=_DIGEST_BYTES,
    )


def _to_text(value: bytes) -> str:
    return base64.b64encode(value).decode("ascii")
