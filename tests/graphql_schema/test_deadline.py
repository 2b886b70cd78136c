"""An operation that takes too long is given up, and leaves nothing behind."""

from __future__ import annotations

import asyncio
import dataclasses

import pytest

from core.ids import Prefix, encode_id
from core.services import Services


@pytest.fixture
def services(services: Services) -> Services:
    """Services that give an operation one second."""
    return dataclasses.replace(services, settings=dataclasses.replace(services.settings, graphql_seconds=1))


async def _nothing_waits(owner) -> None:
    async with asyncio.timeout(30):
        while await owner.fetch(
            "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        ):
            await asyncio.sleep(0.01)


async def _all_are_back(pool) -> None:
    async with asyncio.timeout(30):
        while pool.get_idle_size() != pool.get_size():
            await asyncio.sleep(0.01)


@pytest.mark.parametrize(
    "query",
    [
        "{ monitors { nodes { id } } projects { nodes { id } } }",
        "{ projects { nodes { monitors { nodes { project { id } } } } } }",
    ],
    ids=["at the root", "below a list"],
)
async def test_a_query_that_takes_too_long_is_given_up_and_its_connection_is_back(owner, watched, query):
    await owner.data("{ viewer { role } }")
    async with owner.database.acquire() as holder, holder.transaction():
        await holder.execute("LOCK monitors IN ACCESS EXCLUSIVE MODE")
        answer = await owner.ask(query)
        await _nothing_waits(owner)

    assert (answer.status, answer.codes) == (503, ["UNAVAILABLE"])
    assert answer.errors[0]["message"] == "the operation took longer than 1 s and was given up"
    assert "data" not in answer.body
    await _all_are_back(watched.pool)
    assert await owner.data(query)


async def test_a_change_that_takes_too_long_is_undone_and_says_that_it_may_not_be(owner, watched):
    project_id = encode_id(Prefix.PROJECT, await owner.add_project())
    async with owner.database.acquire() as holder, holder.transaction():
        await holder.execute("LOCK projects IN ACCESS EXCLUSIVE MODE")
        answer = await owner.ask(
            'mutation ($id: ID!) { updateProject(input: {id: $id, name: "B"}) { userErrors { code } } }',
            id=project_id,
        )
        await _nothing_waits(owner)

    assert (answer.status, answer.codes) == (503, ["UNAVAILABLE"])
    assert answer.errors[0]["message"].endswith("whether it changed anything is not known")
    await _all_are_back(watched.pool)
    names = [row["name"] for row in await owner.fetch("SELECT name FROM projects ORDER BY name")]
    assert names == ["A project", "Default"]
