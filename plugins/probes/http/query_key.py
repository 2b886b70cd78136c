"""A key in the query of an address: put there, and taken away where it leads elsewhere."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import quote, unquote_plus

import httpx


@dataclass(frozen=True, kw_only=True, slots=True)
class QueryKey:
    """A secret parameter of addresses."""

    name: str
    value: str = field(repr=False)

    @property
    def pair(self) -> str:
        """The parameter as it stands in a query."""
        return f"{quote(self.name, safe='')}={quote(self.value, safe='')}"

    def is_in(self, url: httpx.URL) -> bool:
        """Say whether the address holds the key."""
        return self.pair in _pairs(url)

    def put_in(self, url: httpx.URL) -> httpx.URL:
        """Return the address with the key, at the end of its query unless it is there already."""
        return url if self.is_in(url) else _with_pairs(url, [*_pairs(url), self.pair])

    def taken_from(self, url: httpx.URL) -> httpx.URL:
        """Return the address without any parameter whose value is the key."""
        pairs = _pairs(url)
        left = [pair for pair in pairs if unquote_plus(pair.partition("=")[2]) != self.value]
        return url if len(left) == len(pairs) else _with_pairs(url, left)


def has_parameter(url: str, name: str) -> bool:
    """Say whether the query of an address has a parameter of that name."""
    return any(unquote_plus(pair.partition("=")[0]) == name for pair in _pairs(httpx.URL(url)))


def _pairs(url: httpx.URL) -> list[str]:
    query = url.query.decode("ascii")
    return query.split("&") if query else []


def _with_pairs(url: httpx.URL, pairs: list[str]) -> httpx.URL:
    return url.copy_with(query="&".join(pairs).encode("ascii") if pairs else None)
