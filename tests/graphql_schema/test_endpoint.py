"""What the route answers, whatever comes in."""

from __future__ import annotations

import logging
from datetime import timedelta

import msgspec
import pytest

from core.access.principal import Grant, TokenPermission, TokenScope
from core.bounded_body import MOST_BODY_BYTES
from core.ids import Prefix, encode_id

JSON = {"Content-Type": "application/json"}
SERVER = '{"query": "{ server { version } }"}'


UPDATE = r"updateProject(input: {id: \"x\", revision: %s}) { project { id } }"
CREATE = "mutation ($name: String!) { createProject(input: {name: $name}) { project { id } } }"


def document(query: str, variables: str = "null") -> str:
    """Return a body; the query is JSON text already, so that it may hold what no encoder writes."""
    return f'{{"query": "{query}", "variables": {variables}}}'


def error_of(response) -> dict:
    """Return the one error of an answer that is nothing but an error."""
    body = response.json()
    assert set(body) == {"errors"}
    (error,) = body["errors"]
    assert set(error) <= {"message", "extensions", "locations", "path"}
    return error


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        ('{"query": "' + "{ server { version } } " * 450_000 + '"}', JSON, 413),
        ('{"query": "{ server', JSON, 400),
        ("[]", JSON, 400),
        ("{}", JSON, 400),
        ('{"query": 1}', JSON, 400),
        ('{"query": "{ server { version } }", "variables": []}', JSON, 400),
        ("[" * 100_000, JSON, 400),
        (b'{"query": "\xff"}', JSON, 400),
        (SERVER, {"Content-Type": "text/plain"}, 415),
        (SERVER, {"Content-Type": "application/x-www-form-urlencoded"}, 415),
        (SERVER, {}, 415),
        ('{"query": "{ server { version } }", "extensions": []}', JSON, 400),
    ],
)
async def test_what_is_not_a_graphql_request_gets_a_short_json_error(client, body, headers, status):
    response = await client.post("/graphql", content=body, headers=headers)

    assert response.status_code == status
    assert response.headers["content-type"].startswith("application/json")
    assert error_of(response)["extensions"] == {"code": "INVALID_INPUT"}
    assert len(response.content) < 500


@pytest.mark.parametrize(
    "query",
    [
        "query A { server { version } } query B { server { version } }",
        "{ server { version }",
        "{ serfer { version } }",
        "",
        "fragment F on Query { server { version } }",
        "subscription { x }",
    ],
    ids=["which one", "syntax", "validation", "nothing", "no operation", "an unknown subscription"],
)
async def test_what_cannot_be_run_is_a_400_to_those_only_who_know_the_media_type_of_graphql(client, query):
    known = await client.post(
        "/graphql", json={"query": query}, headers={"Accept": "application/graphql-response+json"}
    )
    unknown = await client.post("/graphql", json={"query": query})

    assert (known.status_code, unknown.status_code) == (400, 200)
    assert known.content == unknown.content
    assert error_of(known)["extensions"] == {"code": "INVALID_INPUT"}


async def test_a_variable_that_is_missing_is_a_400_too(client):
    response = await client.post(
        "/graphql",
        json={"query": "query ($name: String!) { __type(name: $name) { name } }"},
        headers={"Accept": "application/graphql-response+json"},
    )

    assert response.status_code == 400
    assert set(response.json()) == {"errors", "extensions"}
    assert response.json()["errors"][0]["extensions"] == {"code": "INVALID_INPUT"}


async def test_a_query_longer_than_the_largest_body_is_refused_even_without_a_length(client):
    async def chunks():
        for _ in range(11):
            yield b" " * (MOST_BODY_BYTES // 10)

    response = await client.post("/graphql", content=chunks(), headers=JSON)

    assert response.status_code == 413


@pytest.mark.parametrize(
    "body",
    [
        document(f"mutation ($n: Int) {{ {UPDATE % '$n'} }}", '{"n": 2147483648}'),
        document(f"mutation {{ {UPDATE % '2147483648'} }}"),
        document(CREATE, r'{"name": "a \ud800 b"}'),
        document(CREATE, r'{"name": "a \udc00 b"}'),
        document(r"mutation { createProject(input: {name: \"a \\ud800 b\"}) { project { id } } }"),
    ],
    ids=["variable", "literal", "high surrogate", "low surrogate", "escape in the document"],
)
async def test_an_int_beyond_32_bits_or_a_lone_surrogate_is_a_400_and_stores_nothing(owner, client, body):
    headers = {
        **JSON,
        "Accept": "application/graphql-response+json",
        "Authorization": f"Bearer {owner.secret}",
    }

    response = await client.post("/graphql", content=body, headers=headers)

    assert response.status_code == 400
    assert response.json().keys() <= {"errors", "extensions"}
    assert response.json()["errors"][0]["extensions"]["code"] == "INVALID_INPUT"
    assert [row["name"] for row in await owner.fetch("SELECT name FROM projects")] == ["Default"]


async def test_whoever_is_not_signed_in_sees_the_server_and_the_kinds_only(client):
    response = await client.post("/graphql", json={"query": "{ server { version } probeKinds { key } }"})

    assert response.status_code == 200
    assert {kind["key"] for kind in response.json()["data"]["probeKinds"]} >= {"http", "heartbeat"}


@pytest.mark.parametrize(
    "query",
    [
        "{ viewer { role } }",
        "{ workspace { name } }",
        "{ monitors { nodes { name } } }",
        "{ tags { name } }",
        '{ node(id: "mon_1") { id } }',
        'mutation { createProject(input: {name: "x"}) { userErrors { code } } }',
    ],
)
async def test_whoever_is_not_signed_in_gets_a_top_level_unauthenticated(client, query):
    response = await client.post("/graphql", json={"query": query})

    assert response.status_code == 401
    assert response.json()["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": "Bearer nobody-knows-this-token-at-all-1234"},
        {"X-API-Key": "nobody-knows-this-token-at-all-1234"},
        {"Authorization": "Basic YTpi"},
        {"Authorization": "Bearer"},
        {"Authorization": "Basic YTpi", "X-API-Key": "nobody-knows-this-token-at-all-1234"},
    ],
)
async def test_wrong_credentials_get_a_top_level_unauthenticated(client, headers):
    response = await client.post("/graphql", json={"query": "{ server { version } }"}, headers=headers)

    assert response.status_code == 401
    assert error_of(response)["extensions"] == {"code": "UNAUTHENTICATED"}


