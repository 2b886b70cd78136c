"""What of its authentication a request carries, where that follows from the configuration alone."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass, field

from plugins.probes.http.auth import ApiKeyLocation, Auth, BasicAuth, JwtAuth
from plugins.probes.http.query_key import QueryKey

AUTHORIZATION = "Authorization"


@dataclass(frozen=True, kw_only=True, slots=True)
class Credentials:
    """A header, or a key in the query; neither where a token must be asked for first, or nothing is wanted."""

    header: tuple[str, str] | None = field(default=None, repr=False)
    query_key: QueryKey | None = None


def credentials_of(auth: Auth | None) -> Credentials:
    """Return what requests carry of the authentication."""
    match auth:
        case Auth(bearer=bearer) if bearer is not None:
            return Credentials(header=bearer_header(bearer.token))
        case Auth(basic=basic) if basic is not None:
            return Credentials(header=(AUTHORIZATION, f"Basic {_basic(basic)}"))
        case Auth(jwt=jwt) if jwt is not None:
            return Credentials(header=(jwt.header, _jwt(jwt)))
        case Auth(api_key=key) if key is not None and key.location is ApiKeyLocation.QUERY:
            return Credentials(query_key=QueryKey(name=key.name, value=key.key))
        case Auth(api_key=key) if key is not None:
            return Credentials(header=(key.name, key.key))
        case _:
            return Credentials()


def bearer_header(token: str) -> tuple[str, str]:
    """Return the header that carries a token (RFC 6750)."""
    return AUTHORIZATION, f"Bearer {token}"


def header_name(auth: Auth | None) -> str | None:
    """Return which header the authentication sets, if any."""
    if auth is not None and auth.oauth2 is not None:
        return AUTHORIZATION
    header = credentials_of(auth).header
    return None if header is None else header[0]


def _basic(auth: BasicAuth) -> str:
    return b64encode(f"{auth.username}:{auth.password}".encode()).decode("ascii")


def _jwt(auth: JwtAuth) -> str:
    return f"{auth.prefix} {auth.token}" if auth.prefix else auth.token
