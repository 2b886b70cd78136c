"""What hostile clients send, and what asks for too much: refused before the executor is entered."""

from __future__ import annotations

import re

import msgspec
import pytest
from graphql import get_introspection_query

from core.access.plans import GRAPHQL_COST, Plan
from graphql_schema import documents
from graphql_schema.admission import MOST_VALUES
from graphql_schema.documents import MOST_DOCUMENTS, MOST_KEPT_CHARACTERS, Documents
from graphql_schema.fast_lists.list_executor import ListExecutor
from graphql_schema.limits import MOST_ALIASES, MOST_CHARACTERS, MOST_TOKENS
from tests.graphql_schema.conftest import make_tenant

ACCEPT = {"Accept": "application/graphql-response+json"}
NAMES = "query ($n: Int) { monitors(first: $n) { nodes { id } } }"
GREEDY = "{ monitors(first: 100) { nodes { checks(first: 100) { nodes { monitor { checks(first: 100) { nodes { id } } } } } } } }"


@pytest.fixture
def entered(monkeypatch) -> list[object]:
    """The operations for which the executor was entered, counted in the executor's own constructor."""
    operations: list[object] = []
    begin = ListExecutor.__init__

    def count(self, *args, **named) -> None:
        operations.append(self)
        begin(self, *args, **named)

    monkeypatch.setattr(ListExecutor, "__init__", count)
    return operations


def nested(levels: int) -> str:
    """Return a query of so many levels of fields and one more."""
    below = "{ project { monitors(first: 1) { nodes "
    return "{ monitors(first: 1) { nodes " + below * levels + "{ id }" + " } } }" * levels + " } }"


def doubled(levels: int, first: str = "viewer { role }") -> str:
    """Return a query whose fragments grow twofold with each level."""
    fragments = [f"fragment f0 on Query {{ {first} }}"]
    fragments += [f"fragment f{n} on Query {{ ...f{n - 1} ...f{n - 1} }}" for n in range(1, levels + 1)]
    return f"{{ ...f{levels} }} " + " ".join(fragments)


def chained(length: int) -> str:
    """Return a query of fragments each of which spreads the next."""
    links = " ".join(f"fragment f{n} on Query {{ ...f{n - 1} }}" for n in range(1, length))
    return f"{{ ...f{length - 1} }} fragment f0 on Query {{ viewer {{ role }} }} {links}"


