"""Every REST route, asked by everybody: it is open to those to whom its right opens it, and to nobody else."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import pytest

from core.access.rights import is_allowed
from rest_compat.dialect import Dialect
from rest_compat.plugin import DIALECTS
from rest_compat.route import Route
from tests.graphql_schema.personas import NOBODY, Persona, tokens_of
from tests.graphql_schema.samples import MARK, World

Request = tuple[str, Any]


async def _a_token(world: World) -> Request:
    return f"/v1/tokens/{await world.token()}", None


def _fixed(path: str, body: Any = None) -> Callable[[World], Awaitable[Request]]:
    async def request(_world: World) -> Request:
        return path, body

    return request


REQUESTS: Mapping[str, Callable[[World], Awaitable[Request]]] = {
    "GET /v1/tokens/verify": _fixed("/v1/tokens/verify"),
    "GET /v1/tokens/permissions": _fixed("/v1/tokens/permissions"),
    "GET /v1/tokens": _fixed("/v1/tokens"),
    "POST /v1/tokens": _fixed(
        "/v1/tokens", {"name": "ci", "grants": [{"scope": "TOKENS", "permission": "READ"}]}
    ),
    "GET /v1/tokens/{token_id}": _a_token,
    "DELETE /v1/tokens/{token_id}": _a_token,
}


@pytest.fixture
async def world(owner) -> World:
    return World(tenant=owner, project_id=await owner.add_project(MARK))


@pytest.mark.parametrize(
    ("dialect", "route"),
    [(dialect, route) for dialect in DIALECTS for route in dialect.routes],
    ids=lambda each: each.template if isinstance(each, Route) else each.name,
)
async def test_a_route_is_open_to_those_who_may_and_refused_without_a_trace_to_all_others(
    world, contents, dialect: Dialect, route: Route
) -> None:
    askers = await tokens_of(world.tenant)
    for persona in askers:
        assert (await persona.ask(world.tenant, "{ viewer { role } }")).data
    request = REQUESTS[route.template]
    path, body = await request(world)
    before = await contents()
    refused = [NOBODY, *(each for each in askers if not is_allowed(route.right, each.principal))]
    for persona in refused:
        answer = await _send(world, persona, route, path, body)
        assert answer.status_code == (401 if persona is NOBODY else 403), (persona.name, answer.text)
        assert MARK not in answer.text
    assert await contents() == before

    for persona in (each for each in askers if is_allowed(route.right, each.principal)):
        path, body = await request(world)
        answer = await _send(world, persona, route, path, body)
        assert answer.status_code == route.status, (persona.name, answer.text)


async def _send(world: World, persona: Persona, route: Route, path: str, body: Any) -> Any:
    return await world.tenant.client.request(route.method, path, json=body, headers=dict(persona.headers))
