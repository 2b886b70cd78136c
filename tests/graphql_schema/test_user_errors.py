"""What the caller can mend comes as userErrors, at the place where he can mend it; all else as a top-level error.

Every mutation of the schema is asked with everything that can be wrong with its input.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLNonNull,
    GraphQLObjectType,
    get_named_type,
    get_nullable_type,
    is_leaf_type,
    is_list_type,
)

from core.access.principal import Role
from core.outbound_policy import outbound_for
from core.services import Services, build_services
from core.settings import Settings, SignUpRule
from tests.graphql_schema.conftest import PUBLIC_URL, Answer, Tenant
from tests.graphql_schema.personas import NOBODY, Persona, signed_in
from tests.graphql_schema.samples import MARK, SAMPLES, SCHEMA, World

Keys = tuple[str, ...]

assert SCHEMA.mutation_type is not None
MUTATIONS = SCHEMA.mutation_type.fields
CODES = set(SCHEMA.type_map["ErrorCode"].values)  # type: ignore[attr-defined]
# What somebody may enter anew, or ask for in another way.
MENDABLE = {"INVALID_INPUT", "NOT_FOUND", "CONFLICT"}
REFUSED = {"FORBIDDEN", "SHARED_ACCOUNT_WRITE_FORBIDDEN", "PROJECT_WRITE_FORBIDDEN"}
# They are open to whoever is not signed in, or ask for nothing.
OPEN = {"signUp", "signIn", "signOut", "requestPasswordReset", "resetPassword"}
# What everybody may do, whatever his role: it is his own.
OWN = {"changePassword", "revokeSession", "switchWorkspace", "acceptInvitation", "updateProfile"}
CLOSED = sorted(MUTATIONS.keys() - OPEN)
TAKING = {name for name, each in MUTATIONS.items() if each.args}
KINDS: dict[str, dict[str, Any]] = {
    "http": {
        "url": "https://example.org/",
        "headers": [{"name": "X-A", "value": "b"}],
        "json": [{"path": "$.a", "operator": "EQUALS", "value": "1"}],
    },
    "bearer": {"token": "t"},
    "basic": {"username": "ada", "password": "p"},
    "apiKey": {"key": "k", "name": "X-Key"},
    "oauth2": {
        "tokenUrl": "https://example.org/token",
        "clientId": "ada",
        "clientSecret": "s",
        "grantType": "password",
        "username": "ada",
        "password": "p",
    },
    "jwt": {"token": "t"},
    "heartbeat": {"intervalSeconds": 600},
    "webhook": {"url": "http://127.0.0.1:9/", "headers": [{"name": "X-A", "value": "b"}]},
    "email": {"emails": ["ada@example.org"]},
}
# What is looked at only behind something that is wrong in the sample.
BEHIND = {("resetPassword", ("invitationToken",))}
TOO_LONG = "x" * 70_000
UNFIT = {
    "ID": ("", "mon_zzzz", TOO_LONG),
    "String": (TOO_LONG, "a\0b"),
    "Int": (-1, 2**31 - 1),
    "Float": (-1.0, 1e300),
    "DateTime": ("1999-01-01T00:00:00.000Z", "9999-01-01T00:00:00.000Z"),
}
# The contract's own words: for a password, or a letter's token, that is not the right one, and for a workspace in which
# one has no place.
OWN_WORDS = {
    ("changePassword", ("current",)): "UNAUTHENTICATED",
    ("resetPassword", ("token",)): "UNAUTHENTICATED",
    ("switchWorkspace", ("workspaceId",)): "ACCOUNT_CONTEXT_FORBIDDEN",
}


@dataclass(frozen=True, kw_only=True)
class Mistake:
    """A wrong value, and where it stands below `input`."""

    keys: Keys
    value: Any

    def put(self, sample: dict[str, Any]) -> dict[str, Any]:
        """Return the sample with the value in its place."""
        merged: dict[str, Any] = _put(sample, self.keys, self.value)
        return merged


def _put(given: Any, keys: Keys, value: Any) -> Any:
    if not keys:
        return value
    first, rest = keys[0], keys[1:]
    if first == "0":
        return [_put(given[0] if given else None, rest, value)]
    members = given if isinstance(given, dict) else {}
    if first in KINDS and rest:
        # Exactly one kind may be given, and one way to sign in.
        return {first: _put(KINDS[first], rest, value)}
    return {**members, first: _put(members.get(first), rest, value)}


def input_of(name: str) -> GraphQLInputObjectType | None:
    arguments = MUTATIONS[name].args
    kind = get_named_type(arguments["input"].type) if "input" in arguments else None
    assert kind is None or isinstance(kind, GraphQLInputObjectType)
    return kind


def mistakes(kind: GraphQLInputObjectType, keys: Keys = ()) -> Iterator[Mistake]:
    """Yield, for each leaf, values that GraphQL lets pass."""
    for name, each in kind.fields.items():
        is_list = is_list_type(get_nullable_type(each.type))
        here = (*keys, name, *(("0",) if is_list else ()))
        inner = get_named_type(each.type)
        if isinstance(inner, GraphQLInputObjectType):
            yield from mistakes(inner, here)
        else:
            yield from (Mistake(keys=here, value=value) for value in UNFIT.get(inner.name, ()))


def slips(kind: GraphQLInputObjectType, keys: Keys = ()) -> Iterator[Mistake]:
    """Yield what GraphQL itself refuses: unknown names, other types, nothing where something is needed."""
    yield Mistake(keys=(*keys, "noSuchField"), value=1)
    for name, each in kind.fields.items():
        inner, here = get_named_type(each.type), (*keys, name)
        if isinstance(each.type, GraphQLNonNull):
            yield Mistake(keys=here, value=None)
        if isinstance(inner, GraphQLEnumType):
            yield Mistake(keys=here, value="NO_SUCH_VALUE")
        if inner.name in ("Int", "Float", "Boolean", "DateTime"):
            yield Mistake(keys=here, value="text")
        if isinstance(inner, GraphQLInputObjectType):
            yield Mistake(keys=here, value=7)
            at = (*here, "0") if is_list_type(get_nullable_type(each.type)) else here
            yield from slips(inner, at)


def document(name: str) -> str:
    """Return the mutation with all that its payload has."""
    payload = get_named_type(MUTATIONS[name].type)
    assert isinstance(payload, GraphQLObjectType)
    own = [
        field if is_leaf_type(get_named_type(each.type)) else f"{field} {{ __typename }}"
        for field, each in payload.fields.items()
        if field != "userErrors"
    ]
    parts = f"{' '.join(own)} userErrors {{ code message path rule expected received }}"
    kind = input_of(name)
    if kind is None:
        return f"mutation {{ {name} {{ {parts} }} }}"
    return f"mutation ($input: {kind.name}!) {{ {name}(input: $input) {{ {parts} }} }}"


def refusals(name: str, answer: Answer) -> list[dict[str, Any]]:
    """Return the userErrors of an answer that has nothing else, each of them as the contract says."""
    payload = answer.data[name]
    errors: list[dict[str, Any]] = payload.pop("userErrors")
    assert errors != []
    assert set(payload.values()) <= {None, False}, payload
    for error in errors:
        assert error["code"] in CODES
        assert error["message"][:1].islower() or not error["message"][:1].isalpha(), error
        assert not error["message"].endswith("."), error
        _require_below_input(input_of(name), error["path"])
    return errors


def _require_below_input(kind: Any, path: Sequence[str]) -> None:
    """Fail unless the path names something that the input has."""
    at = kind
    for part in path:
        at = get_nullable_type(at)
        if is_list_type(at):
            assert part.isdecimal(), path
            at = at.of_type
        else:
            at = get_named_type(at)
            assert isinstance(at, GraphQLInputObjectType), path
            assert part in at.fields, path
            at = at.fields[part].type


def deviating(name: str, answer: Answer, mistake: Mistake) -> Iterator[tuple[Any, ...]]:
    """Yield what is said other than that the one mistake can be mended at its place."""
    if "errors" in answer.body:
        yield ("at the top level", answer.errors)
        return
    if not answer.data[name]["userErrors"]:
        yield ("accepted",)
        return
    for error in refusals(name, answer):
        own_word = OWN_WORDS.get((name, mistake.keys))
        if error["code"] not in ({own_word} if own_word else MENDABLE) or not is_at(
            error["path"], mistake.keys
        ):
            yield (error["code"], error["path"], error["message"])


def is_at(path: Sequence[str], keys: Keys) -> bool:
    """Return whether the path leads to the mistake, or to something that holds it."""
    return bool(path) and tuple(path) == keys[: len(path)]


def unlike(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """Return the tables that changed; attempts to guess a password are counted, and no change."""
    return [table for table in after if table != "attempts" and after[table] != before[table]]


@pytest.fixture
def services(watched, clock, installed) -> Services:
    """All services, where everybody may sign up."""
    settings = Settings(public_url=PUBLIC_URL, sign_up=SignUpRule.OPEN)
    return build_services(
        settings=settings,
        database=watched,
        registry=installed,
        clock=clock,
        outbound=outbound_for(settings),
    )


@pytest.fixture
async def world(owner: Tenant) -> World:
    return World(tenant=owner, project_id=await owner.add_project(MARK))


@pytest.fixture
async def asker(owner: Tenant) -> Persona:
    """Somebody who may do everything."""
    found = await signed_in(owner, Role.OWNER)
    assert (await found.ask(owner, "{ viewer { role } }")).data
    return found


@pytest.mark.parametrize("name", sorted(TAKING - {"signIn", "requestPasswordReset"}))
async def test_a_mistake_is_told_at_its_place_and_nothing_is_changed(world, asker, contents, name) -> None:
    kind = input_of(name)
    assert kind is not None
    sample = await sample_of(name, world, asker)
    before = await contents()
    deviations: list[Any] = []
    for mistake in mistakes(kind):
        if (name, mistake.keys) in BEHIND:
            continue
        answer = await asker.ask(world.tenant, document(name), {"input": mistake.put(sample)})
        deviations += [
            (mistake.keys, str(mistake.value)[:20], *each) for each in deviating(name, answer, mistake)
        ]
    assert deviations == []
    assert unlike(before, await contents()) == []


@pytest.mark.parametrize("secret", [TOO_LONG, "a\0b", "", "wrong"])
@pytest.mark.parametrize("email", [TOO_LONG, "a\0b", "", "ada@example.org", "nobody@example.org"])
async def test_whoever_cannot_be_signed_in_is_told_the_same_whatever_was_wrong(world, email, secret) -> None:
    signing_in = {"input": {"email": email, "password": secret}}

    answer = await NOBODY.ask(world.tenant, document("signIn"), signing_in)

    assert [(error["code"], error["path"]) for error in refusals("signIn", answer)] == [
        ("UNAUTHENTICATED", [])
    ]


@pytest.mark.parametrize("name", sorted(TAKING))
async def test_what_graphql_itself_refuses_is_never_a_user_error(world, asker, contents, name) -> None:
    kind = input_of(name)
    assert kind is not None
    sample = await sample_of(name, world, asker)
    before = await contents()
    for slip in slips(kind):
        answer = await asker.ask(world.tenant, document(name), {"input": slip.put(sample)})

        assert top_level(answer) == {"INVALID_INPUT"}, slip
    assert unlike(before, await contents()) == []


@pytest.mark.parametrize("name", CLOSED)
async def test_whoever_is_not_signed_in_is_told_so_above_all(world, asker, contents, name) -> None:
    variables = {"input": await SAMPLES[name](world, asker)}
    before = await contents()

    answer = await NOBODY.ask(world.tenant, document(name), variables)

    assert (answer.status, top_level(answer)) == (401, {"UNAUTHENTICATED"})
    assert unlike(before, await contents()) == []


@pytest.mark.parametrize("name", sorted(set(CLOSED) - OWN))
async def test_a_right_that_is_lacking_is_something_to_mend(world, asker, contents, name) -> None:
    viewer = await signed_in(world.tenant, Role.VIEWER)
    assert (await viewer.ask(world.tenant, "{ viewer { role } }")).data
    variables = {"input": await SAMPLES[name](world, asker)}
    before = await contents()

    answer = await viewer.ask(world.tenant, document(name), variables)

    errors = refusals(name, answer)
    assert [error["code"] in REFUSED for error in errors] == [True]
    assert MARK not in answer.response.text
    assert unlike(before, await contents()) == []


def top_level(answer: Answer) -> set[str]:
    """Return the codes of an answer without data, each of them of the contract."""
    assert "data" not in answer.body, answer.body
    assert set(answer.codes) <= CODES
    return set(answer.codes)


OPEN_SAMPLES = {
    "signUp": {"email": "new@example.org", "password": "correct horse", "name": "Ada"},
    "signIn": {"email": "ada@example.org", "password": "correct horse"},
    "requestPasswordReset": {"email": "ada@example.org"},
    "resetPassword": {"token": "unknown", "password": "correct horse"},
}


async def sample_of(name: str, world: World, asker: Persona) -> dict[str, Any]:
    """Return what the mutation can be asked."""
    return OPEN_SAMPLES[name] if name in OPEN_SAMPLES else await SAMPLES[name](world, asker)
