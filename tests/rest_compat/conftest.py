"""All faces on a real database, beside each other: what one changes, the other shows."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from core.asgi import create_app
from core.services import Services
from tests.graphql_schema.conftest import installed, owner, services, stranger, watched

__all__ = ["installed", "owner", "services", "stranger", "watched"]


@pytest.fixture
async def client(services: Services) -> AsyncIterator[httpx.AsyncClient]:
    """A client of every face."""
    transport = httpx.ASGITransport(create_app(services))
    async with httpx.AsyncClient(transport=transport, base_url="http://tocsin.test") as opened:
        yield opened
