"""The credentials that the dialects share: what is sent, and how their documents tell it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from core.access.principal import Principal
from core.access.token_secret import AUTHORIZATION_FAULT, bearer_secret
from core.errors import Unauthenticated
from core.services import Services

# OpenAPI security schemes.
BEARER: Final[Mapping[str, str]] = MappingProxyType({"type": "http", "scheme": "bearer"})


def key_in_header(name: str) -> Mapping[str, str]:
    """Return the scheme of a key in a header of its own."""
    return MappingProxyType({"type": "apiKey", "in": "header", "name": name})


def cookie(name: str) -> Mapping[str, str]:
    """Return the scheme of a cookie."""
    return MappingProxyType({"type": "apiKey", "in": "cookie", "name": name})


async def bearer_principal(services: Services, headers: Mapping[str, str]) -> Principal:
    """Return whom the token in Authorization speaks for; raise Unauthenticated."""
    secret = bearer_secret(headers.get("authorization", ""))
    if not secret:
        raise Unauthenticated(AUTHORIZATION_FAULT)
    return await services.authentication.authenticate(secret)