TOO_COMPLEX = {
    "aliases of a value": "{ " + " ".join(f"a{n}: __typename" for n in range(MOST_ALIASES + 1)) + " }",
    "aliases of a list": "{ "
    + " ".join(f"a{n}: monitors(first: 100) {{ nodes {{ tags {{ id }} }} }}" for n in range(101))
    + " }",
    "aliases by a fragment": "{ "
    + "...F " * 2
    + "} fragment F on Query { "
    + " ".join(f"a{n}: __typename" for n in range(51))
    + " }",
    "the same field": "{ " + "__typename " * 500 + "}",
    "the same object": "{ " + "viewer { role } " * 500 + "}",
    "the same fragment": "{ " + "...F " * 500 + "} fragment F on Query { __typename }",
    "directives": "{ __typename " + "@include(if: true) " * 51 + "}",
    "unknown directives": "{ __typename " + "@aa" * 100 + " }",
    "directives of variables": "query (" + "$a: Int @aa " * 51 + ") { __typename }",
    "depth": nested(7),
    "depth by fragments": "{ monitors { nodes { ...F0 } } } "
    + " ".join(
        f"fragment F{n} on Monitor {{ project {{ monitors {{ nodes {{ ...F{n + 1} }} }} }} }}"
        for n in range(7)
    )
    + " fragment F7 on Monitor { id }",
    "depth of inline fragments": "{ " + "... { " * 101 + "__typename" + " }" * 101 + " }",
    "depth beyond the parser's": "{ " + "... { " * 1_500 + "__typename" + " }" * 1_500 + " }",
    "fragments": "{ __typename } " + " ".join(f"fragment f{n} on Query {{ __typename }}" for n in range(101)),
    "fragments that double": doubled(30),
    "unused fragments that double": doubled(30).replace("{ ...f30 }", "{ viewer { role } }", 1),
    "a chain of fragments": re.sub(r"\.\.\.(f\d+)", r"... { ... { ...\1 } }", chained(50)),
    "words": "{ " + "x " * MOST_TOKENS + "}",
    "characters": "{ __typename #" + "x" * MOST_CHARACTERS + "\n}",
    "lists in lists": GREEDY,
    "points": "{ monitors(first: 100) { nodes { latencySeries(period: DAY, points: 1000) { checks } } } }",
    "points by a variable's default": "query ($n: Int! = 1001)"
    " { monitors(first: 100) { nodes { latencySeries(period: DAY, points: $n) { at } } } }",
    "points unsaid": "{ monitors(first: 100) { nodes {"
    + " ".join(f"a{n}: latencySeries(period: DAY) {{ checks }}" for n in range(9))
    + "} } }",
    "ids": "{ nodes(ids: ["
    + '"mon_1" ' * 100
    + "]) { ... on Monitor { latencySeries(period: DAY, points: 1000) { checks } } } }",
    "behind a type condition": "{ workspace { ... on Workspace { id } } monitors(first: 100) { ... on MonitorConnection"
    " { nodes { ... on Node { ... on Monitor { latencySeries(period: DAY, points: 1000) { at } } } } } } }",
    "by edges": "{ monitors(first: 100) { edges { node { latencySeries(period: DAY, points: 1000) { at } } } } }",
    "first and last": "{ webhooks(first: 100) { nodes { deliveries(first: 100) { nodes { incident"
    " { checks(first: 100) { nodes { id } } } } } } } }",
    "the schema many times": "{ "
    + " ".join(f"a{n}: __schema {{ types {{ fields {{ name type {{ name }} }} }} }}" for n in range(100))
    + " }",
}


@pytest.mark.parametrize("query", TOO_COMPLEX.values(), ids=TOO_COMPLEX)
async def test_what_asks_for_too_much_is_refused_before_it_is_run(owner, watched, entered, query):
    await owner.data("{ viewer { role } }")
    watched.statements.clear()
    entered.clear()

    answer = await owner.ask(query)

    assert (answer.status, answer.codes) == (400, ["QUERY_TOO_COMPLEX"])
    assert "data" not in answer.body
    assert entered == watched.statements == []


@pytest.mark.parametrize("name", [name for name in TOO_COMPLEX if "the schema" not in name])
async def test_the_same_is_refused_to_whoever_is_not_signed_in(client, entered, name):
    response = await client.post("/graphql", json={"query": TOO_COMPLEX[name]}, headers=ACCEPT)

    assert response.status_code in (400, 401)
    assert entered == []


REFUSED_AS_INVALID = {
    "fragments that spread themselves": "{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }",
    "a fragment of itself": "{ viewer { ...A } } fragment A on Viewer { role ...A }",
    "the schema in circles": "{ __schema { types { fields { type { fields { type { fields { name } } } } } } } }",
    "types in circles": '{ __type(name: "Monitor") { fields { type { fields { type { fields { name } } } } } } }',
}


@pytest.mark.parametrize("query", REFUSED_AS_INVALID.values(), ids=REFUSED_AS_INVALID)
@pytest.mark.parametrize("is_signed_in", [True, False], ids=["signed in", "a stranger"])
async def test_circles_are_refused_before_they_are_run(owner, client, entered, query, is_signed_in):
    headers = {**ACCEPT, "Authorization": f"Bearer {owner.secret}"} if is_signed_in else ACCEPT

    response = await client.post("/graphql", json={"query": query}, headers=headers)

    assert response.status_code == 400
    assert {error["extensions"]["code"] for error in response.json()["errors"]} == {"INVALID_INPUT"}
    assert entered == []


