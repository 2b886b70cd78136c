"""The OpenAPI documents beside the running server: whatever is asked, it does what they say.

Requests are made from the documents by schemathesis, as they ought to be and as they ought not, of things that there
are and of others. No answer is a fault, each status is documented, and each body is of its schema.
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from core.access.principal import Role
from rest_compat.dialect import Dialect
from rest_compat.plugin import DIALECTS
from tests.graphql_schema.conftest import Tenant
from tests.graphql_schema.personas import signed_in
from tests.graphql_schema.samples import World

MOST_EXAMPLES = 12

# What the parameters of paths name, in the words of every dialect, and how one more of it is made.
THINGS: Mapping[str, Callable[[World], Awaitable[str]]] = {
    "channelId": World.channel,
    "webhookId": World.webhook,
    "memberId": World.member,
    "monitorId": World.monitor,
    "incidentId": World.incident,
    "token_id": World.token,
}


@pytest.fixture
async def world(owner: Tenant) -> World:
    return World(tenant=owner, project_id=await owner.add_project())


@pytest.mark.schemathesis
@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
async def test_whatever_is_asked_the_server_does_what_its_document_says(
    address: str, world: World, dialect: Dialect
) -> None:
    async with httpx.AsyncClient(base_url=address) as client:
        document = (await client.get(f"/docs/{dialect.name}/openapi.json")).json()

    for route in dialect.routes:
        known = {name: await THINGS[name](world) for name in THINGS if f"{{{name}}}" in route.path}
        headers = await _credentials(world.tenant, dialect, is_of_session=route.is_of_session)
        hold = functools.partial(_hold_to, document, route.method, route.path, known, headers, address)
        await asyncio.to_thread(hold)


async def _credentials(owner: Tenant, dialect: Dialect, *, is_of_session: bool) -> dict[str, str]:
    """Return an owner's, with another session for each route: some of them end it."""
    if is_of_session:
        return dict((await signed_in(owner, Role.OWNER)).headers)
    header = "X-API-Key" if dialect.name == "statusapp" else "Authorization"
    return {header: owner.secret if header == "X-API-Key" else f"Bearer {owner.secret}"}


def _hold_to(
    document: dict[str, Any],
    method: str,
    path: str,
    known: Mapping[str, str],
    headers: Mapping[str, str],
    address: str,
) -> None:
    """Ask for one operation in all ways; raise what differs from the document."""
    import schemathesis  # noqa: PLC0415  (the suite is skipped where it is absent)
    from schemathesis import checks  # noqa: PLC0415
    from schemathesis.specs.openapi import checks as of_openapi  # noqa: PLC0415

    operation = schemathesis.openapi.from_dict(document)[path][method]
    modes = [operation.as_strategy(generation_mode=mode) for mode in schemathesis.GenerationMode]
    held = [
        checks.not_a_server_error,
        of_openapi.status_code_conformance,
        of_openapi.content_type_conformance,
        of_openapi.response_schema_conformance,
    ]

    @settings(
        max_examples=MOST_EXAMPLES * len(modes),
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=st.one_of(modes), is_known=st.booleans())
    def ask(case: schemathesis.Case, is_known: bool) -> None:
        if is_known:
            case.path_parameters.update(known)
        case.call_and_validate(base_url=address, headers=dict(headers), checks=held)

    ask()
