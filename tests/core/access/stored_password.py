"""Reads what is stored of a password by its own parameters, apart from the code that is tested; and stores cheaply."""

from __future__ import annotations

import base64
import hashlib


def is_password(password: str, stored: str) -> bool:
    """Tell whether a password is the one of a stored digest."""
    scheme, cost, block_size, parallelism, salt, digest = stored.split("$")
    assert scheme == "scrypt"
    found = hashlib.scrypt(
        password.encode(),
        salt=base64.b64decode(salt),
        n=int(cost),
        r=int(block_size),
        p=int(parallelism),
        maxmem=2**30,
        dklen=32,
    )
    return found == base64.b64decode(digest)


def cheaply_stored(password: str) -> str:
    """Return what would be stored of a password if it had to cost nothing."""
    salt = b"0123456789abcdef"
    digest = hashlib.scrypt(password.encode(), salt=salt, n=16, r=8, p=1, dklen=32)
    return f"scrypt$16$8$1${base64.b64encode(salt).decode()}${base64.b64encode(digest).decode()}"