@pytest.mark.parametrize(
    ("variables", "status"),
    [
        ({"n": 1, "more": ["x"] * MOST_VALUES}, 400),
        ({"n": 1, "more": [["x"] * 100] * 100}, 400),
        ({"n": 1, "more": {f"key{n}": n for n in range(MOST_VALUES)}}, 400),
        ({"n": 1, "more": msgspec.json.decode("[" * 30 + "]" * 30)}, 400),
        ({"n": 1, "more": "x" * 1_100_000}, 413),
    ],
    ids=["a list", "lists", "an object", "depth", "bytes"],
)
async def test_huge_variables_are_refused_before_the_executor(owner, entered, variables, status):
    answer = await owner.ask(NAMES, **variables)

    assert answer.status == status
    assert entered == []


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/x-www-form-urlencoded", "query=mutation+%7B+createProject+%7D"),
        (
            "multipart/form-data; boundary=x",
            '--x\r\nContent-Disposition: form-data; name="query"\r\n\r\n{a}\r\n--x--',
        ),
        ("text/plain", '{"query": "{ __typename }"}'),
        ("text/plain; application/json", '{"query": "{ __typename }"}'),
        ("application/graphql", "{ __typename }"),
        (None, '{"query": "{ __typename }"}'),
    ],
)
async def test_a_form_of_another_site_is_refused_unread(owner, client, entered, content_type, body):
    headers = {"Authorization": f"Bearer {owner.secret}"}
    headers |= {} if content_type is None else {"Content-Type": content_type}

    response = await client.post("/graphql", content=body, headers=headers)

    assert response.status_code == 415
    assert entered == []


@pytest.mark.parametrize(
    "body",
    ["[]", '[{"query": "{ __typename }"}]', '[{"query": "{ __typename }"}, {"query": "{ __typename }"}]'],
)
async def test_batches_are_refused(owner, client, entered, body):
    headers = {"Authorization": f"Bearer {owner.secret}", "Content-Type": "application/json"}

    response = await client.post("/graphql", content=body, headers=headers)

    assert response.status_code == 400
    assert entered == []


@pytest.mark.parametrize("accept", ["*/*", "application/graphql-response+json", "text/event-stream"])
async def test_a_mutation_by_get_changes_nothing(owner, client, entered, accept):
    headers = {"Authorization": f"Bearer {owner.secret}", "Accept": accept}
    query = 'mutation { createProject(input: {name: "x"}) { project { id } } }'
    hidden = f"query A {{ viewer {{ role }} }} {query.replace('mutation', 'mutation B')}"

    for params in ({"query": query}, {"query": hidden, "operationName": "B"}):
        response = await client.get("/graphql", params=params, headers=headers)

        assert response.status_code in (405, 200)
        assert response.status_code == 405 or b"cannot be run this way" in response.content
    assert entered == []


async def test_what_is_not_open_to_strangers_is_refused_before_the_executor(client, entered):
    for query in (
        "{ viewer { role } }",
        "{ server { version } viewer { role } }",
        "query { ...F } fragment F on Query { ... { monitors { totalCount } } }",
        'mutation { createProject(input: {name: "x"}) { project { id } } }',
        "subscription { monitorChanged { cursor } }",
    ):
        response = await client.post("/graphql", json={"query": query}, headers=ACCEPT)

        assert response.status_code in (400, 401), query
        assert "data" not in response.json()
    assert entered == []


async def test_what_is_within_bounds_is_run(owner, entered):
    assert await owner.data(doubled(6)) == {"viewer": {"role": "OWNER"}}
    assert len(entered) == 1


async def test_the_cost_is_told_with_the_answer_and_with_the_refusal(owner):
    within = await owner.ask(NAMES, n=10)
    beyond = await owner.ask(GREEDY)

    maximum = GRAPHQL_COST[Plan.ENTERPRISE]
    assert within.body["extensions"] == {"cost": {"requested": 11, "maximum": maximum}}
    requested = 1 + 100 * (1 + 1 + 100 * (1 + 1 + 1 + 100))
    assert beyond.body["extensions"]["cost"]["maximum"] == maximum
    assert beyond.body["extensions"]["cost"]["requested"] == requested
    assert str(requested) in beyond.errors[0]["message"]


