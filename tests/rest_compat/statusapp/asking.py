"""Asks StatusApp's routes as the page's programs do."""

from __future__ import annotations

from typing import Any

import httpx

from tests.graphql_schema.conftest import Tenant


async def ask(
    tenant: Tenant, method: str, path: str, *, secret: str | None = None, **more: Any
) -> httpx.Response:
    """Send a request with the key in its header."""
    headers = {"X-API-Key": secret or tenant.secret, **more.pop("headers", {})}
    return await tenant.client.request(method, f"/api/v1{path}", headers=headers, **more)


async def told(tenant: Tenant, method: str, path: str, status: int = 200, **more: Any) -> Any:
    """Return the JSON of an answer with that status."""
    response = await ask(tenant, method, path, **more)
    assert response.status_code == status, response.text
    return response.json()


def field_errors(response: httpx.Response) -> list[tuple[str, list[str | int]]]:
    """Return code and path of each thing that is wrong with the fields."""
    assert response.status_code == 400, response.text
    body = response.json()
    assert list(body) == ["error"], body
    return [(each["code"], each["path"]) for each in body["error"]]


async def become_known(tenant: Tenant) -> None:
    """Ask once, so that to ask again stores nothing."""
    await told(tenant, "GET", "/worker-regions")
