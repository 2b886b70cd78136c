"""Whoever follows monitors by the ids of another workspace is told of nothing, as of ids that name nothing."""

from __future__ import annotations

import pytest

from core.access.principal import Role
from core.ids import Prefix, encode_id
from tests.graphql_schema.conftest import Tenant
from tests.graphql_schema.live.clients import Api

FOLLOW = """subscription ($after: String, $project: ID, $monitors: [ID!]) {
  monitorChanged(after: $after, projectId: $project, monitorIds: $monitors) { monitorId } }"""
RENAME = 'mutation ($id: ID!) { updateMonitor(input: {id: $id, name: "%s"}) { userErrors { message } } }'
MALFORMED = ("", "mon_", "prj_zzzz", "mon_00000000000000000000000000", "nonsense", "x" * 1_000)


async def rename(tenant: Tenant, monitor: str, name: str) -> None:
    assert await tenant.data(RENAME % name, id=monitor) == {"updateMonitor": {"userErrors": []}}


@pytest.mark.parametrize("who", ["owner", "viewer", "confined member"])
async def test_another_workspaces_ids_are_followed_like_those_of_nothing(
    api: Api, owner: Tenant, stranger: Tenant, who: str
) -> None:
    project_id = await owner.add_project("in sight")
    monitor = encode_id(Prefix.MONITOR, await owner.add_monitor("Ant", project_id=project_id))
    theirs = encode_id(Prefix.MONITOR, await stranger.add_monitor("Zanzibar"))
    places = {
        "owner": {"role": Role.OWNER},
        "viewer": {"role": Role.VIEWER},
        "confined member": {"role": Role.MEMBER, "confined_to": [project_id]},
    }
    asker = await owner.add_token(**places[who])
    cursor = (await owner.data("{ eventCursor }"))["eventCursor"]
    filters: list[dict[str, object]] = [
        {"monitors": [theirs]},
        {"project": encode_id(Prefix.PROJECT, stranger.project_id)},
        {"monitors": [encode_id(Prefix.MONITOR, owner.next_id())]},
        {"project": encode_id(Prefix.PROJECT, owner.next_id())},
        *({"monitors": [public_id]} for public_id in MALFORMED),
        *({"project": public_id} for public_id in MALFORMED),
    ]
    await rename(stranger, theirs, "Zanzibar 2")
    await rename(owner, monitor, "Bee")

    heard = []
    async with api.socket(asker.secret) as socket:
        for place, wanted in enumerate(filters):
            await socket.subscribe(FOLLOW, str(place), after=cursor, **wanted)
        await socket.subscribe(FOLLOW, "own", after=cursor, monitors=[theirs, monitor, *MALFORMED])
        heard.append(await socket.hear())
        # Whatever the others would tell came before this.
        await rename(stranger, theirs, "Zanzibar 3")
        await rename(owner, monitor, "Cat")
        heard.append(await socket.hear())

    told = {"data": {"monitorChanged": {"monitorId": monitor}}}
    assert heard == [{"id": "own", "type": "next", "payload": told}] * 2
