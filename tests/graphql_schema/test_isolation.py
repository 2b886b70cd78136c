"""Whatever takes an id answers another workspace's, a random and a malformed one alike, and changes nothing."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from graphql import (
    GraphQLField,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLObjectType,
    get_named_type,
    is_list_type,
)
from graphql.type import GraphQLArgument, get_nullable_type

from core.access.grants import ALL_GRANTS
from core.access.principal import Role
from core.ids import Prefix, encode_id, new_id
from graphql_schema.node_queries import NODE_KINDS
from tests.graphql_schema.conftest import Answer, Tenant, make_tenant
from tests.graphql_schema.personas import Persona, Place, made, signed_in
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
class IdPlace:
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
) -> Iterator[IdPlace]:
    """Find every id below the arguments of an operation."""
    for name, each in fields.items():
        here = (*keys, name, *(("0",) if is_list_type(get_nullable_type(each.type)) else ()))
        kind = get_named_type(each.type)
        if isinstance(kind, GraphQLInputObjectType):
            if kind.name not in ("ProbeInput", "NotifierInput"):
                yield from places(operation, kind.fields, here)
        elif kind.name == "ID":
            prefix = OF_FIELD.get(name) or next(
                (each for word, each in OF_MUTATION.items() if word.lower() in operation.lower()),
                Prefix.MONITOR,
            )
            yield IdPlace(operation=operation, keys=here, prefix=prefix)


def places_of_mutations() -> list[IdPlace]:
    found = []
    for name, each in SCHEMA.mutation_type.fields.items():  # type: ignore[union-attr]
        if "input" in each.args:
            kind = get_named_type(each.args["input"].type)
            assert isinstance(kind, GraphQLInputObjectType)
            found += places(name, kind.fields)
    return found


def places_of_queries() -> list[IdPlace]:
    assert isinstance(SCHEMA.query_type, GraphQLObjectType)
    return [place for name, each in SCHEMA.query_type.fields.items() for place in places(name, each.args)]


@dataclass(kw_only=True)
class Workspaces:
    """Ours, with those who ask there, and another, of which they know the ids."""

    ours: World
    theirs: World
    askers: list[Persona]

    async def ids(self, prefix: Prefix) -> list[str]:
        """Return an id of theirs, random ones of the same sort, and what is no id."""
        return [*await self.of_sort(prefix), *MALFORMED]

    async def of_sort(self, prefix: Prefix) -> list[str]:
        """Return an id of theirs, and random ones of the same sort."""
        random = encode_id(prefix, new_id(self.ours.tenant.now))
        return [await self._theirs(prefix), random, encode_id(prefix, UUID(int=0))]

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
            Prefix.CHECK: self._check,
            Prefix.TAG: self._tag,
            Prefix.AUDIT_ENTRY: self._audit_entry,
        }.get(prefix)
        if make is not None:
            return await make()
        tenant = self.theirs.tenant
        if prefix is Prefix.WORKSPACE:
            return encode_id(prefix, tenant.workspace_id)
        if prefix is Prefix.USER:
            return encode_id(prefix, tenant.user_id)
        stranger = await signed_in(tenant, Role.OWNER)
        if prefix is Prefix.DELIVERY:
            return await self.theirs.delivery(stranger)
        return await self.theirs.session(stranger)

    async def _check(self) -> str:
        (check_id,) = await self.theirs.tenant.add_checks(
            await self.theirs.monitor_id(), [timedelta(minutes=1)]
        )
        return encode_id(Prefix.CHECK, check_id)

    async def _tag(self) -> str:
        tag_id = self.theirs.tenant.next_id()
        await self.theirs.tenant.insert(
            "tags", id=tag_id, workspace_id=self.theirs.tenant.workspace_id, name=MARK
        )
        return encode_id(Prefix.TAG, tag_id)

    async def _audit_entry(self) -> str:
        tenant = self.theirs.tenant
        entry_id = tenant.next_id()
        what = {"action": "tag.created", "subject": "tag", "subject_id": entry_id}
        await tenant.insert(
            "audit_entries", id=entry_id, workspace_id=tenant.workspace_id, at=tenant.now, **what
        )
        return encode_id(Prefix.AUDIT_ENTRY, entry_id)


@pytest.fixture
async def workspaces(owner: Tenant, database, client, clock) -> Workspaces:
    other = await make_tenant(database, client, clock.now(), "charlie@example.org")
    ours = World(tenant=owner, project_id=await owner.add_project("ours"))
    theirs = World(tenant=other, project_id=await other.add_project(MARK), numbers=itertools.count(1_000))
    confined = Place(role=Role.MEMBER, confined_to=[ours.project_id])
    askers = await made(
        owner,
        [Place(role=Role.OWNER), Place(role=Role.VIEWER), confined, replace(confined, grants=ALL_GRANTS)],
    )
    assert (await askers[0].ask(owner, "{ viewer { role } }")).data
    return Workspaces(ours=ours, theirs=theirs, askers=askers)


def _by_sort() -> dict[Prefix, list[IdPlace]]:
    """Return the places in mutations, those of one sort of id together: to make workspaces takes its time."""
    found: dict[Prefix, list[IdPlace]] = {}
    for place in places_of_mutations():
        found.setdefault(place.prefix, []).append(place)
    return found


@pytest.mark.parametrize("prefix", _by_sort(), ids=lambda prefix: prefix.name)
async def test_no_change_reaches_another_workspace_or_tells_of_it(workspaces, contents, prefix) -> None:
    tenant = workspaces.ours.tenant
    for place in _by_sort()[prefix]:
        samples = [await SAMPLES[place.operation](workspaces.ours, asker) for asker in workspaces.askers]
        ids = await workspaces.ids(place.prefix)
        before, document = await contents(), mutation_document(place.operation)
        for asker, sample in zip(workspaces.askers, samples, strict=True):
            answers = set()
            for public_id in ids:
                answer = await asker.ask(tenant, document, {"input": place.put(sample, public_id)})
                assert answer.data[place.operation]["userErrors"] != [], (public_id, answer.body)
                answers.add(_told(answer).replace(f'"{public_id}"', '"ID"'))
            assert len(answers) == 1, (str(place), asker.name, answers)
        assert await contents() == before, str(place)


async def test_no_query_reaches_another_workspace_or_tells_of_it(workspaces, contents) -> None:
    for place in places_of_queries():
        field = _queries()[place.operation]
        argument = place.keys[0]
        selection = "nodes { id } totalCount" if "Connection" in str(field.type) else "id"
        document = f"query ($value: {field.args[argument].type}) {{ {place.operation}({argument}: $value) {{ {selection} }} }}"
        ids = await workspaces.ids(place.prefix)
        before = await contents()
        for asker in workspaces.askers:
            answers = set()
            for public_id in ids:
                given = {"value": place.put({}, public_id)[argument]}
                answers.add(_told(await asker.ask(workspaces.ours.tenant, document, given)))
            assert len(answers) == 1, (str(place), asker.name, answers)
        assert await contents() == before, str(place)


async def test_no_node_of_another_workspace_differs_from_one_that_there_is_not(workspaces) -> None:
    for prefix in NODE_KINDS.keys() - {Prefix.REGION}:
        ids = await workspaces.of_sort(prefix)
        for asker in workspaces.askers:
            answers = set()
            for public_id in ids:
                for field in ("node(id: $id) { id }", "nodes(ids: [$id]) { id }"):
                    document = f"query ($id: ID!) {{ found: {field} }}"
                    answer = await asker.ask(workspaces.ours.tenant, document, {"id": public_id})
                    assert answer.body["data"]["found"] in (None, [None]), (public_id, answer.body)
                    answers.add((field, _told(answer)))
            assert len(answers) == 2, (prefix, asker.name, answers)


async def test_the_checks_of_another_workspaces_monitor_are_followed_like_those_of_none(workspaces) -> None:
    ids = await workspaces.ids(Prefix.MONITOR)
    for asker in workspaces.askers:
        answers = set()
        for public_id in ids:
            response = await workspaces.ours.tenant.client.post(
                "/graphql",
                json={
                    "query": "subscription ($id: ID!) { checkCompleted(monitorId: $id) { id } }",
                    "variables": {"id": public_id},
                },
                headers={**asker.headers, "Accept": "text/event-stream"},
            )
            answers.add(response.text)
        assert len(answers) == 1, (asker.name, answers)
        assert '"code":"NOT_FOUND"' in answers.pop()


def _queries() -> Mapping[str, GraphQLField]:
    assert SCHEMA.query_type is not None
    return SCHEMA.query_type.fields


def _told(answer: Answer) -> str:
    """Return an answer in which nothing tells of what is theirs: out of sight is only what is in one's own workspace."""
    assert MARK not in answer.response.text
    assert "SCOPE_FORBIDDEN" not in answer.response.text
    return answer.response.text
