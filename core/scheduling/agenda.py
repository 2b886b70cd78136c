"""What a scheduler holds, by the moment at which each claim is due."""

from __future__ import annotations

import heapq
import itertools
from collections import deque
from collections.abc import Collection
from dataclasses import replace
from datetime import datetime

from core.scheduling.leases import Claim


class Agenda:
    """Claims whose moment has not come, and those that are due and have not been begun.

    Of the due ones, whoever came last and whoever waits longest are taken in turns: a crowd that is due at
    one moment must not make everybody late that is due after it.
    """

    def __init__(self) -> None:
        self._coming: list[tuple[datetime, int, Claim]] = []
        self._due: deque[Claim] = deque()
        self._order = itertools.count()
        self._takes_last = True

    def __len__(self) -> int:
        return len(self._coming) + len(self._due)

    @property
    def claims(self) -> tuple[Claim, ...]:
        """All claims."""
        return (*self._due, *(claim for _, _, claim in self._coming))

    @property
    def first_moment(self) -> datetime | None:
        """The moment of the claim that is due first, past or future."""
        if self._due:
            return self._due[0].slot
        return self._coming[0][0] if self._coming else None

    def add(self, claim: Claim) -> None:
        """Take a claim in."""
        heapq.heappush(self._coming, (claim.slot, next(self._order), claim))

    def take(self, now: datetime) -> Claim | None:
        """Return a claim that is due, and forget it; None where none is."""
        while self._coming and self._coming[0][0] <= now:
            self._due.append(heapq.heappop(self._coming)[2])
        if not self._due:
            return None
        self._takes_last = not self._takes_last
        return self._due.pop() if self._takes_last else self._due.popleft()

    def renew(self, renewed: Collection[int], until: datetime) -> None:
        """Note the new lease of claims, which are given by their id()."""
        self._due = deque(_renewed(claim, renewed, until) for claim in self._due)
        self._coming = [(slot, order, _renewed(claim, renewed, until)) for slot, order, claim in self._coming]

    def clear(self) -> None:
        """Forget all claims."""
        self._coming.clear()
        self._due.clear()


def _renewed(claim: Claim, renewed: Collection[int], until: datetime) -> Claim:
    return replace(claim, lease_until=until) if id(claim) in renewed else claim
