"""The OpenAPI documents beside the running server: whatever is asked, it does what they say.

Requests are made from the documents by schemathesis, as they ought to be and as they ought not, of things that there
are and of others. No answer is a fault, each status is documented, and each body is of its schema.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from core.access.grants import ALL_GRANTS
from core.access.principal import Role
from rest_compat.dialect import JSON, Dialect
from rest_compat.openapi import openapi_document
from rest_compat.path_table import PathTable
from rest_compat.plugin import DIALECTS
from rest_compat.route import Route
from tests.graphql_schema.conftest import Tenant
from tests.graphql_schema.personas import Persona, Place, made
from tests.graphql_schema.samples import World
from tests.rest_compat.test_rights import REQUESTS

MOST_EXAMPLES = 24

every_dialect = pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)


@pytest.fixture
async def world(owner: Tenant) -> World:
    return World(tenant=owner, project_id=await owner.add_project())


@pytest.mark.schemathesis
@every_dialect
def test_a_document_is_one_of_openapi(dialect: Dialect) -> None:
    import schemathesis  # noqa: PLC0415  (the suite is skipped where it is absent)

    schemathesis.openapi.from_dict(openapi_document(dialect, server="https://tocsin.example.org")).validate()


@pytest.mark.schemathesis
@every_dialect
async def test_whatever_is_asked_the_server_does_what_its_document_says(
    address: str, world: World, dialect: Dialect
) -> None:
    async with httpx.AsyncClient(base_url=address) as client:
        document = (await client.get(f"/docs/{dialect.name}/openapi.json")).json()

    for route in dialect.routes:
        operation = Operation(document=document, route=route, address=address)
        for hold in (operation.grant, operation.hold):
            world.asker = await _asker(world.tenant, route)
            sample = await _sample(world, route)
            await asyncio.to_thread(hold, sample, world.asker.headers)


@dataclass(frozen=True, kw_only=True)
class Sample:
    """What is asked of a route that grants it: the parameters of its path, and a body, if it takes one."""

    parameters: Mapping[str, str]
    body: Any


async def _sample(world: World, route: Route) -> Sample:
    """Return a sample about one more of the things that there are."""
    path, body = await REQUESTS[route.template](world)
    found = PathTable([route.path]).find(urlsplit(path).path)
    assert found is not None
    return Sample(parameters=found.parameters, body=body)


async def _asker(owner: Tenant, route: Route) -> Persona:
    """Return an owner, each time another one: some routes end a session, or take the asker out."""
    grants = None if route.is_of_session else ALL_GRANTS
    (asker,) = await made(owner, [Place(role=Role.OWNER, grants=grants)])
    return asker


@dataclass(kw_only=True)
class Operation:
    """A route as its document has it, and where the server is."""

    document: dict[str, Any]
    route: Route
    address: str

    @cached_property
    def described(self) -> Any:
        import schemathesis  # noqa: PLC0415

        return schemathesis.openapi.from_dict(self.document)[self.route.path][self.route.method]

    def grant(self, sample: Sample, headers: Mapping[str, str]) -> None:
        """Ask for what is granted; raise what differs from the document."""
        case = self.described.Case(path_parameters=dict(sample.parameters))
        if sample.body is not None:
            case.body, case.media_type = sample.body, JSON
        assert self._call(case, headers).status_code == self.route.status

    def hold(self, sample: Sample, headers: Mapping[str, str]) -> None:
        """Ask in all ways, of the sample's things and of others; raise what differs from the document."""
        from schemathesis import GenerationMode  # noqa: PLC0415

        modes = [self.described.as_strategy(generation_mode=mode) for mode in GenerationMode]

        @settings(
            max_examples=MOST_EXAMPLES,
            deadline=None,
            derandomize=True,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=st.one_of(modes), is_known=st.booleans())
        def ask(case: Any, is_known: bool) -> None:
            if is_known:
                case.path_parameters.update(sample.parameters)
            self._call(case, headers)

        ask()

    def _call(self, case: Any, headers: Mapping[str, str]) -> Any:
        from schemathesis import checks  # noqa: PLC0415
        from schemathesis.specs.openapi import checks as of_openapi  # noqa: PLC0415

        held = [
            checks.not_a_server_error,
            of_openapi.status_code_conformance,
            of_openapi.content_type_conformance,
            of_openapi.response_schema_conformance,
        ]
        return case.call_and_validate(base_url=self.address, headers=dict(headers), checks=held)
