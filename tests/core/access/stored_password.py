"""Reads what is stored of a password by its own parameters, as a login will have to."""

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
