"""What lives longer than a request: counted, looked after, and ended with the process.

Whoever holds a connection open is asked for his credentials again: at once when they are revoked, else now and then.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter, OrderedDict
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from core.client_address import customer_of
from core.errors import OverLimit, Unavailable
from core.wakeup import Wakeup
from core.work_loop import work_in_rounds

MOST_CONNECTIONS = 10_000
MOST_CONNECTIONS_OF_A_WORKSPACE = 2_000
MOST_CONNECTIONS_EACH = 1_200
MOST_GUESTS = 1_000
MOST_GUESTS_OF_AN_ADDRESS = 100
BEAT_SECONDS = 30.0
# Each may take a connection of the faces' pool, of which requests need some meanwhile.
RENEWED_AT_ONCE = 8


class LiveConnection(Protocol):
    """A connection that stays open."""

    @property
    def credential(self) -> str | None:
        """The digest in hex of the secret that opened it; the same from when it is added on."""
        ...

    async def renew(self) -> None:
        """Look at the credentials again, and end what may not go on."""
        ...

    def beat(self) -> None:
        """Ask for a sign of life, so that nothing between closes the connection; end it if the last was not given."""
        ...

    def go_away(self) -> None:
        """Begin to end, since the process ends."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Owner:
    """Whose a connection is: that of a token or a person, `holder`, in a workspace."""

    holder: UUID
    workspace: UUID


@dataclass(frozen=True, kw_only=True, slots=True)
class _Held:
    """What is known of a connection that is looked after."""

    owner: Owner
    credential: str | None


class LiveConnections:
    """Those of one process."""

    def __init__(self) -> None:
        self._wakeup = Wakeup()
        self._open: dict[LiveConnection, _Held] = {}
        # Each with the customer whose address it comes from.
        self._guests: dict[LiveConnection, str] = {}
        # How many a customer has among the guests, and a holder or a workspace among the others.
        self._counts: Counter[str | UUID] = Counter()
        self._opened_by: dict[str | None, set[LiveConnection]] = {}
        # To be renewed, in this order; those whose credential was named come before all others.
        self._named: OrderedDict[LiveConnection, None] = OrderedDict()
        self._others: OrderedDict[LiveConnection, None] = OrderedDict()
        self._beaten_at = time.monotonic()
        self._is_ending = False

    async def run(self, stopping: asyncio.Event) -> None:
        """Look after all connections until `stopping` is set; then let them go."""
        await work_in_rounds(self._step, name="live", wakeup=self._wakeup, stopping=stopping)
        self._is_ending = True
        for connection in (*self._open, *self._guests):
            connection.go_away()

    def admit(self, guest: LiveConnection, address: str) -> None:
        """Let in somebody who is to say who he is, and is looked after only from then on.

        Raises OverLimit where too many of his address wait to say it, or Unavailable.
        """
        self._require_presence()
        if len(self._guests) >= MOST_GUESTS:
            raise Unavailable(f"{MOST_GUESTS} connections wait to be initialised: try again later")
        customer = customer_of(address)
        if self._counts[customer] >= MOST_GUESTS_OF_AN_ADDRESS:
            raise OverLimit(
                f"{MOST_GUESTS_OF_AN_ADDRESS} connections of your address wait to be initialised: initialise them"
            )
        self._guests[guest] = customer
        self._counts[customer] += 1

    def add(self, connection: LiveConnection, owner: Owner) -> None:
        """Begin to look after a connection; raise OverLimit where its owner has too many, or Unavailable."""
        self._require_presence()
        if len(self._open) >= MOST_CONNECTIONS:
            raise Unavailable(f"{MOST_CONNECTIONS} connections are open already: try again later")
        if self._counts[owner.holder] >= MOST_CONNECTIONS_EACH:
            raise OverLimit(f"at most {MOST_CONNECTIONS_EACH} connections may be open at once")
        if self._counts[owner.workspace] >= MOST_CONNECTIONS_OF_A_WORKSPACE:
            raise OverLimit(
                f"at most {MOST_CONNECTIONS_OF_A_WORKSPACE} connections of the workspace may be open at once"
            )
        self._forget_guest(connection)
        held = _Held(owner=owner, credential=connection.credential)
        self._open[connection] = held
        self._opened_by.setdefault(held.credential, set()).add(connection)
        self._counts.update((owner.holder, owner.workspace))

    def discard(self, connection: LiveConnection) -> None:
        """Look after it no more."""
        self._forget_guest(connection)
        held = self._open.pop(connection, None)
        if held is None:
            return
        self._named.pop(connection, None)
        self._others.pop(connection, None)
        self._opened_by[held.credential].discard(connection)
        if not self._opened_by[held.credential]:
            del self._opened_by[held.credential]
        self._count_less(held.owner.holder)
        self._count_less(held.owner.workspace)

    def look_again(self, digest_hex: str = "") -> None:
        """Have those renewed that one credential opened, or all (a lost listener cannot know what it missed)."""
        if digest_hex:
            self._named.update(dict.fromkeys(self._opened_by.get(digest_hex, ())))
        else:
            self._others.update(dict.fromkeys(self._open))
        self._wakeup.set()

    def _require_presence(self) -> None:
        if self._is_ending:
            raise Unavailable("the server is going away")

    def _forget_guest(self, connection: LiveConnection) -> None:
        customer = self._guests.pop(connection, None)
        if customer is not None:
            self._count_less(customer)

    def _count_less(self, counted: str | UUID) -> None:
        self._counts[counted] -= 1
        if not self._counts[counted]:
            del self._counts[counted]

    async def _step(self) -> int:
        """Renew the next ones; return how many. What fails is renewed with all others, when their time has come."""
        self._beat_if_due()
        taken = self._next()
        outcomes = await asyncio.gather(*(connection.renew() for connection in taken), return_exceptions=True)
        for outcome in outcomes:
            if isinstance(outcome, Exception):
                raise outcome
        return len(taken)

    def _beat_if_due(self) -> None:
        if time.monotonic() - self._beaten_at < BEAT_SECONDS:
            return
        self._beaten_at = time.monotonic()
        for connection in tuple(self._open):
            connection.beat()
        self._others.update(dict.fromkeys(self._open))

    def _next(self) -> list[LiveConnection]:
        taken: list[LiveConnection] = []
        for waiting in (self._named, self._others):
            while waiting and len(taken) < RENEWED_AT_ONCE:
                taken.append(waiting.popitem(last=False)[0])
        return taken
