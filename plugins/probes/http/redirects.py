"""Where a redirect leads, and what is sent there."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote

import httpx

from plugins.api.outbound import ProtocolFailed
from plugins.api.outcome import Timings
from plugins.api.web_address import require_web_address
from plugins.probes.http.query_key import QueryKey

_FOLLOWED = frozenset({301, 302, 303, 307, 308})
_BECOMES_GET = frozenset({301, 302})
_SEE_OTHER = 303
_DEFAULT_PORTS = {"http": 80, "https": 443}

# A stranger gets what every browser would send, and none of the headers that may be a secret.
HARMLESS = frozenset(
    {"accept", "accept-encoding", "accept-language", "cache-control", "pragma", "user-agent"}
)
ABOUT_CONTENT = frozenset({"content-length", "content-type", "content-encoding", "content-language"})


# Longer ones than any browser sends cost whoever reads them more than they are worth.
LONGEST_LOCATION = 8_192
_LONGEST_PLACE = 512
_NO_PLACES = ("//", "http://", "https://")
_REFERENCE = re.compile(r"((?:[A-Za-z][A-Za-z0-9+.-]*:)?(?://[^/?#\\]*)?)(.*)", re.DOTALL)
_HARMLESS_IN_A_PATH = "!#$%&'()*+,/:;=?@[]~\\"


@dataclass(frozen=True, kw_only=True, slots=True)
class Hop:
    """A redirect that was followed: what is kept of its answer, which may have been large."""

    url: str
    status: int
    location: str
    timings: Timings


def hop_of(response: httpx.Response) -> Hop:
    """Return what is kept of a redirect."""
    return Hop(
        url=str(response.request.url),
        status=response.status_code,
        location=response.headers["location"][:LONGEST_LOCATION],
        timings=timings_of(response),
    )


def timings_of(response: httpx.Response) -> Timings:
    """Return the phases that the transport measured."""
    timings = response.extensions["timings"]
    if not isinstance(timings, Timings):
        raise TypeError("the transport must measure its phases")
    return timings


def is_redirect(response: httpx.Response) -> bool:
    """Say whether the response sends the caller elsewhere."""
    return response.status_code in _FOLLOWED and "location" in response.headers


def redirected(
    request: httpx.Request, response: httpx.Response, query_key: QueryKey | None = None
) -> httpx.Request:
    """Return the request that follows the redirect.

    `query_key` goes along, as secret headers do, while the site stays the same, and is taken out elsewhere.
    Raises ProtocolFailed, which says why, where it leads to no web address.
    """
    url = _location(request, response)
    if query_key is not None:
        is_carried = _is_same_site(request.url, url) and query_key.is_in(request.url)
        url = query_key.put_in(url) if is_carried else query_key.taken_from(url)
    method = _method(request.method, response.status_code)
    keeps_content = method == request.method
    headers = [
        (name, value)
        for name, value in request.headers.raw
        if _is_kept(name.decode("ascii").lower(), request.url, url, keeps_content=keeps_content)
    ]
    return httpx.Request(method, url, headers=headers, content=request.content if keeps_content else None)


def _location(request: httpx.Request, response: httpx.Response) -> httpx.URL:
    location = response.headers["location"]
    if len(location) > LONGEST_LOCATION:
        raise ProtocolFailed(f"redirected to an address of more than {LONGEST_LOCATION} characters")
    try:
        url = request.url.join(_quoted(location))
        require_web_address(str(url))
    except ExceptionGroup as faults:
        causes = " and ".join(str(each) for each in faults.exceptions)
        raise ProtocolFailed(f"redirected to an address that {causes}") from faults
    except (httpx.InvalidURL, ValueError) as error:
        raise ProtocolFailed("redirected to what is not an address") from error
    # RFC 9110: a redirect without a fragment keeps the one there was; neither is ever sent.
    return url.copy_with(fragment=None)


def _quoted(location: str) -> str:
    """Encode what no address may hold, a hundred times faster than httpx does."""
    place, rest = _REFERENCE.fullmatch(location.strip()).groups()  # type: ignore[union-attr]
    if len(place) > _LONGEST_PLACE or place.lower() in _NO_PLACES:
        raise ValueError("the host is too long, or missing")
    return str(place + quote(rest, safe=_HARMLESS_IN_A_PATH))


def _method(method: str, status: int) -> str:
    if status == _SEE_OTHER and method != "HEAD":
        return "GET"
    return "GET" if status in _BECOMES_GET and method == "POST" else method


def _is_kept(name: str, old: httpx.URL, new: httpx.URL, *, keeps_content: bool) -> bool:
    if name in ABOUT_CONTENT:
        return keeps_content and name != "content-length"
    if name == "connection" or name in HARMLESS:
        return True
    # A Host header names the server that was asked, which is another one now.
    return name != "host" and _is_same_site(old, new)


def _is_same_site(old: httpx.URL, new: httpx.URL) -> bool:
    """Say whether both are of one origin, or the new one is the same host by TLS."""
    ports = old.port or _DEFAULT_PORTS[old.scheme], new.port or _DEFAULT_PORTS[new.scheme]
    if old.host != new.host:
        return False
    return (old.scheme == new.scheme and ports[0] == ports[1]) or (
        (old.scheme, new.scheme) == ("http", "https") and ports == (80, 443)
    )
