"""Which pages of other sites a browser lets read answers: the CORS protocol of the Fetch standard.

https://fetch.spec.whatwg.org/#http-cors-protocol
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

_METHODS = "GET, POST"
_ASKED_HEADERS = "Authorization, Content-Type, Accept, X-API-Key, X-Request-Id"
_TOLD_HEADERS = "X-Request-Id, X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset, Retry-After"
# The longest that Chromium keeps one; others keep it for less by themselves.
_KEPT_SECONDS = "7200"


def origins_of(text: str) -> frozenset[str]:
    """Return the origins of a list such as `https://app.example.org, http://localhost:3000`.

    Raises ValueError for one that is not written as browsers send it: scheme, host and a port that is not the scheme's.
    """
    return frozenset(_origin(part.strip()) for part in text.split(",") if part.strip())


def _origin(text: str) -> str:
    parts = urlsplit(text)
    is_bare = not (parts.path or parts.query or parts.fragment or parts.username or "@" in parts.netloc)
    if parts.scheme not in ("http", "https") or not parts.hostname or not is_bare:
        raise ValueError(f"{text} is no origin, such as https://app.example.org")
    if text != text.lower() or parts.port == {"http": 80, "https": 443}[parts.scheme]:
        raise ValueError(f"{text} is not how browsers write it: in lower case, without the scheme's own port")
    return text


@dataclass(frozen=True, kw_only=True, slots=True)
class CrossOrigin:
    """Pages of these origins may read answers, and send the session's cookie; all others may do neither."""

    origins: frozenset[str]

    def answer_headers(self, request_headers: Mapping[str, str]) -> dict[str, str]:
        """Return what an answer says; the names of the request's headers are in lower case."""
        if not self.origins:
            return {}
        origin = request_headers.get("origin")
        if origin not in self.origins or origin is None:
            return {"Vary": "Origin"}
        return {
            "Access-Control-Allow-Origin": origin,
            "Access-Control-Allow-Credentials": "true",
            "Access-Control-Expose-Headers": _TOLD_HEADERS,
            "Vary": "Origin",
        }

    def preflight_headers(self, request_headers: Mapping[str, str]) -> dict[str, str]:
        """Return what a browser is told that asks whether it may send something: nothing to those that may not."""
        headers = self.answer_headers(request_headers)
        if "Access-Control-Allow-Origin" not in headers:
            return headers
        return {
            **headers,
            "Access-Control-Allow-Methods": _METHODS,
            "Access-Control-Allow-Headers": _ASKED_HEADERS,
            "Access-Control-Max-Age": _KEPT_SECONDS,
        }