@pytest.mark.parametrize(
    ("query", "variables", "cost"),
    [
        ("{ __typename }", {}, 0),
        ("{ viewer { role } }", {}, 1),
        ("{ monitors { totalCount } }", {}, 1),
        ("{ monitors { nodes { id name } } }", {}, 51),
        ("{ monitors(first: 3) { edges { cursor node { id } } pageInfo { hasNextPage } } }", {}, 4),
        ("{ monitors(last: 3) { nodes { project { id } tags { id } } } }", {}, 1 + 3 * (1 + 1 + 10)),
        ("{ monitors(first: 1000) { nodes { id } } }", {}, 101),
        ("{ monitors(first: -5) { nodes { id } } }", {}, 1),
        (NAMES, {"n": 7}, 8),
        (NAMES, {"n": 7_000}, 101),
        (NAMES, {}, 51),
        (NAMES, {"n": None}, 51),
        (NAMES.replace("Int", "Int = 5"), {}, 6),
        ("query ($a: Int, $b: Int) { monitors(first: $a, last: $b) { nodes { id } } }", {"a": 3, "b": 5}, 6),
        ("query ($i: [ID!]!) { nodes(ids: $i) { id } }", {"i": ["a", "b"]}, 2),
        ('{ nodes(ids: ["a", "b", "c"]) { ... on Monitor { project { id } } } }', {}, 6),
        ("{ a: viewer { role } b: viewer { role } }", {}, 2),
    ],
)
async def test_each_object_costs_one(owner, query, variables, cost):
    answer = await owner.ask(query, **variables)

    assert answer.body["extensions"]["cost"]["requested"] == cost


async def test_a_change_costs_ten(owner):
    answer = await owner.ask(
        'mutation { createProject(input: {name: "x"}) { project { id } userErrors { code } } }'
    )

    assert answer.body["extensions"]["cost"]["requested"] == 10 + 1 * 1 + 10


async def test_a_cheaper_plan_affords_less(owner, database, client, clock):
    await owner.fetch("UPDATE workspaces SET plan = 'FREE'")
    query = "{ monitors(first: 100) { nodes { checks(first: 100) { nodes { id } } } } }"

    refused = await owner.ask(query)

    assert (refused.status, refused.codes) == (400, ["QUERY_TOO_COMPLEX"])
    assert refused.body["extensions"]["cost"] == {"requested": 10_201, "maximum": 10_000}
    assert (
        await (await make_tenant(database, client, clock.now(), "bob@example.org")).ask(query)
    ).status == 200


async def test_any_plan_may_ask_for_the_whole_schema(owner, client):
    await owner.fetch("UPDATE workspaces SET plan = 'FREE'")

    for headers in ({}, {"Authorization": f"Bearer {owner.secret}"}):
        answer = await client.post("/graphql", json={"query": get_introspection_query()}, headers=headers)
        assert "errors" not in answer.json()


async def test_what_clients_repeat_is_read_once(owner, monkeypatch):
    validated: list[object] = []
    validate = documents.validate
    monkeypatch.setattr(documents, "validate", lambda *args: validated.append(args) or validate(*args))

    for n in range(3):
        await owner.data(NAMES, n=n)
        await owner.ask("{ nothing }")

    assert len(validated) == 2


def test_what_is_kept_is_bounded_by_number_and_length(installed, monkeypatch):
    class Unread(Documents):
        def _read(self, text):
            return text

    few = Unread(None, None, documents.DocumentLimits(), is_told=True)
    for n in range(MOST_DOCUMENTS + 10):
        few.read(f"{n}")
    long = Unread(None, None, documents.DocumentLimits(), is_told=True)
    for n in range(MOST_KEPT_CHARACTERS // 50_000 + 10):
        long.read(f"{n}".ljust(50_000))

    assert len(few._kept) == MOST_DOCUMENTS
    assert sum(map(len, long._kept)) == long._characters <= MOST_KEPT_CHARACTERS