async def test_a_token_past_its_expiry_says_so(owner, client):
    late = await owner.add_token(expires_at=owner.now - timedelta(seconds=1))

    answer = await late.ask("{ server { version } }")

    assert (answer.status, answer.codes) == (401, ["API_TOKEN_EXPIRED"])


@pytest.mark.parametrize("beside", [{}, {"Authorization": ""}, {"Authorization": "  "}])
async def test_a_token_may_come_as_an_api_key(owner, client, beside):
    headers = {"X-API-Key": owner.secret, **beside}

    response = await client.post("/graphql", json={"query": "{ workspace { name } }"}, headers=headers)

    assert response.json()["data"] == {"workspace": {"name": "of ada@example.org"}}


async def test_a_query_may_be_asked_by_get_and_a_mutation_may_not(owner, client):
    headers = {"Authorization": f"Bearer {owner.secret}"}
    variables = msgspec.json.encode({"first": 1}).decode()

    asked = await client.get(
        "/graphql",
        params={
            "query": "query ($first: Int) { projects(first: $first) { nodes { name } } }",
            "variables": variables,
        },
        headers=headers,
    )
    changed = await client.get(
        "/graphql",
        params={"query": 'mutation { createProject(input: {name: "x"}) { project { id } } }'},
        headers=headers,
    )

    assert asked.json()["data"] == {"projects": {"nodes": [{"name": "Default"}]}}
    assert changed.status_code == 405
    assert len(await owner.fetch("SELECT FROM projects")) == 1


async def test_the_media_type_of_the_answer_follows_accept(client):
    headers = {"Accept": "application/graphql-response+json, application/json;q=0.9"}

    response = await client.post("/graphql", json={"query": "{ server { version } }"}, headers=headers)

    assert response.headers["content-type"].startswith("application/graphql-response+json")


async def test_a_fault_of_ours_is_masked_and_logged(owner, services, caplog, monkeypatch):
    monitor_id = await owner.add_monitor(target="a secret target")
    await owner.insert(
        "heartbeats",
        monitor_id=monitor_id,
        workspace_id=owner.workspace_id,
        token="t",
        token_sha256=b"1",
    )
    # A row that no writer of ours makes: the status is outside the enum.
    await owner.fetch("UPDATE monitor_states SET status = 99 WHERE monitor_id = $1", monitor_id)

    answer = await owner.ask(
        "query ($id: ID!) { monitor(id: $id) { project { name status } } }",
        id=encode_id(Prefix.MONITOR, monitor_id),
    )

    assert answer.codes == ["INTERNAL"]
    assert answer.errors[0]["message"] == "internal error"
    assert "99" not in answer.response.text
    assert any(record.message == "graphql.failed" for record in caplog.records)


async def test_a_change_for_which_others_leave_no_room_is_told_to_be_tried_again(
    owner, watched, impatient_database, caplog
):
    caplog.set_level(logging.INFO)
    watched.pool = impatient_database.pool
    project_id = encode_id(Prefix.PROJECT, await owner.add_project())
    async with owner.database.acquire() as holder, holder.transaction():
        await holder.execute("SELECT FROM projects FOR UPDATE")
        answer = await owner.ask(
            'mutation ($id: ID!) { updateProject(input: {id: $id, name: "B"}) { userErrors { code } } }',
            id=project_id,
        )

    assert answer.codes == ["UNAVAILABLE"]
    message = "others are changing the same at the moment: nothing was changed, try again"
    assert [error["message"] for error in answer.errors] == [message]
    assert "transaction.repeats" in {record.message for record in caplog.records}


async def test_what_clients_do_wrong_is_not_logged(owner, caplog):
    await owner.ask("{ nothing }")
    await owner.ask("{ monitors(first: 1000) { nodes { name } } }")

    assert [record for record in caplog.records if record.name != "httpx"] == []


async def test_a_field_that_is_not_granted_is_null_and_forbidden_at_its_path(owner):
    monitor_id = await owner.add_monitor()
    await owner.add_incident(monitor_id, 1, timedelta(hours=1))
    checks_only = await owner.add_token(
        Grant(scope=TokenScope.UPTIME_CHECKS, permission=TokenPermission.READ)
    )

    answer = await checks_only.ask(
        "{ monitors { nodes { name openIncident { number } } } channels { nodes { name } } }"
    )

    assert answer.status == 200
    assert answer.body["data"] == {
        "monitors": {"nodes": [{"name": "A monitor", "openIncident": None}]},
        "channels": None,
    }
    assert [(error["path"], error["extensions"]["code"]) for error in answer.errors] == [
        (["channels"], "FORBIDDEN"),
        (["monitors", "nodes", 0, "openIncident"], "FORBIDDEN"),
    ]
