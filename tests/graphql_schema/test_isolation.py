"""Whatever takes an id answers another workspace's, a random and a malformed one alike, and changes nothing."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
from graphql import GraphQLInputField, GraphQLInputObjectType, GraphQLObjectType, get_named_type, is_list_type
from graphql.type import GraphQLArgument, get_nullable_type

from core.access.principal import Role
from core.ids import Prefix, encode_id, new_id
from tests.graphql_schema.conftest import Tenant, make_tenant
from tests.graphql_schema.personas import Persona, signed_in
from tests.graphql_schema.samples import MARK, SAMPLES, SCHEMA, World, mutation_document

MALFORMED = (
    "",
    " ",
    "mon",
    "mon_",
    "mon_zzzz",
    "mon_00000000000000000000000000",
    "prj_" + "z" * 26,
    "nonsense_01m81q4vb2ex285gqsh83acwyg",
    "MON_01M81Q4VB2EX285GQSH83ACWYG",
    "01a20355-5e00-7827-b177-f0ca8f84e8ce",
    "1",
    "mon_é",
    "x" * 5_000,
    "' OR 1=1 --",
)
OF_MUTATION = {
    "Project": Prefix.PROJECT,
    "Monitor": Prefix.MONITOR,
    "Heartbeat": Prefix.MONITOR,
    "Incident": Prefix.INCIDENT,
    "RootCause": Prefix.INCIDENT,
    "Channel": Prefix.CHANNEL,
    "Webhook": Prefix.WEBHOOK,
    "redeliver": Prefix.DELIVERY,
    "Session": Prefix.SESSION,
    "Token": Prefix.TOKEN,
    "Invitation": Prefix.INVITATION,
    "Member": Prefix.MEMBER,
}
OF_FIELD = {
    "projectId": Prefix.PROJECT,
    "projectIds": Prefix.PROJECT,
    "monitorId": Prefix.MONITOR,
    "monitorIds": Prefix.MONITOR,
    "dependsOn": Prefix.MONITOR,
    "channelId": Prefix.CHANNEL,
    "webhookId": Prefix.WEBHOOK,
    "incidentId": Prefix.INCIDENT,
    "workspaceId": Prefix.WORKSPACE,
}


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where an operation takes an id: the keys that lead to it below its arguments, and of what it is."""

    operation: str
    keys: tuple[str, ...]
    prefix: Prefix

    def __str__(self) -> str:
        return ".".join((self.operation, *self.keys))

    def put(self, arguments: dict[str, Any], public_id: str) -> dict[str, Any]:
        """Return the arguments with the id there; a list gets it as its only item."""
        value: Any = public_id
        for key in reversed(self.keys[1:]):
            value = [value] if key == "0" else {key: value}
        first = self.keys[0]
        if isinstance(value, dict):
            value = {**(arguments.get(first) or {}), **value}
        return {**arguments, first: value}


def places(
    operation: str, fields: Mapping[str, GraphQLArgument | GraphQLInputField], keys: tuple[str, ...] = ()
) -> Iterator[Place]:
    """Find every id below the arguments of an operation."""
    for name, each in fields.items():
        here = (*keys, name, *(("0",) if is_list_type(get_nullable_type(each.type)) else ()))
        kind = get_named_type(each.type)
        if isinstance(kind, GraphQLInputObjectType):
            if kind.name not in ("ProbeInput", "NotifierInput"):
                yield from places(operation, kind.fields, here)
        elif kind.name == "ID":
            prefix = OF_FIELD.get(name) or next(
                (each for word, each in OF_MUTATION.items() if word in operation), Prefix.MONITOR
            )
            yield Place(operation=operation, keys=here, prefix=prefix)


def places_of_mutations() -> list[Place]:
    found = []
    for name, each in SCHEMA.mutation_type.fields.items():  # type: ignore[union-attr]
        if "input" in each.args:
            kind = get_named_type(each.args["input"].type)
            assert isinstance(kind, GraphQLInputObjectType)
            found += places(name, kind.fields)
    return found


