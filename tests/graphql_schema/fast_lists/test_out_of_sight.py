"""What is in other projects makes no difference to a member who is confined: his answers are the same without it."""

from __future__ import annotations

import random

import pytest

from core.access.principal import Principal
from core.ids import Prefix, decode_id
from tests.graphql_schema.fast_lists.documents import Documents

ROUNDS = 40

# What hangs on monitors and incidents, before these.
_OF_MONITORS = ("checks", "check_details", "pings", "heartbeats", "status_intervals", "monitor_states")
_OF_INCIDENTS = ("incident_events", "alert_decisions")


async def _ids_in_sight(owner, everything, project_id) -> dict[str, list[str]]:
    """Return the ids that a member confined to the project may know, by prefix."""
    seen = {
        Prefix.PROJECT: [project_id],
        Prefix.MONITOR: await _column(owner, "SELECT id FROM monitors WHERE project_id = $1", project_id),
        Prefix.CHECK: await _column(
            owner,
            "SELECT id FROM checks WHERE monitor_id IN (SELECT id FROM monitors WHERE project_id = $1)",
            project_id,
        ),
        Prefix.INCIDENT: await _column(
            owner,
            "SELECT id FROM incidents WHERE monitor_id IN (SELECT id FROM monitors WHERE project_id = $1)",
            project_id,
        ),
    }
    return {
        prefix: [
            public_id
            for public_id in public_ids
            if prefix in {"nc", "tag"} or decode_id(Prefix(prefix), public_id) in seen.get(prefix, ())
        ]
        or ["mon_unknown"]
        for prefix, public_ids in everything.items()
    }


async def _column(owner, sql: str, *arguments) -> list:
    return [row[0] for row in await owner.fetch(sql, *arguments)]


async def _remove_the_rest(owner, project_id) -> None:
    """Remove everything about monitors of other projects, and the projects; channels are the workspace's."""
    async with owner.database.transaction() as connection:
        gone = "SELECT id FROM monitors WHERE project_id <> $1"
        for table in _OF_MONITORS:
            await connection.execute(f"DELETE FROM {table} WHERE monitor_id IN ({gone})", project_id)
        incidents = f"SELECT id FROM incidents WHERE monitor_id IN ({gone})"
        for table in _OF_INCIDENTS:
            await connection.execute(f"DELETE FROM {table} WHERE incident_id IN ({incidents})", project_id)
        await connection.execute(
            f"DELETE FROM deliveries WHERE incident_id IS NULL OR webhook_id IS NOT NULL"
            f" OR incident_id IN ({incidents})",
            project_id,
        )
        await connection.execute(f"DELETE FROM incidents WHERE monitor_id IN ({gone})", project_id)
        for table in ("monitor_regions", "monitor_tags"):
            await connection.execute(f"DELETE FROM {table} WHERE monitor_id IN ({gone})", project_id)
        await connection.execute("DELETE FROM monitors WHERE project_id <> $1", project_id)
        await connection.execute("DELETE FROM tags WHERE id NOT IN (SELECT tag_id FROM monitor_tags)")
        await connection.execute("DELETE FROM projects WHERE id <> $1", project_id)


@pytest.mark.parametrize("seed", range(4))
async def test_answers_are_the_same_without_what_is_out_of_sight(
    fast, owner, confined: Principal, everything, seed
):
    (project_id,) = confined.project_ids or ()
    await owner.insert(
        "tags", id=owner.next_id(), workspace_id=owner.workspace_id, name="worn by none in sight"
    )
    # An incident that began where the monitor was before, and one that began here of a monitor that has left.
    ids = await _ids_in_sight(owner, everything, project_id)
    made = Documents(schema=fast.schema._schema, chance=random.Random(seed), ids=ids)
    documents = [made.document() for _ in range(ROUNDS)]

    before = [await fast.ask(document, confined) for document in documents]
    await _remove_the_rest(owner, project_id)
    after = [await fast.ask(document, confined) for document in documents]

    for document, one, other in zip(documents, before, after, strict=True):
        assert one.body.decode() == other.body.decode(), document
    assert sum(each.has_run for each in before) > ROUNDS * 0.3
