"""Who belongs to another workspace and knows every id of ours: he changes nothing here and is told nothing."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from core.access.grants import ALL_GRANTS
from core.access.principal import Role
from core.access.rights import MUTATIONS, Asker
from core.ids import Prefix, encode_id
from tests.graphql_schema.conftest import Tenant
from tests.graphql_schema.personas import Persona, Place, made, signed_in
from tests.graphql_schema.samples import MARK, SAMPLES, World, mutation_document

Contents = dict[str, list[Any]]


@pytest.fixture
async def world(owner: Tenant) -> World:
    return World(tenant=owner, project_id=await owner.add_project(MARK))


@pytest.fixture
async def strangers(stranger: Tenant) -> list[Persona]:
    """Two who may do everything in their workspace, one signed in and one by a token; requests are leased."""
    found = await made(stranger, [Place(role=Role.OWNER), Place(role=Role.OWNER, grants=ALL_GRANTS)])
    for persona in found:
        assert (await persona.ask(stranger, "{ viewer { role } }")).data
    return found


def of_others_than(strangers: list[Persona], contents: Contents) -> Contents:
    """Leave out the rows that name the strangers or their workspace: there they may change what they like.

    Attempts to be let in are counted under a digest of who makes them.
    """
    own = {
        str(each) for one in strangers if (who := one.principal) for each in (who.workspace_id, who.user_id)
    }
    return {
        table: [row for row in rows if not any(each in json.dumps(row) for each in own)]
        for table, rows in contents.items()
        if table != "attempts"
    }


async def test_no_change_of_a_stranger_touches_another_workspace(
    world: World, strangers: list[Persona], contents: Callable[[], Awaitable[Contents]]
) -> None:
    teammate = await signed_in(world.tenant, Role.OWNER)
    for name in (name for name, right in MUTATIONS.items() if right.asker is not Asker.ANYBODY):
        wanted = await SAMPLES[name](world, teammate)
        before = of_others_than(strangers, await contents())
        for persona in strangers:
            answer = await persona.ask(world.tenant, mutation_document(name), {"input": wanted})
            assert answer.data, name
            assert MARK not in answer.response.text, (name, persona.name)
        assert of_others_than(strangers, await contents()) == before, name


async def test_a_stranger_is_shown_nothing_of_another_workspace_by_id_or_in_lists(
    world: World, strangers: list[Persona]
) -> None:
    teammate = await signed_in(world.tenant, Role.OWNER)
    ids = [
        await world.monitor(),
        await world.heartbeat(),
        await world.incident(),
        await world.channel(),
        await world.webhook(),
        await world.delivery(teammate),
        await world.member(),
        await world.invitation(),
        await world.token(),
        encode_id(Prefix.PROJECT, world.project_id),
        encode_id(Prefix.WORKSPACE, world.tenant.workspace_id),
    ]
    lists = "".join(
        f"{name} {{ nodes {{ id }} }} "
        for name in ("projects", "monitors", "incidents", "channels", "webhooks", "deliveries", "apiTokens")
    )
    document = (
        f"query ($ids: [ID!]!) {{ nodes(ids: $ids) {{ id }} {lists} members {{ id }} invitations {{ id }} }}"
    )

    for persona in strangers:
        answer = await persona.ask(world.tenant, document, {"ids": ids})
        assert answer.data["nodes"] == [None] * len(ids)
        assert not any(each in answer.response.text for each in ids), persona.name
