"""Nobody sees another workspace's rows, and what is not granted stays closed."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.access.principal import Grant, Role, TokenPermission, TokenScope
from core.ids import Prefix, encode_id

NODE = "query ($id: ID!) { node(id: $id) { __typename id } }"
NODES = "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }"


async def everything(owner) -> dict[str, str]:
    """Make one of each; return the public ids by type."""
    monitor_id = await owner.add_monitor()
    (check_id,) = await owner.add_checks(monitor_id, [timedelta(minutes=1)])
    incident_id = await owner.add_incident(monitor_id, 1, timedelta(hours=1))
    channel_id, webhook_id = await owner.add_channel(), await owner.add_webhook()
    delivery_id = await owner.add_delivery(channel_id=channel_id)
    tag_id = owner.next_id()
    await owner.insert("tags", id=tag_id, workspace_id=owner.workspace_id, name="t")
    (token,) = await owner.fetch("SELECT id FROM api_tokens WHERE workspace_id = $1", owner.workspace_id)
    (region,) = await owner.fetch("SELECT public_id FROM regions")
    return {
        "Workspace": encode_id(Prefix.WORKSPACE, owner.workspace_id),
        "User": encode_id(Prefix.USER, owner.user_id),
        "ApiToken": encode_id(Prefix.TOKEN, token["id"]),
        "Project": encode_id(Prefix.PROJECT, owner.project_id),
        "Monitor": encode_id(Prefix.MONITOR, monitor_id),
        "Check": encode_id(Prefix.CHECK, check_id),
        "Incident": encode_id(Prefix.INCIDENT, incident_id),
        "Channel": encode_id(Prefix.CHANNEL, channel_id),
        "Webhook": encode_id(Prefix.WEBHOOK, webhook_id),
        "Delivery": encode_id(Prefix.DELIVERY, delivery_id),
        "Tag": encode_id(Prefix.TAG, tag_id),
        "Region": encode_id(Prefix.REGION, region["public_id"]),
    }


async def test_node_finds_whatever_has_an_id_and_a_stranger_finds_none_of_it(owner, stranger):
    ids = await everything(owner)

    for typename, public_id in ids.items():
        assert (await owner.data(NODE, id=public_id))["node"] == {"__typename": typename, "id": public_id}
    found = (await owner.data(NODES, ids=list(ids.values())))["nodes"]
    assert [node["id"] for node in found] == list(ids.values())

    of_nobody = [public_id for typename, public_id in ids.items() if typename != "Region"]
    assert (await stranger.data(NODES, ids=of_nobody))["nodes"] == [None] * len(of_nobody)


@pytest.mark.parametrize(
    "field", ["monitor(id: $id) { id }", "project(id: $id) { id }", "incident(id: $id) { id }"]
)
async def test_an_id_that_is_foreign_malformed_or_of_another_type_answers_null(owner, stranger, field):
    ids = await everything(owner)
    document = f"query ($id: ID!) {{ found: {field} }}"
    own = ids[field[: field.index("(")].capitalize()]

    assert (await owner.data(document, id=own))["found"] == {"id": own}
    assert (await stranger.data(document, id=own))["found"] is None
    for public_id in (
        "",
        "mon_",
        "mon_zzzz",
        "x" * 10_000,
        "inc_" + "z" * 26,
        "mon_é",
        ids["Tag"],
        own.upper(),
    ):
        assert (await owner.data(document, id=public_id))["found"] is None


async def test_a_stranger_lists_nothing_of_the_workspace(owner, stranger):
    await everything(owner)

    data = await stranger.data("""{ monitors { totalCount } incidents { totalCount } tags { id }
      channels { totalCount } webhooks { totalCount } deliveries { totalCount }
      projects { nodes { name monitors { totalCount } } } workspace { name owner { email } }
      viewer { user { email } token { name } workspace { name } role workspaces { name } } }""")

    assert data == {
        "monitors": {"totalCount": 0},
        "incidents": {"totalCount": 0},
        "tags": [],
        "channels": {"totalCount": 0},
        "webhooks": {"totalCount": 0},
        "deliveries": {"totalCount": 0},
        "projects": {"nodes": [{"name": "Default", "monitors": {"totalCount": 0}}]},
        "workspace": {"name": "of charlie@example.org", "owner": {"email": "charlie@example.org"}},
        "viewer": {
            "user": {"email": "charlie@example.org"},
            "token": {"name": "a token"},
            "workspace": {"name": "of charlie@example.org"},
            "role": "OWNER",
            "workspaces": [{"name": "of charlie@example.org"}],
        },
    }


async def test_a_filter_by_a_foreign_id_matches_nothing(owner, stranger):
    ids = await everything(owner)

    data = await stranger.data(
        """query ($monitor: ID, $project: ID, $channel: ID) {
          incidents(filter: {monitorId: $monitor}) { totalCount }
          monitors(filter: {projectId: $project}) { totalCount }
          deliveries(filter: {channelId: $channel}) { totalCount } }""",
        monitor=ids["Monitor"],
        project=ids["Project"],
        channel=ids["Channel"],
    )

    assert {field: value["totalCount"] for field, value in data.items()} == {
        "incidents": 0,
        "monitors": 0,
        "deliveries": 0,
    }


SCOPE_OF_FIELD = {
    "projects { nodes { id } }": TokenScope.UPTIME_CHECKS,
    'project(id: "prj_1") { id }': TokenScope.UPTIME_CHECKS,
    "monitors { nodes { id } }": TokenScope.UPTIME_CHECKS,
    'monitor(id: "mon_1") { id }': TokenScope.UPTIME_CHECKS,
    "tags { id }": TokenScope.UPTIME_CHECKS,
    "regions { id }": TokenScope.UPTIME_CHECKS,
    "incidents { nodes { id } }": TokenScope.INCIDENTS,
    'incident(id: "inc_1") { id }': TokenScope.INCIDENTS,
    "channels { nodes { id } }": TokenScope.NOTIFICATIONS,
    "webhooks { nodes { id } }": TokenScope.WEBHOOKS,
    "deliveries { nodes { id } }": TokenScope.NOTIFICATIONS,
    'node(id: "mon_1") { id }': TokenScope.UPTIME_CHECKS,
    'node(id: "inc_1") { id }': TokenScope.INCIDENTS,
    'node(id: "nc_1") { id }': TokenScope.NOTIFICATIONS,
    'node(id: "wh_1") { id }': TokenScope.WEBHOOKS,
    'node(id: "usr_1") { id }': TokenScope.TEAM,
    'node(id: "key_1") { id }': TokenScope.TOKENS,
}


async def test_each_field_opens_to_its_own_scope_and_to_no_other(owner):
    for scope in TokenScope:
        reader = await owner.add_token(Grant(scope=scope, permission=TokenPermission.READ))
        for field, needed in SCOPE_OF_FIELD.items():
            is_open = scope is needed or (field.startswith("deliveries") and scope is TokenScope.WEBHOOKS)
            answer = await reader.ask(f"{{ found: {field} }}")
            assert ("errors" not in answer.body) is is_open, (scope, field)
            if not is_open:
                assert answer.codes == ["FORBIDDEN"]
                assert answer.body["data"] == {"found": None}


async def test_one_forbidden_node_leaves_the_others(owner):
    ids = await everything(owner)
    reader = await owner.add_token(Grant(scope=TokenScope.UPTIME_CHECKS, permission=TokenPermission.READ))

    answer = await reader.ask(NODES, ids=[ids["Monitor"], ids["Incident"], ids["Project"]])

    assert answer.body["data"]["nodes"] == [{"id": ids["Monitor"]}, None, {"id": ids["Project"]}]
    assert [(error["path"], error["extensions"]["code"]) for error in answer.errors] == [
        (["nodes", 1], "FORBIDDEN")
    ]


async def test_whoever_may_see_incidents_alone_gets_by_them_to_no_monitor(owner):
    monitor_id = await owner.add_monitor("Zanzibar")
    await owner.add_incident(monitor_id, 1, timedelta(hours=1))
    await owner.add_checks(monitor_id, [timedelta(minutes=1)], error="refused")
    reader = await owner.add_token(Grant(scope=TokenScope.INCIDENTS, permission=TokenPermission.DELETE))
    ways = {
        "monitor { name }": {"incidents": {"nodes": [{"monitor": None}]}},
        "checks(first: 1) { nodes { error monitor { name project { name } } } }": {"incidents": None},
    }

    for way, left in ways.items():
        document = f"{{ incidents {{ nodes {{ {way} }} }} }}"
        assert "Zanzibar" in (await owner.ask(document)).response.text
        answer = await reader.ask(document)
        assert answer.codes == ["FORBIDDEN"]
        assert answer.body["data"] == left
        assert "Zanzibar" not in answer.response.text
    seen = await reader.data("{ incidents { nodes { checks { nodes { error evidence } } } } }")
    assert seen == {"incidents": {"nodes": [{"checks": {"nodes": [{"error": "refused", "evidence": None}]}}]}}


async def test_deliveries_are_shown_as_far_as_their_destinations_are_granted(owner):
    channel_id, webhook_id = await owner.add_channel(), await owner.add_webhook()
    to_channel = await owner.add_delivery(channel_id=channel_id, recipient="a channel")
    to_webhook = await owner.add_delivery(webhook_id=webhook_id, recipient="a webhook")
    document = "{ deliveries { nodes { recipient } totalCount } }"

    for scope, shown, hidden in (
        (TokenScope.NOTIFICATIONS, to_channel, to_webhook),
        (TokenScope.WEBHOOKS, to_webhook, to_channel),
    ):
        reader = await owner.add_token(Grant(scope=scope, permission=TokenPermission.READ))
        assert (await reader.data(document))["deliveries"]["totalCount"] == 1
        assert (await reader.data(NODE, id=encode_id(Prefix.DELIVERY, shown)))["node"] is not None
        assert (await reader.data(NODE, id=encode_id(Prefix.DELIVERY, hidden)))["node"] is None
    blind = await owner.add_token(Grant(scope=TokenScope.INCIDENTS, permission=TokenPermission.DELETE))
    for public_id in (encode_id(Prefix.DELIVERY, to_channel), encode_id(Prefix.DELIVERY, owner.next_id())):
        assert (await blind.ask(NODE, id=public_id)).codes == ["FORBIDDEN"]


async def test_a_heartbeats_address_is_shown_to_those_who_may_write(owner):
    await owner.add_heartbeat(token="s3cret-token")
    document = "{ monitors { nodes { target heartbeat { pingUrl graceSeconds } } } }"
    reader = await owner.add_token(Grant(scope=TokenScope.UPTIME_CHECKS, permission=TokenPermission.READ))
    viewer = await owner.add_token(role=Role.VIEWER)

    shown = (await owner.data(document))["monitors"]["nodes"][0]

    assert shown["heartbeat"] == {
        "pingUrl": "https://tocsin.example.org/api/v1/heartbeat/s3cret-token",
        "graceSeconds": 90,
    }
    for other in (reader, viewer):
        answer = await other.ask(document)
        assert answer.data["monitors"]["nodes"][0]["heartbeat"]["pingUrl"] is None
        assert "s3cret-token" not in answer.response.text


async def test_evidence_is_for_members_and_above(owner):
    monitor_id = await owner.add_monitor()
    await owner.add_checks(monitor_id, [timedelta(minutes=1)], status=3)
    await owner.insert(
        "check_details",
        monitor_id=monitor_id,
        slot=owner.now - timedelta(minutes=1),
        region_id=1,
        workspace_id=owner.workspace_id,
        assertions=[],
        evidence={"body": "oops"},
    )
    document = "{ monitors { nodes { lastCheck { evidence } } } }"

    for role, expected in ((Role.MEMBER, {"body": "oops"}), (Role.VIEWER, None)):
        member = await owner.add_token(role=role)
        nodes = (await member.data(document))["monitors"]["nodes"]
        assert nodes == [{"lastCheck": {"evidence": expected}}]


async def test_secrets_of_configurations_never_come_back(owner):
    await owner.add_channel()
    await owner.add_webhook()
    await owner.add_monitor(
        config={"url": "https://example.org/", "headers": [{"name": "X-Key", "value": "s3cret"}]}
    )

    answer = await owner.ask("""{
      monitors { nodes { probe { summary secretsSet ... on HttpProbeConfig { headers { name secretsSet } } } } }
      channels { nodes { config { kind summary secretsSet ... on WebhookNotifierConfig { url headers { name } } } } }
      webhooks { nodes { hasSecret url } } }""")

    assert "s3cret" not in answer.response.text
    probe = answer.data["monitors"]["nodes"][0]["probe"]
    assert probe["secretsSet"] == ["headers.X-Key.value"]
    assert answer.data["channels"]["nodes"][0]["config"]["secretsSet"] == ["headers.X-Key.value"]
    assert answer.data["webhooks"]["nodes"] == [{"hasSecret": True, "url": "https://hooks.example.org/in"}]


async def test_a_kind_that_is_not_loaded_is_shown_as_unknown(owner):
    await owner.add_monitor(kind="gone", config={"password": "s3cret"}, target="what it watched")
    await owner.add_channel(kind="lost", config={"password": "s3cret"})

    answer = await owner.ask("""{ monitors { nodes { kind probe { __typename kind summary secretsSet } } }
      channels { nodes { kind config { __typename kind summary } } } }""")

    assert answer.data == {
        "monitors": {
            "nodes": [
                {
                    "kind": "gone",
                    "probe": {
                        "__typename": "UnknownProbeConfig",
                        "kind": "gone",
                        "summary": "what it watched",
                        "secretsSet": [],
                    },
                }
            ]
        },
        "channels": {
            "nodes": [
                {
                    "kind": "lost",
                    "config": {"__typename": "UnknownNotifierConfig", "kind": "lost", "summary": "lost"},
                }
            ]
        },
    }