def places_of_queries() -> list[Place]:
    assert isinstance(SCHEMA.query_type, GraphQLObjectType)
    return [place for name, each in SCHEMA.query_type.fields.items() for place in places(name, each.args)]


@dataclass(kw_only=True)
class Workspaces:
    """Ours, with somebody who may do everything there, and another, of which he knows the ids."""

    ours: World
    theirs: World
    asker: Persona

    async def ids(self, prefix: Prefix) -> list[str]:
        """Return an id of theirs, random ones of the same sort, and what is no id."""
        random = [encode_id(prefix, new_id(self.ours.tenant.now)) for _ in range(2)]
        return [await self._theirs(prefix), *random, encode_id(prefix, UUID(int=0)), *MALFORMED]

    async def _theirs(self, prefix: Prefix) -> str:
        make = {
            Prefix.PROJECT: self.theirs.project,
            Prefix.MONITOR: self.theirs.heartbeat,
            Prefix.INCIDENT: self.theirs.incident,
            Prefix.CHANNEL: self.theirs.channel,
            Prefix.WEBHOOK: self.theirs.webhook,
            Prefix.TOKEN: self.theirs.token,
            Prefix.MEMBER: self.theirs.member,
            Prefix.INVITATION: self.theirs.invitation,
        }.get(prefix)
        if make is not None:
            return await make()
        tenant = self.theirs.tenant
        if prefix is Prefix.WORKSPACE:
            return encode_id(prefix, tenant.workspace_id)
        stranger = await signed_in(tenant, Role.OWNER)
        if prefix is Prefix.DELIVERY:
            return await self.theirs.delivery(stranger)
        return await self.theirs.session(stranger)


@pytest.fixture
async def workspaces(owner: Tenant, database, client, clock) -> Workspaces:
    other = await make_tenant(database, client, clock.now(), "charlie@example.org")
    ours = World(tenant=owner, project_id=await owner.add_project("ours"))
    theirs = World(tenant=other, project_id=await other.add_project(MARK), numbers=itertools.count(1_000))
    asker = await signed_in(owner, Role.OWNER)
    assert (await asker.ask(owner, "{ viewer { role } }")).data
    return Workspaces(ours=ours, theirs=theirs, asker=asker)


@pytest.mark.parametrize("place", places_of_mutations(), ids=str)
async def test_no_change_reaches_another_workspace_or_tells_of_it(workspaces, contents, place) -> None:
    ours, asker = workspaces.ours, workspaces.asker
    sample = await SAMPLES[place.operation](ours, asker)
    ids = await workspaces.ids(place.prefix)
    before, answers = await contents(), set()

    for public_id in ids:
        answer = await asker.ask(
            ours.tenant, mutation_document(place.operation), {"input": place.put(sample, public_id)}
        )
        assert answer.data[place.operation]["userErrors"] != [], (public_id, answer.body)
        assert MARK not in answer.response.text
        answers.add(answer.response.text.replace(f'"{public_id}"', '"ID"'))

    assert len(answers) == 1, answers
    assert await contents() == before


@pytest.mark.parametrize("place", places_of_queries(), ids=str)
async def test_no_query_reaches_another_workspace_or_tells_of_it(workspaces, contents, place) -> None:
    ours, asker = workspaces.ours, workspaces.asker
    ids = await workspaces.ids(place.prefix)
    before, answers = await contents(), set()
    assert SCHEMA.query_type is not None
    field = SCHEMA.query_type.fields[place.operation]
    argument = place.keys[0]
    selection = "nodes { id } totalCount" if "Connection" in str(field.type) else "id"
    document = f"query ($value: {field.args[argument].type}) {{ {place.operation}({argument}: $value) {{ {selection} }} }}"

    for public_id in ids:
        answer = await asker.ask(ours.tenant, document, {"value": place.put({}, public_id)[argument]})
        assert MARK not in answer.response.text
        answers.add(answer.response.text)

    assert len(answers) == 1, answers
    assert await contents() == before
