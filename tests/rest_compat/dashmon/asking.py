"""Requests to Dashmon's routes, as a token or a session sends them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx

from core.access.plans import Plan
from tests.graphql_schema.conftest import Tenant
from tests.graphql_schema.personas import Persona


async def ask(
    tenant: Tenant, method: str, path: str, body: Any = None, *, headers: Mapping[str, str] | None = None
) -> httpx.Response:
    """Send a request with the tenant's token, or with the headers that are given."""
    sent = {"Authorization": f"Bearer {tenant.secret}"} if headers is None else dict(headers)
    return await tenant.client.request(method, path, json=body, headers=sent)


async def told(
    tenant: Tenant, method: str, path: str, body: Any = None, *, by: Persona | None = None, status: int = 200
) -> Any:
    """Send a request that is granted, and return what is answered."""
    answer = await ask(tenant, method, path, body, headers=None if by is None else by.headers)
    assert answer.status_code == status, answer.text
    return answer.json()


async def refusal(
    tenant: Tenant, method: str, path: str, body: Any = None, *, by: Persona | None = None
) -> tuple[int, str]:
    """Send a request that is refused, and return status and code; nothing of ours is told."""
    answer = await ask(tenant, method, path, body, headers=None if by is None else by.headers)
    told_of = answer.json()
    assert set(told_of) <= {"error", "message", "issues"}
    assert "Traceback" not in answer.text
    return answer.status_code, told_of["error"]


async def book(tenant: Tenant, plan: Plan) -> None:
    """Give the workspace another plan; who asked already is known with the old one for some seconds."""
    await tenant.fetch("UPDATE workspaces SET plan = $2 WHERE id = $1", tenant.workspace_id, plan.value)
