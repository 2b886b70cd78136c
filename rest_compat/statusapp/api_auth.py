"""StatusApp's `apiAuthConfig`, and the authentication of an http probe behind it."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, Final

import msgspec

from core.issues import Issues
from plugins.api.config import Config, Meta, Secret
from rest_compat.renaming import Names
from rest_compat.statusapp.monitor_types import HTTP

FIELD: Final = "apiAuthConfig"
_AUTH: Final = ("probe", HTTP, "auth")


class AuthType(enum.StrEnum):
    """The types of the page."""

    NONE = "none"
    BEARER = "bearer"
    BASIC = "basic"
    API_KEY = "api_key"
    OAUTH2 = "oauth2"
    JWT = "jwt"


class ApiKeyLocation(enum.StrEnum):
    """Where a key stands in the request."""

    HEADER = "header"
    QUERY = "query"


class ApiAuthConfig(Config):
    """On whose behalf requests come. A secret that is left out of an update stays, while the type does."""

    type: Annotated[AuthType, Meta(description="Which of the fields below count")]
    token: Annotated[Secret, Meta(description="Of bearer")] | None = None
    username: Annotated[str, Meta(description="Of basic, and of oauth2 with the grant password")] | None = (
        None
    )
    password: (
        Annotated[Secret, Meta(description="Of basic, and of oauth2 with the grant password")] | None
    ) = None
    api_key: Annotated[Secret, Meta(description="Of api_key")] | None = None
    api_key_header: Annotated[str, Meta(description="Of api_key: the header's name")] | None = None
    api_key_name: Annotated[str, Meta(description="Of api_key: the parameter's name")] | None = None
    api_key_location: Annotated[ApiKeyLocation, Meta(description="Of api_key, by default header")] | None = (
        None
    )
    oauth2_token_url: Annotated[str, Meta(description="Of oauth2")] | None = None
    oauth2_client_id: Annotated[str, Meta(description="Of oauth2")] | None = None
    oauth2_client_secret: Annotated[Secret, Meta(description="Of oauth2")] | None = None
    oauth2_scope: Annotated[str, Meta(description="Of oauth2")] | None = None
    oauth2_grant_type: Annotated[str, Meta(description="Of oauth2, by default client_credentials")] | None = (
        None
    )
    jwt_token: Annotated[Secret, Meta(description="Of jwt")] | None = None
    jwt_header: Annotated[str, Meta(description="Of jwt, by default Authorization")] | None = None
    jwt_prefix: Annotated[str, Meta(description="Of jwt, by default Bearer")] | None = None


class ShownAuth(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """The same without its secrets."""

    type: str
    username: str | None = None
    api_key_header: str | None = None
    api_key_name: str | None = None
    api_key_location: str | None = None
    oauth2_token_url: str | None = None
    oauth2_client_id: str | None = None
    oauth2_scope: str | None = None
    oauth2_grant_type: str | None = None
    jwt_header: str | None = None
    jwt_prefix: str | None = None


# The probe's way to authenticate, and its names for the dialect's fields.
_WAYS: Mapping[AuthType, tuple[str, Mapping[str, str]]] = MappingProxyType(
    {
        AuthType.BEARER: ("bearer", {"token": "token"}),
        AuthType.BASIC: ("basic", {"username": "username", "password": "password"}),
        AuthType.API_KEY: (
            "apiKey",
            {
                "apiKey": "key",
                "apiKeyHeader": "name",
                "apiKeyName": "name",
                "apiKeyLocation": "location",
            },
        ),
        AuthType.OAUTH2: (
            "oauth2",
            {
                "oauth2TokenUrl": "tokenUrl",
                "oauth2ClientId": "clientId",
                "oauth2ClientSecret": "clientSecret",
                "oauth2Scope": "scope",
                "oauth2GrantType": "grantType",
                "username": "username",
                "password": "password",
            },
        ),
        AuthType.JWT: ("jwt", {"jwtToken": "token", "jwtHeader": "header", "jwtPrefix": "prefix"}),
    }
)


def _names() -> Names:
    """Return where the dialect has what services may have against the authentication."""
    found: dict[tuple[str, ...], tuple[str, ...]] = {_AUTH: (FIELD,)}
    for way, fields in _WAYS.values():
        found[*_AUTH, way] = (FIELD,)
        for given, name in reversed(list(fields.items())):
            found[*_AUTH, way, name] = (FIELD, given)
    return MappingProxyType(found)


AUTH_NAMES: Names = _names()


def auth_of(given: Mapping[str, Any] | None, issues: Issues) -> dict[str, Any] | None:
    """Return the probe's authentication, None for none; note fields of other types.

    `given` is what an ApiAuthConfig was parsed from.
    """
    auth_type = AuthType.NONE if given is None else AuthType(given["type"])
    said = {name: value for name, value in (given or {}).items() if name != "type" and value is not None}
    way, fields = _WAYS.get(auth_type, ("", {}))
    for name in said.keys() - fields.keys():
        issues.refuse((FIELD, name), "foreign_field", f"does not belong to the type {auth_type}")
    if {"apiKeyHeader", "apiKeyName"} <= said.keys():
        issues.refuse((FIELD, "apiKeyName"), "conflict", "must not be given beside apiKeyHeader")
    if auth_type is AuthType.NONE:
        return None
    config = {fields[name]: value for name, value in said.items() if name in fields}
    if "location" in config:
        config["location"] = config["location"].upper()
    return {way: config}


def shown_auth(stored: Mapping[str, Any] | None) -> ShownAuth | None:
    """Return the authentication of a stored configuration without its secrets; None for none."""
    for auth_type, (way, fields) in _WAYS.items():
        config = (stored or {}).get(way)
        if config is not None:
            return _shown(auth_type, config, fields)
    return None


def _shown(auth_type: AuthType, config: Mapping[str, Any], fields: Mapping[str, str]) -> ShownAuth:
    told = {name: config.get(fields[name]) for name in _TOLD if name in fields}
    if auth_type is AuthType.API_KEY:
        location = ApiKeyLocation(config["location"].lower())
        told["apiKeyLocation"] = location.value
        del told["apiKeyName" if location is ApiKeyLocation.HEADER else "apiKeyHeader"]
    return msgspec.convert({"type": auth_type.value, **told}, ShownAuth)


_TOLD = tuple(field.encode_name for field in msgspec.structs.fields(ShownAuth) if field.name != "type")
