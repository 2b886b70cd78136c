"""The routes of the documentation: each dialect's OpenAPI document, and a page to read it on."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import msgspec
from litestar import Response, get

from core.services import Services
from rest_compat.dialect import Dialect
from rest_compat.openapi import openapi_document
from rest_compat.openapi_page import openapi_page

# The page has no script, and nothing from elsewhere.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"


def documentation(dialects: Sequence[Dialect], services: Services) -> list[Any]:
    """Return the handlers of /docs/{dialect} and of the document below it."""
    return [handler for dialect in dialects for handler in _of(dialect, services)]


def _of(dialect: Dialect, services: Services) -> list[Any]:
    page_path = f"/docs/{dialect.name}"
    document_path = f"{page_path}/openapi.json"

    @functools.cache
    def document() -> dict[str, Any]:
        return openapi_document(dialect, server=services.settings.public_url or "")

    @get(document_path, include_in_schema=False, name=f"{dialect.name}:openapi")
    async def openapi() -> Response[bytes]:
        return Response(msgspec.json.encode(document()), media_type="application/json")

    @get(page_path, include_in_schema=False, name=f"{dialect.name}:docs")
    async def page() -> Response[str]:
        return Response(
            openapi_page(document(), document_path=document_path),
            media_type="text/html",
            headers={"Content-Security-Policy": _POLICY},
        )

    return [openapi, page]
