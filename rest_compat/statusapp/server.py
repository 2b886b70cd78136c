"""StatusApp's routes about the server itself."""

from __future__ import annotations

from http import HTTPMethod
from importlib import metadata

import msgspec

from core.access.rights import Asker, Right
from rest_compat.route import Call, Route


class Version(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Which release answers, and in which version of the API."""

    version: str
    api_version: str = "v1"


async def _version(_call: Call) -> Version:
    return Version(version=metadata.version("tocsin"))


ROUTES = (
    Route(
        method=HTTPMethod.GET,
        path="/api/v1/server/version",
        name="serverVersion",
        summary="Get the version",
        right=Right(asker=Asker.ANYBODY),
        answer=_version,
        result=Version,
        example={"version": "0.1.0", "apiVersion": "v1"},
    ),
)
