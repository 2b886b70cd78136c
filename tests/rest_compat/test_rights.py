"""Every REST route, asked by everybody: it is open to those to whom its right opens it, and to nobody else."""

from __future__ import annotations

from typing import Any

import pytest

from core.access.rights import is_allowed
from rest_compat.dialect import Dialect
from rest_compat.plugin import DIALECTS
from rest_compat.route import Route
from tests.graphql_schema.personas import NOBODY, Persona, people_of, tokens_of
from tests.graphql_schema.samples import MARK, World
from tests.rest_compat.dashmon.samples import REQUESTS as OF_DASHMON
from tests.rest_compat.onlineornot.samples import REQUESTS as OF_ONLINEORNOT
from tests.rest_compat.statusapp.samples import REQUESTS as OF_STATUSAPP

REQUESTS = {**OF_DASHMON, **OF_ONLINEORNOT, **OF_STATUSAPP}


@pytest.fixture
async def world(owner) -> World:
    return World(tenant=owner, project_id=await owner.add_project(MARK))


def test_there_is_a_request_for_each_route() -> None:
    assert set(REQUESTS) == {route.template for dialect in DIALECTS for route in dialect.routes}


@pytest.mark.parametrize(
    ("dialect", "route"),
    [(dialect, route) for dialect in DIALECTS for route in dialect.routes],
    ids=lambda each: each.template if isinstance(each, Route) else each.name,
)
async def test_a_route_is_open_to_those_who_may_and_refused_without_a_trace_to_all_others(
    world, contents, dialect: Dialect, route: Route
) -> None:
    askers = await _askers(world, dialect, route)
    make_request = REQUESTS[route.template]
    path, body = await make_request(world)
    before = await contents()
    refused = [each for each in askers if not is_allowed(route.right, each.principal)]
    for persona in refused:
        answer = await _send(world, persona, route, path, body)
        assert answer.status_code == (401 if persona is NOBODY else 403), (persona.name, answer.text)
        assert MARK not in answer.text
    assert await contents() == before

    for persona in (each for each in askers if is_allowed(route.right, each.principal)):
        world.asker = persona
        path, body = await make_request(world)
        answer = await _send(world, persona, route, path, body)
        assert answer.status_code == route.status, (persona.name, answer.text)


async def _askers(world: World, dialect: Dialect, route: Route) -> list[Persona]:
    """Return nobody, tokens and, where the dialect takes them, people; each known already, so that to ask stores nothing."""
    tokens = [] if route.is_of_session else await tokens_of(world.tenant)
    people = await people_of(world.tenant, world.project_id) if dialect.session_security else []
    for persona in [*tokens, *people]:
        assert (await persona.ask(world.tenant, "{ viewer { role } }")).data
    return [NOBODY, *tokens, *people]


async def _send(world: World, persona: Persona, route: Route, path: str, body: Any) -> Any:
    return await world.tenant.client.request(route.method, path, json=body, headers=dict(persona.headers))
