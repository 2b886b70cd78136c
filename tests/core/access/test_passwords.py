"""Passwords are kept as scrypt digests."""

from __future__ import annotations

from core.access.passwords import hash_password
from tests.core.access.stored_password import is_password


def test_a_password_is_recognised_and_another_is_not() -> None:
    stored = hash_password("correct horse")

    assert is_password("correct horse", stored)
    assert not is_password("correct horsf", stored)
    assert "correct" not in stored


def test_the_same_password_is_stored_differently_each_time() -> None:
    assert hash_password("correct horse") != hash_password("correct horse")
