"""What is asked whether there is a network at all, as the operator writes it."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

NOBODY = "none"
# Of different operators, reached by address, so that no resolver is needed; the last for a network of IPv6 only.
WELL_KNOWN = "1.1.1.1:443,8.8.8.8:443,9.9.9.9:443,[2606:4700:4700::1111]:443"
_WEB = frozenset({"http", "https"})


@dataclass(frozen=True, kw_only=True, slots=True)
class CanaryTarget:
    """A port that takes connections, or a page that answers where `url` is given."""

    host: str
    port: int
    url: str | None = None


def canary_targets(text: str) -> tuple[CanaryTarget, ...]:
    """Return the targets of a list such as `1.1.1.1:443,https://example.org/`; `none` is none at all.

    Raises ValueError saying which of them is none.
    """
    if text.strip() == NOBODY:
        return ()
    return tuple(_target(word.strip()) for word in text.split(","))


def _target(word: str) -> CanaryTarget:
    is_url = "://" in word
    parts = urlsplit(word if is_url else f"//{word}")
    try:
        host, port = parts.hostname, parts.port
    except ValueError:
        host = port = None
    if is_url and parts.scheme in _WEB and host:
        return CanaryTarget(host=host, port=port or (443 if parts.scheme == "https" else 80), url=word)
    if is_url or not host or not port or parts.path or parts.username is not None:
        raise ValueError(f"{word!r} is neither host:port nor an http address")
    return CanaryTarget(host=host, port=port)
