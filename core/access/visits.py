"""What a request says of where it comes from: its address, its browser, its session."""

from __future__ import annotations

from collections.abc import Mapping

from core.access.session_cookie import SessionCookie
from core.access.sessions import Visit
from core.client_address import client_address, trusted_proxies
from core.cross_origin import CrossOrigin, origins_of
from core.errors import Forbidden
from core.settings import Settings


class Visits:
    """Reads headers, whose names are in lower case, as the settings say."""

    def __init__(self, settings: Settings) -> None:
        self.cross_origin = CrossOrigin(origins=origins_of(settings.cors_origins))
        self.cookie = SessionCookie(
            name=settings.session_cookie,
            public_url=settings.public_url or "",
            trusted_origins=self.cross_origin.origins,
        )
        self._trusted = trusted_proxies(settings.trusted_proxies)

    def session_secret(self, headers: Mapping[str, str]) -> str | None:
        """Return the secret of the cookie, if there is one; raise Forbidden where another site's page sent it."""
        secret = self.cookie.secret_in(headers)
        if secret is not None and not self.cookie.counts_in(headers):
            raise Forbidden("the session counts only on requests of this server's own pages")
        return secret

    def visit(self, headers: Mapping[str, str], *, peer: str | None, forwarded_for: str) -> Visit:
        """Return where a request comes from.

        `peer` is the address of whoever opened the connection, `forwarded_for` every X-Forwarded-For, joined by commas.
        """
        return Visit(
            address=client_address(peer, forwarded_for, self._trusted),
            user_agent=headers.get("user-agent"),
            session_secret=self.cookie.secret_in(headers),
        )
