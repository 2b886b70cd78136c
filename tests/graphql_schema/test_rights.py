"""Every operation, asked for by everybody: it is open to those to whom the table opens it, and to nobody else.

Who is refused changes nothing and is told nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest
from graphql import GraphQLNamedType, GraphQLObjectType

from core.access.permission import may_by_grant
from core.access.principal import Role, TokenScope
from core.access.rights import FIELDS, MUTATIONS, QUERIES, SUBSCRIPTIONS, Asker, Right, is_allowed
from core.ids import Prefix, encode_id
from tests.graphql_schema.conftest import Answer, Tenant
from tests.graphql_schema.personas import (
    NOBODY,
    Persona,
    confined_tokens_of,
    lesser_tokens_of,
    people_of,
    tokens_of,
)
from tests.graphql_schema.samples import MARK, SAMPLES, SCHEMA, World, mutation_document

OF_PROJECTS = {TokenScope.UPTIME_CHECKS, TokenScope.INCIDENTS}
REFUSALS = {
    "FORBIDDEN",
    "API_TOKEN_SCOPE_DENIED",
    "PROJECT_WRITE_FORBIDDEN",
    "SHARED_ACCOUNT_WRITE_FORBIDDEN",
}


# The password is the wrong one, and the invitation nobody's: what is told is that, and no refusal.
UNSUCCESSFUL = {"changePassword", "acceptInvitation"}

SELECTIONS = {
    "node": "node(id: $monitor) { id }",
    "nodes": "nodes(ids: [$monitor]) { id }",
    "viewer": "viewer { role }",
    "workspace": "workspace { name }",
    "projects": "projects { nodes { name } }",
    "project": "project(id: $project) { name }",
    "monitors": "monitors { nodes { name } }",
    "monitor": "monitor(id: $monitor) { name }",
    "incidents": "incidents { nodes { monitorName } }",
    "incident": "incident(id: $incident) { monitorName }",
    "tags": "tags { name }",
    "regions": "regions { key }",
    "analytics": "analytics { monitorsTotal }",
    "channels": "channels { nodes { name } }",
    "webhooks": "webhooks { nodes { name } }",
    "deliveries": "deliveries { nodes { recipient } }",
    "members": "members { email }",
    "invitations": "invitations { email }",
    "apiTokens": "apiTokens { nodes { name } }",
    "auditLog": "auditLog { nodes { action } }",
    "probeKinds": "probeKinds { key }",
    "notifierKinds": "notifierKinds { key }",
    "eventCursor": "eventCursor",
    "server": "server { version }",
}


@pytest.fixture
async def world(owner: Tenant) -> World:
    return World(tenant=owner, project_id=await owner.add_project(MARK))


@pytest.fixture
async def askers(world: World) -> list[Persona]:
    """Everybody of the workspace. Somebody has asked once, so that requests are leased."""
    tenant, project_id = world.tenant, world.project_id
    personas = [
        *await people_of(tenant, project_id),
        *await tokens_of(tenant),
        *await confined_tokens_of(tenant, project_id),
    ]
    assert (await personas[0].ask(tenant, "{ viewer { role } }")).data
    return personas


def fields_of(kind: GraphQLNamedType | None) -> set[str]:
    assert isinstance(kind, GraphQLObjectType)
    return set(kind.fields)


def test_the_table_names_every_operation_of_the_schema_and_no_other() -> None:
    assert fields_of(SCHEMA.query_type) == set(QUERIES)
    assert fields_of(SCHEMA.mutation_type) == set(MUTATIONS)
    assert fields_of(SCHEMA.subscription_type) == set(SUBSCRIPTIONS)
    for name in FIELDS:
        kind, _, of_kind = name.partition(".")
        assert of_kind in fields_of(SCHEMA.type_map[kind])


def refusal(right: Right, persona: Persona) -> str:
    """Return the code of the refusal that the persona gets for a change that is not open to him."""
    principal = persona.principal
    assert principal is not None
    if right.asker is Asker.PERSON:
        return "FORBIDDEN"
    lacks_grant = not any(may_by_grant(principal, scope, right.permission) for scope in right.scopes)
    if lacks_grant or is_allowed(right, replace(principal, token_id=None)):
        return "API_TOKEN_SCOPE_DENIED"
    is_of_project = set(right.scopes) <= OF_PROJECTS and not right.is_of_workspace
    if right.is_of_workspace and principal.role is Role.VIEWER:
        is_of_project = True
    return "PROJECT_WRITE_FORBIDDEN" if is_of_project else "SHARED_ACCOUNT_WRITE_FORBIDDEN"


def user_errors(answer: Answer, name: str) -> list[dict[str, Any]]:
    errors: list[dict[str, Any]] = answer.data[name]["userErrors"]
    return errors


@pytest.mark.parametrize("name", [name for name, right in MUTATIONS.items() if right.asker is Asker.ANYBODY])
async def test_who_is_not_signed_in_may_ask_for_what_is_open(world, name) -> None:
    wanted = {
        "signUp": {"email": "a@example.org", "password": "correct horse", "name": "A"},
        "signIn": {"email": "a@example.org", "password": "wrong horse"},
        "requestPasswordReset": {"email": "a@example.org"},
        "resetPassword": {"token": "unknown", "password": "correct horse"},
    }.get(name)

    answer = await NOBODY.ask(world.tenant, mutation_document(name), {"input": wanted})

    assert "errors" not in answer.body, answer.body


def _mutations_by_scope() -> dict[str, list[str]]:
    """Return the mutations that need somebody, those of one scope together: to make everybody takes its time."""
    found: dict[str, list[str]] = {}
    for name, right in MUTATIONS.items():
        if right.asker is not Asker.ANYBODY:
            found.setdefault(" or ".join(right.scopes) or right.asker.name, []).append(name)
    return found


@pytest.mark.parametrize("scope", _mutations_by_scope())
async def test_a_change_is_made_for_those_who_may_and_refused_without_a_trace_to_all_others(
    world, askers, contents, scope
) -> None:
    names = _mutations_by_scope()[scope]
    scopes = {each for name in names for each in MUTATIONS[name].scopes}
    everybody = [*askers, *await lesser_tokens_of(world.tenant, world.project_id, scopes)]
    for name in names:
        right, document = MUTATIONS[name], mutation_document(name)
        refused = [persona for persona in everybody if not is_allowed(right, persona.principal)]
        inputs = [await SAMPLES[name](world, persona) for persona in refused]
        before = await contents()
        for persona, wanted in zip(refused, inputs, strict=True):
            answer = await persona.ask(world.tenant, document, {"input": wanted})
            codes = [error["code"] for error in user_errors(answer, name)]
            assert codes == [refusal(right, persona)], (name, persona.name, answer.body)
            assert MARK not in answer.response.text, (name, persona.name)
        nobodys = await NOBODY.ask(world.tenant, document, {"input": inputs[0]})
        assert nobodys.codes == ["UNAUTHENTICATED"], name
        assert await contents() == before, name

        for persona in (each for each in everybody if is_allowed(right, each.principal)):
            wanted = await SAMPLES[name](world, persona)
            answer = await persona.ask(world.tenant, document, {"input": wanted})
            codes = {error["code"] for error in user_errors(answer, name)}
            assert not codes & REFUSALS, (name, persona.name, answer.body)
            assert name in UNSUCCESSFUL or not codes, (name, persona.name, answer.body)


async def test_a_query_is_answered_to_those_who_may_ask_it(world, askers) -> None:
    found = {
        "monitor": await world.monitor(),
        "incident": await world.incident(),
        "project": encode_id(Prefix.PROJECT, world.project_id),
    }
    lesser = await lesser_tokens_of(world.tenant, world.project_id, TokenScope)
    for name, right in QUERIES.items():
        document = _query(SELECTIONS[name], found)
        for persona in [NOBODY, *askers, *_concerned(right, lesser)]:
            answer = await persona.ask(world.tenant, document, found)
            if _may_ask(name, right, persona):
                assert answer.data[name] is not None, (name, persona.name)
                continue
            expected = "UNAUTHENTICATED" if persona is NOBODY else "FORBIDDEN"
            assert answer.codes == [expected], (name, persona.name, answer.body)
            assert (answer.body.get("data") or {}).get(name) in (None, [None])
            assert MARK not in answer.response.text


def _concerned(right: Right, tokens: Sequence[Persona]) -> Iterator[Persona]:
    """Return the tokens of a single grant that is on a scope of the right."""
    for persona in tokens:
        assert persona.principal is not None
        if any(grant.scope in right.scopes for grant in persona.principal.grants):
            yield persona


def _query(selection: str, ids: Mapping[str, str]) -> str:
    declared = ", ".join(f"${each}: ID!" for each in ids if f"${each}" in selection)
    return f"query {f'({declared})' if declared else ''} {{ {selection} }}"


def _may_ask(name: str, right: Right, persona: Persona) -> bool:
    """Return whether the query is open; `node` finds what is asked for only with the right to that."""
    if name in ("node", "nodes") and persona.principal is not None:
        return is_allowed(QUERIES["monitor"], persona.principal)
    return is_allowed(right, persona.principal)


# What is asked for does not exist: so whoever may follow is told that, and the stream ends.
SUBSCRIBED = {
    "monitorChanged": ('monitorChanged(after: "malformed") { change }', "CURSOR_EXPIRED"),
    "incidentChanged": ('incidentChanged(after: "malformed") { change }', "CURSOR_EXPIRED"),
    "checkCompleted": ('checkCompleted(monitorId: "mon_unknown") { id }', "NOT_FOUND"),
}


async def test_changes_are_followed_by_those_who_may(world, askers) -> None:
    lesser = await lesser_tokens_of(world.tenant, world.project_id, TokenScope)
    for name, right in SUBSCRIPTIONS.items():
        selection, told_to_those_who_may = SUBSCRIBED[name]
        for persona in [NOBODY, *askers, *_concerned(right, lesser)]:
            response = await world.tenant.client.post(
                "/graphql",
                json={"query": f"subscription {{ {selection} }}"},
                headers={**persona.headers, "Accept": "text/event-stream"},
            )
            expected = told_to_those_who_may
            if not is_allowed(right, persona.principal):
                expected = "UNAUTHENTICATED" if persona is NOBODY else "FORBIDDEN"
            assert f'"code":"{expected}"' in response.text, (name, persona.name, response.text)
