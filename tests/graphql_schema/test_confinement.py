"""A member who is confined to projects sees and changes what is in them, and learns nothing of the rest."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import UUID

import pytest

from core.access.principal import Role
from core.ids import Prefix, encode_id
from core.monitors.status import MonitorStatus
from tests.graphql_schema.conftest import Tenant
from tests.graphql_schema.personas import Persona, signed_in
from tests.graphql_schema.samples import MARK, SAMPLES, SCHEMA, World, mutation_document

NODE = "query ($id: ID!) { found: node(id: $id) { __typename id } }"
NODES = "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }"
LISTS = """
{ projects { totalCount nodes { name status monitors { totalCount nodes { name } } } }
  monitors { totalCount nodes { name project { name } tags { name monitorCount } openIncident { number }
    channels { enabled channel { name } } } }
  incidents { totalCount nodes { number monitor { name } alertDecisions { totalCount nodes { delivery { recipient } } }
    checks { totalCount } timeline { totalCount } } }
  deliveries { totalCount nodes { recipient incident { number } } }
  channels { totalCount nodes { name monitor { name } deliveries { totalCount nodes { recipient } } } }
  tags { name monitorCount } regions { key } }
"""


@dataclass(kw_only=True)
class Zoo:
    """A workspace of two projects, a member who sees one of them, and public ids of each side by type."""

    owner: Tenant
    member: Tenant
    project_id: UUID
    inside: dict[str, str]
    outside: dict[str, str]


@pytest.fixture
async def zoo(owner: Tenant) -> Zoo:
    project_id = await owner.add_project("Zoo")
    member = await owner.add_token(role=Role.MEMBER, confined_to=[project_id])
    channel_id = await owner.add_channel("Birds")
    webhook_id = await owner.add_webhook()
    tags = [owner.next_id() for _ in range(2)]
    for tag_id, name in zip(tags, ("animals", "offices"), strict=True):
        await owner.insert("tags", id=tag_id, workspace_id=owner.workspace_id, name=name)
    inside = await _side(owner, project_id, "Ant", channel_id, [tags[0]], MonitorStatus.UP)
    outside = await _side(owner, owner.project_id, MARK, channel_id, tags, MonitorStatus.DOWN)
    await owner.add_delivery(channel_id=channel_id, event="TEST", recipient="a test")
    for incident in (inside, outside):
        await owner.add_delivery(webhook_id=webhook_id, incident_id=incident["incident"], recipient="a hook")
    return Zoo(
        owner=owner,
        member=member,
        project_id=project_id,
        inside=_public(inside | {"project": project_id, "tag": tags[0]}),
        outside=_public(outside | {"project": owner.project_id, "tag": tags[1]}),
    )


async def _side(
    owner: Tenant,
    project_id: UUID,
    name: str,
    channel_id: UUID,
    tags: list[UUID],
    status: MonitorStatus,
) -> dict[str, UUID]:
    """Add a monitor with all that hangs on it; its incident began in the other project."""
    monitor_id = await owner.add_monitor(name, project_id=project_id, status=status)
    (check_id,) = await owner.add_checks(monitor_id, [timedelta(minutes=1)])
    incident_id = await owner.add_incident(
        monitor_id, 1 if name == MARK else 2, timedelta(hours=1), project_id=owner.next_id()
    )
    delivery_id = await owner.add_delivery(channel_id=channel_id, incident_id=incident_id, recipient=name)
    named = {"workspace_id": owner.workspace_id}
    await owner.insert(
        "incident_events",
        id=owner.next_id(),
        incident_id=incident_id,
        at=owner.now,
        kind="NOTE",
        message=name,
        **named,
    )
    await owner.insert(
        "alert_decisions",
        id=owner.next_id(),
        incident_id=incident_id,
        at=owner.now,
        step="ROUTE",
        outcome="NOTIFY",
        reason=name,
        channel_id=channel_id,
        delivery_id=delivery_id,
        **named,
    )
    for tag_id in tags:
        await owner.insert("monitor_tags", monitor_id=monitor_id, tag_id=tag_id, **named)
    await owner.link_channel(channel_id, [monitor_id], place=2, is_enabled=False)
    return {
        "monitor": monitor_id,
        "check": check_id,
        "incident": incident_id,
        "delivery": delivery_id,
        "channel": await owner.add_own_channel(monitor_id, f"Pager of {name}"),
    }


def _public(ids: dict[str, UUID]) -> dict[str, str]:
    prefixes = {
        "monitor": Prefix.MONITOR,
        "check": Prefix.CHECK,
        "incident": Prefix.INCIDENT,
        "delivery": Prefix.DELIVERY,
        "channel": Prefix.CHANNEL,
        "project": Prefix.PROJECT,
        "tag": Prefix.TAG,
    }
    return {name: encode_id(prefixes[name], each) for name, each in ids.items()}


async def test_lists_hold_what_is_in_sight_and_count_nothing_else(zoo) -> None:
    answer = await zoo.member.ask(LISTS)

    assert answer.data == {
        "projects": {
            "totalCount": 1,
            "nodes": [
                {"name": "Zoo", "status": "UP", "monitors": {"totalCount": 1, "nodes": [{"name": "Ant"}]}}
            ],
        },
        "monitors": {
            "totalCount": 1,
            "nodes": [
                {
                    "name": "Ant",
                    "project": {"name": "Zoo"},
                    "tags": [{"name": "animals", "monitorCount": 1}],
                    "openIncident": {"number": "INC-2026-0002"},
                    "channels": [
                        {"enabled": True, "channel": {"name": "Pager of Ant"}},
                        {"enabled": False, "channel": {"name": "Birds"}},
                    ],
                }
            ],
        },
        "incidents": {
            "totalCount": 1,
            "nodes": [
                {
                    "number": "INC-2026-0002",
                    "monitor": {"name": "Ant"},
                    "alertDecisions": {"totalCount": 1, "nodes": [{"delivery": {"recipient": "Ant"}}]},
                    "checks": {"totalCount": 1},
                    "timeline": {"totalCount": 1},
                }
            ],
        },
        "deliveries": {
            "totalCount": 1,
            "nodes": [{"recipient": "Ant", "incident": {"number": "INC-2026-0002"}}],
        },
        "channels": {
            "totalCount": 2,
            "nodes": [
                {
                    "name": "Birds",
                    "monitor": None,
                    "deliveries": {"totalCount": 1, "nodes": [{"recipient": "Ant"}]},
                },
                {
                    "name": "Pager of Ant",
                    "monitor": {"name": "Ant"},
                    "deliveries": {"totalCount": 0, "nodes": []},
                },
            ],
        },
        "tags": [{"name": "animals", "monitorCount": 1}],
        "regions": [{"key": "local"}],
    }
    assert MARK not in answer.response.text


async def test_an_owner_sees_all_of_it(zoo) -> None:
    data = await zoo.owner.data(LISTS)

    counts = {name: data[name]["totalCount"] for name in ("projects", "monitors", "incidents", "deliveries")}
    assert counts == {"projects": 2, "monitors": 2, "incidents": 2, "deliveries": 5}
    assert data["channels"]["totalCount"] == 3
    assert data["tags"] == [{"name": "animals", "monitorCount": 2}, {"name": "offices", "monitorCount": 1}]


async def test_a_member_confined_to_no_project_that_is_left_sees_nothing(zoo) -> None:
    nobody = await zoo.owner.add_token(role=Role.MEMBER, confined_to=[])

    data = await nobody.data(LISTS)

    assert [data[name]["totalCount"] for name in ("projects", "monitors", "incidents", "deliveries")] == [
        0
    ] * 4
    assert data["tags"] == []
    assert data["channels"]["nodes"] == [
        {"name": "Birds", "monitor": None, "deliveries": {"totalCount": 0, "nodes": []}}
    ]


async def test_a_filter_by_what_is_out_of_sight_matches_nothing(zoo) -> None:
    document = """query ($monitor: ID, $project: ID, $incident: ID, $lastProject: ID) {
      byMonitor: incidents(filter: {monitorId: $monitor}) { totalCount }
      byProject: incidents(filter: {projectId: $project}) { totalCount }
      byLastProject: incidents(filter: {projectId: $lastProject}) { totalCount }
      monitors(filter: {projectId: $project}) { totalCount }
      byTag: monitors(filter: {tag: "offices"}) { totalCount }
      byName: monitors(filter: {search: "Zanzibar"}) { totalCount }
      deliveries(filter: {incidentId: $incident}) { totalCount } }"""
    (began,) = await zoo.owner.fetch("SELECT project_id FROM incidents WHERE number = 2")
    last = encode_id(Prefix.PROJECT, began["project_id"])
    asked = {name: zoo.outside[name] for name in ("monitor", "project", "incident")}

    data = await zoo.member.data(document, lastProject=last, **asked)
    whole = await zoo.owner.data(document, lastProject=last, **asked)

    assert {name: found["totalCount"] for name, found in data.items()} == dict.fromkeys(data, 0)
    assert whole["byLastProject"]["totalCount"] == 1
    assert whole["deliveries"]["totalCount"] == 2


CODES = {
    "project": "PROJECT_SCOPE_FORBIDDEN",
    "monitor": "DEVICE_SCOPE_FORBIDDEN",
    "check": "DEVICE_SCOPE_FORBIDDEN",
    "incident": "DEVICE_SCOPE_FORBIDDEN",
    "delivery": "DEVICE_SCOPE_FORBIDDEN",
    "channel": "DEVICE_SCOPE_FORBIDDEN",
}


@pytest.mark.parametrize(("kind", "code"), CODES.items())
async def test_what_is_out_of_sight_is_refused_by_its_id_and_what_is_unknown_is_not(
    zoo, stranger, kind: str, code: str
) -> None:
    documents = [NODE]
    if kind in ("project", "monitor", "incident"):
        documents.append(f"query ($id: ID!) {{ found: {kind}(id: $id) {{ id }} }}")
    prefix = zoo.inside[kind].split("_")[0]
    unknown = [f"{prefix}_{'0' * 25}1", f"{prefix}_zzzz", ""]

    for document in documents:
        assert (await zoo.member.data(document, id=zoo.inside[kind]))["found"]["id"] == zoo.inside[kind]
        refused = await zoo.member.ask(document, id=zoo.outside[kind])
        assert (refused.body["data"], refused.codes) == ({"found": None}, [code])
        assert refused.errors[0]["path"] == ["found"]
        for public_id in unknown:
            assert (await zoo.member.ask(document, id=public_id)).body == {
                "data": {"found": None},
                "extensions": refused.body["extensions"],
            }
        # Another workspace's is unknown, to him as to everybody.
        foreigner = await stranger.add_token(role=Role.MEMBER, confined_to=[stranger.project_id])
        for public_id in (zoo.inside[kind], zoo.outside[kind]):
            assert (await foreigner.data(document, id=public_id))["found"] is None


async def test_each_node_out_of_sight_is_refused_at_its_place(zoo) -> None:
    kinds = list(CODES)
    ids = [side[kind] for kind in kinds for side in (zoo.inside, zoo.outside)] + ["mon_zzzz"]

    answer = await zoo.member.ask(NODES, ids=ids)

    found = [None if node is None else node["id"] for node in answer.body["data"]["nodes"]]
    assert found == [each for kind in kinds for each in (zoo.inside[kind], None)] + [None]
    assert [(error["path"], error["extensions"]["code"]) for error in answer.errors] == [
        (["nodes", 2 * place + 1], CODES[kind]) for place, kind in enumerate(kinds)
    ]
    assert MARK not in answer.response.text


async def test_a_tag_that_none_in_sight_wears_is_like_none(zoo) -> None:
    assert (await zoo.member.data(NODE, id=zoo.inside["tag"]))["found"] is not None
    assert (await zoo.member.data(NODE, id=zoo.outside["tag"]))["found"] is None


async def test_messages_to_webhooks_and_tests_are_not_for_confined_members(zoo) -> None:
    of_hook, test = (
        encode_id(Prefix.DELIVERY, row["id"])
        for row in (
            *await zoo.owner.fetch(
                "SELECT d.id FROM deliveries AS d JOIN incidents AS i ON i.id = d.incident_id"
                " WHERE d.webhook_id IS NOT NULL AND i.number = 2"
            ),
            *await zoo.owner.fetch("SELECT id FROM deliveries WHERE event = 'TEST'"),
        )
    )

    assert (await zoo.member.data(NODE, id=of_hook))["found"] is None
    assert (await zoo.member.ask(NODE, id=test)).codes == ["DEVICE_SCOPE_FORBIDDEN"]
    assert (await zoo.member.ask("{ webhooks { totalCount } }")).codes == ["FORBIDDEN"]


async def test_a_monitor_that_moves_takes_its_history_along(zoo) -> None:
    document = "{ monitors { nodes { name } } incidents { nodes { number } } deliveries { totalCount } }"
    await zoo.owner.fetch("UPDATE monitors SET project_id = $1", zoo.owner.project_id)
    assert (await zoo.member.ask(NODE, id=zoo.inside["check"])).codes == ["DEVICE_SCOPE_FORBIDDEN"]
    assert await zoo.member.data(document) == {
        "monitors": {"nodes": []},
        "incidents": {"nodes": []},
        "deliveries": {"totalCount": 0},
    }

    await zoo.owner.fetch("UPDATE monitors SET project_id = $1", zoo.project_id)
    data = await zoo.member.data(document)
    assert (len(data["monitors"]["nodes"]), len(data["incidents"]["nodes"])) == (2, 2)
    assert data["deliveries"]["totalCount"] == 2


async def test_two_members_of_one_workspace_see_each_his_own_in_the_same_operation(zoo) -> None:
    other = await zoo.owner.add_token(role=Role.VIEWER, confined_to=[zoo.owner.project_id])
    for _ in range(2):
        for who, names in ((zoo.member, ["Ant"]), (other, [MARK]), (zoo.owner, ["Ant", MARK])):
            nodes = (await who.data("{ monitors(first: 9) { nodes { name } } }"))["monitors"]["nodes"]
            assert [node["name"] for node in nodes] == names


async def test_a_list_costs_a_confined_member_no_more_statements(zoo, watched) -> None:
    async def sent_by(who: Tenant) -> list[str]:
        await who.data(LISTS)
        watched.statements.clear()
        await who.data(LISTS)
        return [each for each in watched.statements if "api_tokens" not in each]

    assert sorted(await sent_by(zoo.member)) == sorted(await sent_by(zoo.owner))


# Of each change of what is in projects: the code with which a confined member is refused out of sight, and where.
DEVICE = "DEVICE_SCOPE_FORBIDDEN"
REFUSED = {
    "createProject": ("SHARED_ACCOUNT_WRITE_FORBIDDEN", []),
    "updateProject": ("PROJECT_SCOPE_FORBIDDEN", ["id"]),
    "deleteProject": ("SHARED_ACCOUNT_WRITE_FORBIDDEN", []),
    "createMonitor": ("PROJECT_SCOPE_FORBIDDEN", ["projectId"]),
    "checkNow": (DEVICE, ["monitorIds", "0"]),
    "setTags": (DEVICE, ["monitorIds", "0"]),
    "redeliver": ("SHARED_ACCOUNT_WRITE_FORBIDDEN", []),
    **dict.fromkeys(
        (
            *("updateMonitor", "deleteMonitor", "pauseMonitor", "resumeMonitor", "rotateHeartbeatUrl"),
            *("acknowledgeIncident", "resolveIncident", "addIncidentNote", "setRootCause"),
        ),
        (DEVICE, ["id"]),
    ),
}
OF_THE_WORKSPACE = ("createProject", "deleteProject", "redeliver")


def test_every_change_of_what_is_in_projects_is_tried() -> None:
    assert SCHEMA.mutation_type is not None
    words = ("Project", "Monitor", "Heartbeat", "Incident", "RootCause", "checkNow", "setTags", "redeliver")

    assert set(REFUSED) == {
        name for name in SCHEMA.mutation_type.fields if any(word in name for word in words)
    }


@dataclass(kw_only=True)
class Sides:
    """The same world within sight of somebody, and out of it."""

    member: Persona
    inside: World
    outside: World


@pytest.fixture
async def sides(owner: Tenant) -> Sides:
    inside = World(tenant=owner, project_id=await owner.add_project("Zoo"))
    outside = replace(inside, project_id=await owner.add_project(MARK), numbers=itertools.count(1_000))
    member = await signed_in(owner, Role.MEMBER, confined_to=[inside.project_id])
    assert (await member.ask(owner, "{ viewer { role } }")).data
    return Sides(member=member, inside=inside, outside=outside)


@pytest.mark.parametrize("name", REFUSED)
async def test_a_change_out_of_sight_is_refused_and_leaves_no_trace(sides, contents, name: str) -> None:
    sample = await SAMPLES[name](sides.outside, sides.member)
    before = await contents()

    answer = await sides.member.ask(sides.outside.tenant, mutation_document(name), {"input": sample})

    (error,) = answer.data[name]["userErrors"]
    assert (error["code"], error["path"]) == REFUSED[name]
    assert MARK not in answer.response.text
    assert await contents() == before


@pytest.mark.parametrize("name", [name for name in REFUSED if name not in OF_THE_WORKSPACE])
async def test_the_same_change_in_sight_is_made(sides, name: str) -> None:
    sample = await SAMPLES[name](sides.inside, sides.member)

    answer = await sides.member.ask(sides.inside.tenant, mutation_document(name), {"input": sample})

    assert answer.data[name]["userErrors"] == []
