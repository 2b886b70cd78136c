"""The cookie that holds a session's secret, and whose requests it counts on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from core.access.session_life import ABSOLUTE

# The user himself: typed, or from a bookmark.
_OWN_SITES = frozenset({"same-origin", "none"})
_DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, kw_only=True, slots=True)
class SessionCookie:
    """A cookie of one name, for the server at one address."""

    name: str
    public_url: str
    trusted_origins: frozenset[str] = frozenset()

    def secret_in(self, headers: Mapping[str, str]) -> str | None:
        """Return the secret among the headers, whose names are in lower case; None if there is none."""
        for pair in headers.get("cookie", "").split(";"):
            name, _, value = pair.partition("=")
            if name.strip() == self.name and value.strip():
                return value.strip()
        return None

    def holding(self, secret: str) -> str:
        """Return the Set-Cookie that makes a browser keep the secret."""
        return f"{self.name}={secret}; Max-Age={int(ABSOLUTE.total_seconds())}; {self._attributes}"

    def cleared(self) -> str:
        """Return the Set-Cookie that makes a browser forget it."""
        return f"{self.name}=; Max-Age=0; {self._attributes}"

    def counts_in(self, headers: Mapping[str, str]) -> bool:
        """Return whether a request comes from a page of this server or of an origin that may use it, or from no page.

        Browsers say where a page came from in Sec-Fetch-Site (Fetch Metadata) wherever they trust the connection, and in
        Origin (RFC 6454) with whatever can change something. Neither is sent by a program, which has no cookies of others.
        """
        if headers.get("origin") in self.trusted_origins:
            return True
        site = headers.get("sec-fetch-site")
        if site is not None:
            return site in _OWN_SITES
        origin = headers.get("origin")
        return origin is None or _is_own(origin, self.public_url, headers.get("host", ""))

    @property
    def _attributes(self) -> str:
        secure = "; Secure" if self.public_url.startswith("https:") else ""
        return f"Path=/; HttpOnly; SameSite=Lax{secure}"


def _is_own(origin: str, public_url: str, host: str) -> bool:
    """Return whether an origin is this server's, under its public name or the one by which it was reached."""
    scheme = urlsplit(public_url).scheme
    own = {_place(public_url), _place(f"{scheme}://{host}")}
    return _place(origin) in own - {None}


def _place(url: str) -> tuple[str, str, int | None] | None:
    """Return scheme, host and port; None for what has none, as the origin `null`."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    if not parts.hostname:
        return None
    return parts.scheme, parts.hostname, port or _DEFAULT_PORTS.get(parts.scheme)
