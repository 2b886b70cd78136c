"""Limits what is attempted at the doors of accounts, by account and by address, over all processes."""

from __future__ import annotations

import enum
import hashlib
import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from core.access.attempt_allowance import AttemptAllowance, wait_seconds
from core.client_address import customer_of
from core.clock import Clock
from core.db.database import Database
from core.db.named_sql import named_sql
from core.errors import RateLimited

_SQL = named_sql("attempts")


@dataclass(frozen=True, kw_only=True, slots=True)
class _Limits:
    """The allowance of an account and that of an address; None where it is not counted."""

    account: AttemptAllowance | None = None
    address: AttemptAllowance | None = None


def _allowance(at_once: int, seconds: int) -> AttemptAllowance:
    return AttemptAllowance(at_once=at_once, drains_one_in=timedelta(seconds=seconds))


class Door(enum.Enum):
    """What is attempted."""

    SIGN_UP = _Limits(address=_allowance(10, 360))
    SIGN_IN = _Limits(account=_allowance(10, 60), address=_allowance(50, 10))
    PASSWORD_CHANGE = _Limits(account=_allowance(10, 60))
    PASSWORD_RESET_REQUEST = _Limits(account=_allowance(3, 600), address=_allowance(20, 60))
    PASSWORD_RESET = _Limits(address=_allowance(20, 30))
    INVITATION = _Limits(account=_allowance(100, 60))  # of a workspace
    INVITATION_TO_ADDRESS = _Limits(account=_allowance(5, 3600))  # that gets letters


@dataclass(frozen=True, kw_only=True, slots=True)
class Attempt:
    """One attempt. `account` is whatever names the account, known or not; `address` is that of the client."""

    door: Door
    account: str | None = None
    address: str | None = None


class Attempts:
    """Counts attempts before the work is done; one that succeeds is given back, so that only failures count."""

    def __init__(self, *, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def take(self, attempt: Attempt) -> None:
        """Count an attempt; raise RateLimited. An address that is refused takes nothing from an account."""
        now = self._clock.now()
        async with self._database.acquire() as connection:
            for key, allowance in _buckets(attempt):
                drains = allowance.drains_one_in, allowance.drains_full_in
                if await connection.fetchval(_SQL["take_attempt"], key, now, *drains) is None:
                    drained_at = await connection.fetchval(_SQL["drained_at"], key)
                    raise _refusal(0.0 if drained_at is None else wait_seconds(allowance, drained_at, now))

    async def give_back(self, attempt: Attempt) -> None:
        """Count an attempt no more, since it succeeded."""
        async with self._database.acquire() as connection:
            for key, allowance in _buckets(attempt):
                await connection.execute(_SQL["give_attempt_back"], key, allowance.drains_one_in)


def _buckets(attempt: Attempt) -> Iterator[tuple[bytes, AttemptAllowance]]:
    limits = attempt.door.value
    if limits.address is not None and attempt.address is not None:
        yield _key(attempt.door, "address", customer_of(attempt.address)), limits.address
    if limits.account is not None and attempt.account is not None:
        yield _key(attempt.door, "account", attempt.account), limits.account


def _key(door: Door, what: str, subject: str) -> bytes:
    """Return a bucket's key: of one length whatever was sent, and no list of who tried to get in."""
    return hashlib.sha256(f"{door.name}:{what}:{subject}".encode("utf-8", "surrogatepass")).digest()


def _refusal(seconds: float) -> RateLimited:
    waits = max(1, math.ceil(seconds))
    return RateLimited(f"too many attempts: try again in {waits} s", retry_after_seconds=waits)
