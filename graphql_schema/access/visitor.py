"""Whoever makes a request over HTTP, to whom a cookie can be given."""

from __future__ import annotations

from typing import Any

from litestar import Request

from core.access.sessions import Visit
from core.access.visits import Visits


class Visitor:
    """One request. `set_cookie` is the header that its answer is to carry, if any."""

    __slots__ = ("_request", "_visits", "set_cookie")

    def __init__(self, request: Request[Any, Any, Any], visits: Visits) -> None:
        self._request = request
        self._visits = visits
        self.set_cookie: str | None = None

    @property
    def visit(self) -> Visit:
        """Where the request comes from."""
        headers, peer = self._request.headers, self._request.scope.get("client")
        return self._visits.visit(
            headers,
            peer=None if peer is None else peer[0],
            forwarded_for=",".join(headers.getall("x-forwarded-for", [])),
        )

    def keep(self, secret: str) -> None:
        """Give the visitor the cookie of a session."""
        self.set_cookie = self._visits.cookie.holding(secret)

    def forget(self) -> None:
        """Take the cookie back."""
        self.set_cookie = self._visits.cookie.cleared()
