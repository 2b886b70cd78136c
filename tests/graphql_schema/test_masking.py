"""Whatever goes wrong in whichever layer, nothing of it leaves: no text, no SQL, no path, no trace."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import asyncpg
import pytest

from core.access.token_authentication import TokenAuthentication
from core.monitors.project_service import ProjectService
from graphql_schema import endpoint
from graphql_schema.admission import Admission
from graphql_schema.documents import Documents
from graphql_schema.loaders import Reads
from graphql_schema.pagination import RowPage
from graphql_schema.projects.types import Project
from graphql_schema.server.queries import ServerInfo
from tests.graphql_schema.live.clients import Events

SECRET = "/srv/app/secret.py: SELECT password_hash FROM users WHERE token = 'hunter2'"
QUERY = "{ projects { nodes { name monitors { totalCount } } } server { version } }"
CHANGE = 'mutation { createProject(input: {name: "x"}) { project { id } userErrors { code message } } }'


def raises(error: Exception) -> Callable[..., Any]:
    """Return a function that raises."""

    def fail(*_args: Any, **_named: Any) -> Any:
        raise error

    return fail


FAULTS = [
    RuntimeError(SECRET),
    KeyError(SECRET),
    asyncpg.UndefinedTableError(SECRET),
    OSError(2, SECRET, SECRET),
    RecursionError(SECRET),
    UnicodeDecodeError("utf-8", SECRET.encode(), 0, 1, SECRET),
]

LAYERS = {
    "authentication": (TokenAuthentication, "authenticate", QUERY),
    "admission": (Admission, "admit", QUERY),
    "documents": (Documents, "read", QUERY),
    "reads": (Reads, "load", QUERY),
    "a page": (RowPage, "object_of", QUERY),
    "an object": (Project, "of", QUERY),
    "a read of its own": (Reads, "once", QUERY),
    "a resolver": (ServerInfo, "__init__", QUERY),
    "a service": (ProjectService, "create", CHANGE),
}


@pytest.mark.parametrize("layer", LAYERS)
async def test_no_fault_of_any_layer_is_told(owner, monkeypatch, caplog, layer):
    holder, name, query = LAYERS[layer]
    for fault in FAULTS:
        caplog.clear()
        with monkeypatch.context() as patched:
            patched.setattr(holder, name, raises(fault))
            answer = await owner.ask(query)

        _tells_nothing(answer.response)
        assert set(answer.codes) <= {"INTERNAL", "UNAVAILABLE"}
        is_logged = any(record.message == "graphql.failed" for record in caplog.records)
        assert is_logged or "UNAVAILABLE" in answer.codes


async def test_a_table_that_is_gone_is_not_named(owner):
    await owner.fetch("ALTER TABLE projects RENAME TO hidden_elsewhere")

    for query in (QUERY, CHANGE):
        answer = await owner.ask(query)

        assert set(answer.codes) == {"INTERNAL"}
        assert {error["message"] for error in answer.errors} == {"internal error"}
        _tells_nothing(answer.response)
        assert "projects" not in str([error["message"] for error in answer.errors])


async def test_an_answer_that_cannot_be_written_is_masked(owner, monkeypatch):
    written = endpoint.Result.body.fget
    spoilt = [True]

    def body(result):
        return {"data": {SECRET: object()}} if spoilt and spoilt.pop() else written(result)

    monkeypatch.setattr(endpoint.Result, "body", property(body))

    answer = await owner.ask("{ __typename }")

    assert (answer.status, answer.codes) == (500, ["INTERNAL"])
    _tells_nothing(answer.response)


async def test_a_fault_in_a_stream_of_events_is_not_told(owner, client, monkeypatch):
    monkeypatch.setattr(Project, "of", raises(RuntimeError(SECRET)))
    headers = {"Authorization": f"Bearer {owner.secret}", "Accept": "text/event-stream"}

    async with client.stream("GET", "/graphql", params={"query": QUERY}, headers=headers) as response:
        kind, payload = await Events(response).hear()

    assert kind == "next"
    assert {error["extensions"]["code"] for error in payload["errors"]} == {"INTERNAL"}
    assert "hunter2" not in str(payload)


def _tells_nothing(response: Any) -> None:
    for trace in (
        "hunter2",
        "secret.py",
        "password_hash",
        "Traceback",
        "asyncpg",
        "Error(",
        "hidden_elsewhere",
    ):
        assert trace not in response.text
        assert trace not in str(response.headers)


@pytest.mark.parametrize(
    "given",
    [
        {"emial": "ada@example.org", "password": "hunter2"},
        {"email": "ada@example.org", "password": ["hunter2"]},
        {"email": "ada@example.org", "password": "hunter2", "more, found: ": 1},
        {"password": "hunter2"},
        "hunter2",
        ["hunter2"],
    ],
    ids=str,
)
@pytest.mark.parametrize("is_written_out", [False, True])
async def test_a_password_that_was_sent_with_a_slip_is_not_quoted(owner, given, is_written_out):
    document = "mutation ($input: SignInInput!) { signIn(input: $input) { viewer { role } } }"
    if is_written_out:
        literal = re.sub(r"'([A-Za-z]+)':", r"\1:", str(given)).replace("'", '"')
        document = f"mutation {{ signIn(input: {literal}) {{ viewer {{ role }} }} }}"
    answer = await owner.ask(document, **({} if is_written_out else {"input": given}))

    assert set(answer.codes) == {"INVALID_INPUT"}
    assert "hunter2" not in str([error["message"] for error in answer.errors])
