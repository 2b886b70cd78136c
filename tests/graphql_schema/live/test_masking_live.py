"""A fault of ours is told to subscribers by its code alone, over both transports."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import asyncpg
import pytest

from core.events.feed import Feed
from graphql_schema.live.types import MonitorChange
from graphql_schema.loaders import Reads
from graphql_schema.projects.types import Project
from tests.graphql_schema.live.clients import Api

SECRET = "/srv/app/secret.py: SELECT password_hash FROM users WHERE token = 'hunter2'"
QUERY = "{ projects { nodes { name } } }"
# Everything after the beginning: a change that is there already is delivered at once.
FOLLOW = "subscription ($after: String) { monitorChanged(after: $after) { change monitor { name } } }"

FAULTS = [RuntimeError(SECRET), asyncpg.UndefinedTableError(SECRET), OSError(2, SECRET, SECRET)]
PLACES = {
    "a resolver of a query": (Project, "of", QUERY),
    "the reads of a query": (Reads, "once", QUERY),
    "the beginning of a subscription": (Feed, "follow", FOLLOW),
    "a delivery": (MonitorChange, "of", FOLLOW),
    "the reads of a delivery": (Reads, "load", FOLLOW),
}


def raises(error: Exception) -> Callable[..., Any]:
    """Return a function that raises."""

    def fail(*_args: Any, **_named: Any) -> Any:
        raise error

    return fail


@pytest.mark.parametrize("transport", ["socket", "events"])
@pytest.mark.parametrize("place", PLACES)
async def test_nothing_of_a_fault_leaves(
    api: Api, owner: Any, monkeypatch: pytest.MonkeyPatch, place: str, transport: str
) -> None:
    holder, name, document = PLACES[place]
    cursor = (await owner.data("{ eventCursor }"))["eventCursor"]
    change = {"workspace_id": owner.workspace_id, "subject": "MONITOR", "change": "UPDATED", "status": 1}
    await owner.insert("events", subject_id=await owner.add_monitor(), at=owner.now, **change)
    for fault in FAULTS:
        with monkeypatch.context() as patched:
            patched.setattr(holder, name, raises(fault))
            told = await _first(api, transport, owner.secret, document, cursor)

        assert {error["extensions"]["code"] for error in told} <= {"INTERNAL", "UNAVAILABLE"}
        assert told != []
        for trace in ("hunter2", "secret.py", "password_hash", "Traceback", "asyncpg", "Error("):
            assert trace not in str(told)


async def _first(api: Api, transport: str, secret: str, document: str, after: str) -> list[dict[str, Any]]:
    """Return the errors of the first that is told."""
    variables = {"after": after} if "$after" in document else {}
    if transport == "socket":
        async with api.socket(secret) as socket:
            await socket.subscribe(document, **variables)
            payload = (await socket.hear())["payload"]
    else:
        async with api.events(secret, document, **variables) as events:
            _, payload = await events.hear()
    errors: list[dict[str, Any]] = payload if isinstance(payload, list) else payload["errors"]
    return errors
