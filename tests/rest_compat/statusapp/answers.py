"""Requests as StatusApp's page has them, and what their answers say."""

from __future__ import annotations

from typing import Any

import httpx

from tests.graphql_schema.conftest import Tenant


async def ask(
    tenant: Tenant, method: str, path: str, *, secret: str | None = None, **more: Any
) -> httpx.Response:
    """Send a request below /api/v1 with the key in the header that the page recommends."""
    headers = {"X-API-Key": secret or tenant.secret, **more.pop("headers", {})}
    return await tenant.client.request(method, f"/api/v1{path}", headers=headers, **more)


async def told(tenant: Tenant, method: str, path: str, *, status: int = 200, **more: Any) -> Any:
    """Return the body of an answer of that status."""
    answer = await ask(tenant, method, path, **more)
    assert answer.status_code == status, answer.text
    return answer.json()


def places(answer: httpx.Response) -> list[str]:
    """Return where a refused body is wrong, as dotted paths in their order."""
    assert answer.status_code == 400, answer.text
    issues = answer.json()["error"]
    assert isinstance(issues, list), answer.text
    assert all(issue["code"] and issue["message"] for issue in issues)
    return sorted(".".join(map(str, [*issue["path"], *issue.get("keys", ())])) for issue in issues)
