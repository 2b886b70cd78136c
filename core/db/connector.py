"""Makes connections to the servers that a database URL names, and cuts them when their server is gone.

asyncpg spends its whole time on the first of several hosts if that one is silent; here each has its own.
"""

from __future__ import annotations

import math
import time
import weakref
from collections import deque
from collections.abc import Sequence
from typing import Any, TypeAlias
from urllib.parse import parse_qsl, urlencode, urlsplit

import asyncpg

from core.db.absence import CONNECTION_ERRORS
from core.db.reach import Reach

# What a server, each of several, may take to let somebody in.
CONNECT_SECONDS = 4.0
_TO_WRITE: dict[str, Any] = {"timeout": CONNECT_SECONDS, "target_session_attrs": "read-write"}

# Subscripted for the type checker only: asyncpg's classes are not generic at run time.
Direct: TypeAlias = "asyncpg.Connection[asyncpg.Record]"


class Connector:
    """Connects to the server that can be written to, of those that a URL names.

    The one that let somebody in last is asked first. `reach` is told of every server that did not.
    """

    def __init__(self, url: str, reach: Reach | None = None) -> None:
        self._reach = reach
        self._addresses = deque(addresses(url))
        self._opened_at: weakref.WeakKeyDictionary[Direct, float] = weakref.WeakKeyDictionary()

    async def connect(self, dsn: str | None = None, **options: Any) -> Direct:  # noqa: ARG002  (a pool gives it)
        """Return a new connection; `options` are those of asyncpg.

        Raises the last server's error if none lets us in, each within `CONNECT_SECONDS`.
        """
        for _ in range(len(self._addresses) - 1):
            try:
                return await self._try_first(options)
            except CONNECTION_ERRORS:
                continue
        return await self._try_first(options)

    def cut(self, opened_before: float = math.inf) -> None:
        """End all connections at once, without a word to a server that may not listen.

        Or only those made before a moment of `time.monotonic`. Whoever waits on one of them gets an error.
        """
        for connection, opened_at in tuple(self._opened_at.items()):
            if opened_at < opened_before:
                connection.terminate()

    async def _try_first(self, options: dict[str, Any]) -> Direct:
        url = self._addresses[0]
        try:
            connection: Direct = await asyncpg.connect(url, **_TO_WRITE, **options)
        except BaseException as error:
            # Whoever tries next, and be it after this one was cancelled, begins with another.
            if self._addresses[0] == url:
                self._addresses.rotate(-1)
            if self._reach is not None and isinstance(error, CONNECTION_ERRORS):
                self._reach.failed(error)
            raise
        self._opened_at[connection] = time.monotonic()
        return connection


def addresses(url: str) -> Sequence[str]:
    """Return a URL for each host of a database URL: `postgresql://user@one:5432,two:5433/name`, or `?host=one,two`."""
    parts = urlsplit(url)
    credentials, at, hosts = parts.netloc.rpartition("@")
    if "," in hosts:
        return [parts._replace(netloc=f"{credentials}{at}{host}").geturl() for host in hosts.split(",")]
    query = parse_qsl(parts.query, keep_blank_values=True)
    named = dict(query).get("host", "").split(",")
    if len(named) == 1:
        return [url]
    ports = dict(query).get("port", "").split(",")
    rest = [(name, value) for name, value in query if name not in {"host", "port"}]
    return [
        parts._replace(query=urlencode([*rest, ("host", host), *_port(ports, place)])).geturl()
        for place, host in enumerate(named)
    ]


def _port(ports: Sequence[str], place: int) -> list[tuple[str, str]]:
    """Return the port of the host at a place: a single one is every host's."""
    port = ports[place] if place < len(ports) else ports[0]
    return [("port", port)] if port else []
