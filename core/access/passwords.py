"""Passwords: only their scrypt digest is kept, with its parameters, so that these may grow."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from dataclasses import dataclass

_COST = 2**16
_BLOCK_SIZE = 8
_PARALLELISM = 1
_SALT_BYTES = 16
_DIGEST_BYTES = 32
_SCHEME = "scrypt"


@dataclass(frozen=True, kw_only=True, slots=True)
class _Stored:
    """What is kept of a password."""

    cost: int
    block_size: int
    parallelism: int
    salt: bytes
    digest: bytes


# What is compared with where there is nobody: no password has it.
_NOBODY = _Stored(
    cost=_COST,
    block_size=_BLOCK_SIZE,
    parallelism=_PARALLELISM,
    salt=bytes(_SALT_BYTES),
    digest=bytes(_DIGEST_BYTES),
)


def hash_password(password: str) -> str:
    """Return what is stored of a password. It takes 64 MB and about a fifth of a second: not on an event loop."""
    salt = secrets.token_bytes(_SALT_BYTES)
    digest = _digest(password, salt, cost=_COST, block_size=_BLOCK_SIZE, parallelism=_PARALLELISM)
    parameters = f"{_COST}${_BLOCK_SIZE}${_PARALLELISM}"
    return f"{_SCHEME}${parameters}${_to_text(salt)}${_to_text(digest)}"


def is_password(password: str, stored: str | None) -> bool:
    """Return whether a password is the one that is stored. It costs as much where nothing is stored."""
    known = None if stored is None else _parse(stored)
    against = known or _NOBODY
    digest = _digest(
        password,
        against.salt,
        cost=against.cost,
        block_size=against.block_size,
        parallelism=against.parallelism,
    )
    return hmac.compare_digest(digest, against.digest) and known is not None


def _digest(password: str, salt: bytes, *, cost: int, block_size: int, parallelism: int) -> bytes:
    return hashlib.scrypt(
        password.encode("utf-8", "surrogatepass"),
        salt=salt,
        n=cost,
        r=block_size,
        p=parallelism,
        maxmem=256 * cost * block_size,  # scrypt needs 128 of them, and a little more
        dklen=_DIGEST_BYTES,
    )


def _parse(stored: str) -> _Stored | None:
    """Return what a stored text means; None if it is no digest of ours, which no password matches."""
    try:
        scheme, cost, block_size, parallelism, salt, digest = stored.split("$")
        if scheme != _SCHEME:
            return None
        return _Stored(
            cost=int(cost),
            block_size=int(block_size),
            parallelism=int(parallelism),
            salt=base64.b64decode(salt, validate=True),
            digest=base64.b64decode(digest, validate=True),
        )
    except (ValueError, binascii.Error):
        return None


def _to_text(value: bytes) -> str:
    return base64.b64encode(value).decode("ascii")
