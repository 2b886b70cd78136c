"""Changes through GraphQL: what comes back, and what a refused one leaves behind."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.access.principal import Grant, Role, TokenPermission, TokenScope
from core.ids import Prefix, encode_id
from core.monitors.status import MonitorStatus

ERRORS = "userErrors { code message path rule expected received }"
CREATE_MONITOR = f"""
mutation ($input: CreateMonitorInput!) {{ createMonitor(input: $input) {{
  monitor {{ id name kind target status paused intervalSeconds timeoutSeconds revision project {{ name }}
    tags {{ name }} regions {{ key }} confirmation {{ failuresToOpen recheckSeconds }}
    probe {{ ... on HttpProbeConfig {{ url method acceptedStatuses }} }} heartbeat {{ pingUrl graceSeconds }} }}
  {ERRORS} }} }}
"""
UPDATE_MONITOR = f"""
mutation ($input: UpdateMonitorInput!) {{ updateMonitor(input: $input) {{
  monitor {{ name intervalSeconds timeoutSeconds revision tags {{ name }} confirmation {{ failuresToOpen }}
    probe {{ secretsSet ... on HttpProbeConfig {{ url }} }} }} {ERRORS} }} }}
"""


async def create(owner, **wanted) -> dict:
    """Make a monitor and return it."""
    payload = (await owner.data(CREATE_MONITOR, input=wanted))["createMonitor"]
    assert payload["userErrors"] == []
    return payload["monitor"]


def shop(**more) -> dict:
    return {"name": "The shop", "probe": {"http": {"url": "https://shop.example.org/"}}, **more}


async def count(owner, table: str) -> int:
    (row,) = await owner.fetch(f"SELECT count(*) AS rows FROM {table}")
    return row["rows"]


async def test_a_monitor_is_made_with_defaults_and_shown_as_it_is_stored(owner):
    monitor = await create(owner, **shop(tags=["web", "Shop"]))

    assert monitor.pop("id").startswith("mon_")
    assert monitor == {
        "name": "The shop",
        "kind": "http",
        "target": "https://shop.example.org/",
        "status": "PENDING",
        "paused": False,
        "intervalSeconds": 300,
        "timeoutSeconds": 30,
        "revision": 1,
        "project": {"name": "Default"},
        "tags": [{"name": "Shop"}, {"name": "web"}],
        "regions": [{"key": "local"}],
        "confirmation": {"failuresToOpen": 2, "recheckSeconds": 20},
        "probe": {"url": "https://shop.example.org/", "method": "GET", "acceptedStatuses": ["200-299"]},
        "heartbeat": None,
    }


async def test_a_heartbeat_is_made_with_an_address_that_can_be_rotated(owner):
    monitor = await create(owner, name="Job", probe={"heartbeat": {"intervalSeconds": 600}})
    rotate = (
        "mutation ($id: ID!) { rotateHeartbeatUrl(input: {id: $id}) { monitor { heartbeat { pingUrl } } } }"
    )

    rotated = (await owner.data(rotate, id=monitor["id"]))["rotateHeartbeatUrl"]["monitor"]["heartbeat"][
        "pingUrl"
    ]

    assert monitor["intervalSeconds"] == 600
    assert monitor["heartbeat"]["graceSeconds"] == 300
    assert monitor["heartbeat"]["pingUrl"].startswith("https://tocsin.example.org/api/v1/heartbeat/")
    assert rotated not in (monitor["heartbeat"]["pingUrl"], None)


@pytest.mark.parametrize(
    ("wanted", "paths"),
    [
        (shop(name=""), [["name"]]),
        (shop(name="x" * 10_000), [["name"]]),
        (shop(name="a\0b"), [["name"]]),
        (shop(intervalSeconds=0), [["intervalSeconds"]]),
        (shop(intervalSeconds=-5), [["intervalSeconds"]]),
        (shop(intervalSeconds=10**9), [["intervalSeconds"]]),
        (shop(probe={"http": {"url": "example.org"}}), [["probe", "http", "url"]]),
        (shop(probe={"http": {"url": "https://user:secret@example.org/"}}), [["probe", "http", "url"]]),
        (shop(probe={"http": {"url": "file:///etc/passwd"}}), [["probe", "http", "url"]]),
        (shop(probe={"http": {"url": "https://example.org:0/"}}), [["probe", "http", "url"]]),
        (shop(probe={"http": {"url": "https://example.org:70000/"}}), [["probe", "http", "url"]]),
        (shop(probe={"http": {"url": "https://example.org/\0"}}), [["probe", "http", "url"]]),
        (
            {
                "name": "",
                "probe": {
                    "http": {
                        "url": "example.org",
                        "maxRedirects": -1,
                        "headers": [{"name": "a b", "value": "v"}],
                    }
                },
                "intervalSeconds": 0,
                "confirmation": {"failuresToOpen": 0},
                "regionKeys": ["mars"],
            },
            [
                ["confirmation", "failuresToOpen"],
                ["intervalSeconds"],
                ["name"],
                ["probe", "http", "headers", "0", "name"],
                ["probe", "http", "maxRedirects"],
                ["probe", "http", "url"],
                ["regionKeys", "0"],
            ],
        ),
        (
            {"name": "x", "probe": {"heartbeat": {"intervalSeconds": 60}}, "intervalSeconds": 60},
            [["intervalSeconds"]],
        ),
    ],
)
async def test_a_refused_monitor_tells_every_problem_at_its_path_and_stores_nothing(owner, wanted, paths):
    payload = (await owner.data(CREATE_MONITOR, input=wanted))["createMonitor"]

    assert payload["monitor"] is None
    assert {error["code"] for error in payload["userErrors"]} == {"INVALID_INPUT"}
    assert sorted({tuple(error["path"]) for error in payload["userErrors"]}) == [
        tuple(path) for path in paths
    ]
    assert all(error["message"][:1].islower() for error in payload["userErrors"])
    assert "secret" not in str(payload["userErrors"])
    assert await count(owner, "monitors") == 0


@pytest.mark.parametrize(
    "probe",
    [
        {},
        {"gopher": {"url": "x"}},
        {"http": None},
        {"http": {"url": "https://example.org/"}, "heartbeat": {"intervalSeconds": 60}},
        {"http": {"url": "https://example.org/", "colour": "red"}},
        {"http": {"url": 5}},
    ],
)
async def test_no_kind_two_kinds_or_an_unknown_one_is_refused_before_anything_is_run(owner, probe):
    answer = await owner.ask(CREATE_MONITOR, input=shop(probe=probe))

    assert answer.status == 400
    assert answer.codes == ["INVALID_INPUT"]
    assert await count(owner, "monitors") == 0


async def test_an_update_keeps_what_is_absent_and_takes_back_to_the_default_what_is_null(owner):
    monitor = await create(
        owner,
        **shop(
            intervalSeconds=60,
            timeoutSeconds=20,
            tags=["web"],
            confirmation={"failuresToOpen": 5},
            probe={
                "http": {"url": "https://a.example.org/", "headers": [{"name": "X-Key", "value": "s3cret"}]}
            },
        ),
    )

    async def update(**changes) -> dict:
        payload = (await owner.data(UPDATE_MONITOR, input={"id": monitor["id"], **changes}))["updateMonitor"]
        assert payload["userErrors"] == []
        return payload["monitor"]

    renamed = await update(name="The new shop")
    assert renamed == {
        "name": "The new shop",
        "intervalSeconds": 60,
        "timeoutSeconds": 20,
        "revision": 2,
        "tags": [{"name": "web"}],
        "confirmation": {"failuresToOpen": 5},
        "probe": {"secretsSet": ["headers.X-Key.value"], "url": "https://a.example.org/"},
    }
    reset = await update(intervalSeconds=None, timeoutSeconds=None, tags=None, confirmation=None)
    assert (reset["intervalSeconds"], reset["timeoutSeconds"], reset["tags"]) == (300, 30, [])
    assert reset["confirmation"] == {"failuresToOpen": 2}
    moved = await update(probe={"http": {"url": "https://b.example.org/", "headers": [{"name": "X-Key"}]}})
    assert moved["probe"] == {"secretsSet": ["headers.X-Key.value"], "url": "https://b.example.org/"}
    cleared = await update(probe={"http": {"url": "https://b.example.org/"}})
    assert cleared["probe"]["secretsSet"] == []


async def test_a_stale_revision_is_a_conflict(owner):
    monitor = await create(owner, **shop())
    wanted = {"id": monitor["id"], "name": "Mine", "revision": 1}
    await owner.data(UPDATE_MONITOR, input=wanted)

    payload = (await owner.data(UPDATE_MONITOR, input={**wanted, "name": "Yours"}))["updateMonitor"]

    assert payload["monitor"] is None
    (error,) = payload["userErrors"]
    assert (error["code"], error["path"]) == ("CONFLICT", ["revision"])
    (row,) = await owner.fetch("SELECT name FROM monitors")
    assert row["name"] == "Mine"


async def test_a_monitor_is_paused_resumed_and_deleted(owner):
    monitor = await create(owner, **shop())
    change = "mutation ($id: ID!) {{ {}(input: {{id: $id}}) {{ monitor {{ paused status }} {} }} }}"

    async def run(name: str) -> dict:
        return (await owner.data(change.format(name, ERRORS), id=monitor["id"]))[name]

    assert (await run("pauseMonitor"))["monitor"]["paused"] is True
    assert (await run("resumeMonitor"))["monitor"]["paused"] is False
    delete = f"mutation ($id: ID!) {{ deleteMonitor(input: {{id: $id}}) {{ deletedId {ERRORS} }} }}"
    assert (await owner.data(delete, id=monitor["id"]))["deleteMonitor"] == {
        "deletedId": monitor["id"],
        "userErrors": [],
    }
    assert (await owner.data("query ($id: ID!) { monitor(id: $id) { id } }", id=monitor["id"])) == {
        "monitor": None
    }
    again = (await owner.data(delete, id=monitor["id"]))["deleteMonitor"]
    assert again["deletedId"] is None
    assert [(error["code"], error["path"]) for error in again["userErrors"]] == [("NOT_FOUND", ["id"])]


async def test_check_now_and_tags_take_several_monitors(owner):
    first, second = [(await create(owner, **shop(name=name)))["id"] for name in ("one", "two")]
    tag = """mutation ($ids: [ID!]!) { setTags(input: {monitorIds: $ids, add: ["web"]}) {
      monitors { name tags { name monitorCount } } userErrors { code } } }"""
    check = "mutation ($ids: [ID!]) { checkNow(input: {monitorIds: $ids}) { monitors { name } userErrors { code path } } }"

    tagged = (await owner.data(tag, ids=[first, second]))["setTags"]["monitors"]
    checked = (await owner.data(check, ids=[second]))["checkNow"]
    everything = (await owner.data(check))["checkNow"]
    unknown = (await owner.data(check, ids=["mon_nonsense"]))["checkNow"]

    assert sorted(tagged, key=lambda each: each["name"]) == [
        {"name": name, "tags": [{"name": "web", "monitorCount": 2}]} for name in ("one", "two")
    ]
    assert checked == {"monitors": [{"name": "two"}], "userErrors": []}
    assert sorted(each["name"] for each in everything["monitors"]) == ["one", "two"]
    assert unknown == {"monitors": None, "userErrors": [{"code": "NOT_FOUND", "path": ["monitorIds", "0"]}]}


async def test_whoever_checks_all_too_soon_is_told_how_long_to_wait(owner, clock):
    check = "mutation { checkNow(input: {}) { monitors { name } userErrors { code message } } }"
    await owner.data(check)
    clock.advance(17.5)

    refused = (await owner.data(check))["checkNow"]

    (error,) = refused["userErrors"]
    assert error == {
        "code": "RATE_LIMITED",
        "message": "all monitors are checked at most once a minute: wait 43 s",
    }


async def test_projects_are_made_changed_and_deleted(owner):
    fields = f"{{ project {{ id name isDefault status revision }} {ERRORS} }}"
    make = f"mutation ($name: String!) {{ createProject(input: {{name: $name}}) {fields} }}"
    change = f"mutation ($input: UpdateProjectInput!) {{ updateProject(input: $input) {fields} }}"
    delete = (
        f"mutation ($input: DeleteProjectInput!) {{ deleteProject(input: $input) {{ deletedId {ERRORS} }} }}"
    )

    made = (await owner.data(make, name="Shops"))["createProject"]["project"]
    project_id = made.pop("id")
    assert made == {"name": "Shops", "isDefault": False, "status": "PENDING", "revision": 1}
    renamed = (await owner.data(change, input={"id": project_id, "name": "All shops"}))["updateProject"]
    assert renamed["project"]["name"] == "All shops"
    await create(owner, **shop(projectId=project_id))
    refused = (await owner.data(delete, input={"id": project_id}))["deleteProject"]
    assert [error["code"] for error in refused["userErrors"]] == ["CONFLICT"]
    deleted = (await owner.data(delete, input={"id": project_id, "deleteMonitors": True}))["deleteProject"]
    assert deleted == {"deletedId": project_id, "userErrors": []}
    assert (await owner.data("{ monitors { totalCount } }"))["monitors"] == {"totalCount": 0}
    default = encode_id(Prefix.PROJECT, owner.project_id)
    refused = (await owner.data(delete, input={"id": default}))["deleteProject"]
    assert [(error["code"], error["path"]) for error in refused["userErrors"]] == [("CONFLICT", ["id"])]


async def test_an_incident_is_acknowledged_noted_explained_and_resolved(owner, clock):
    monitor_id = await owner.add_monitor(status=MonitorStatus.UP)
    incident_id = await owner.add_incident(monitor_id, 7, timedelta(minutes=9), kind="EXPIRY")
    shown = """{ incident { number status acknowledgedBy { email } rootCause rootCauseDetail
      timeline { nodes { kind message actor { email } } } } userErrors { code path } }"""

    async def change(name: str, more: str = "") -> dict:
        clock.advance(1)
        document = f"mutation ($id: ID!) {{ {name}(input: {{id: $id{more}}}) {shown} }}"
        payload = (await owner.data(document, id=encode_id(Prefix.INCIDENT, incident_id)))[name]
        assert payload["userErrors"] == []
        return payload["incident"]

    await change("acknowledgeIncident")
    await change("addIncidentNote", ', message: "on it"')
    explained = await change("setRootCause", ', rootCause: SSL_CERTIFICATE, detail: "old"')
    resolved = await change("resolveIncident")

    assert (explained["number"], explained["status"]) == ("INC-2026-0007", "ACKNOWLEDGED")
    assert explained["acknowledgedBy"] == {"email": "ada@example.org"}
    assert (explained["rootCause"], explained["rootCauseDetail"]) == ("SSL_CERTIFICATE", "old")
    assert resolved["status"] == "RESOLVED"
    kinds = [event["kind"] for event in resolved["timeline"]["nodes"]]
    assert kinds == ["ACKNOWLEDGED", "NOTE", "ROOT_CAUSE_SET", "RESOLVED"]
    assert resolved["timeline"]["nodes"][1] == {
        "kind": "NOTE",
        "message": "on it",
        "actor": {"email": "ada@example.org"},
    }


async def test_an_outage_cannot_be_resolved_by_hand_while_its_monitor_is_down(owner):
    monitor_id = await owner.add_monitor(status=MonitorStatus.DOWN)
    incident_id = await owner.add_incident(monitor_id, 7, timedelta(minutes=9))
    resolve = (
        "mutation ($id: ID!) { resolveIncident(input: {id: $id}) { incident { id } userErrors { code } } }"
    )

    payload = (await owner.data(resolve, id=encode_id(Prefix.INCIDENT, incident_id)))["resolveIncident"]

    assert payload == {"incident": None, "userErrors": [{"code": "CONFLICT"}]}


async def test_channels_and_webhooks_are_made_changed_and_deleted(owner):
    channel = """{ channel { id name kind isActive revision
      config { secretsSet ... on WebhookNotifierConfig { url headers { name } } } } userErrors { code path } }"""
    webhook = "{ webhook { id name url events hasSecret isActive revision } userErrors { code path } }"
    notifier = {
        "webhook": {"url": "https://hooks.example.org/", "headers": [{"name": "X", "value": "s3cret"}]}
    }

    made = (
        await owner.data(
            f"mutation ($input: CreateChannelInput!) {{ createChannel(input: $input) {channel} }}",
            input={"name": "Ops", "notifier": notifier},
        )
    )["createChannel"]["channel"]
    changed = (
        await owner.data(
            f"mutation ($input: UpdateChannelInput!) {{ updateChannel(input: $input) {channel} }}",
            input={"id": made["id"], "isActive": False, "notifier": {"webhook": {"url": "ftp://x"}}},
        )
    )["updateChannel"]
    paused = (
        await owner.data(
            f"mutation ($input: UpdateChannelInput!) {{ updateChannel(input: $input) {channel} }}",
            input={"id": made["id"], "isActive": False},
        )
    )["updateChannel"]["channel"]
    hook = (
        await owner.data(
            f"mutation ($input: CreateWebhookInput!) {{ createWebhook(input: $input) {webhook} }}",
            input={
                "name": "Mine",
                "url": "https://h.example.org/",
                "events": ["MONITOR_UP"],
                "secret": "s" * 20,
            },
        )
    )["createWebhook"]["webhook"]
    unsigned = (
        await owner.data(
            f"mutation ($input: UpdateWebhookInput!) {{ updateWebhook(input: $input) {webhook} }}",
            input={"id": hook["id"], "secret": None, "events": ["MONITOR_DOWN", "MONITOR_UP"]},
        )
    )["updateWebhook"]["webhook"]

    assert made["config"] == {
        "secretsSet": ["headers.X.value"],
        "url": "https://hooks.example.org/",
        "headers": [{"name": "X"}],
    }
    assert changed["channel"] is None
    assert [error["path"] for error in changed["userErrors"]] == [["notifier", "webhook", "url"]]
    assert (paused["isActive"], paused["revision"]) == (False, 2)
    assert hook["hasSecret"] is True
    assert (unsigned["hasSecret"], unsigned["events"]) == (False, ["MONITOR_DOWN", "MONITOR_UP"])
    for name, public_id in (("deleteChannel", made["id"]), ("deleteWebhook", hook["id"])):
        delete = f"mutation ($id: ID!) {{ {name}(input: {{id: $id}}) {{ deletedId userErrors {{ code }} }} }}"
        assert (await owner.data(delete, id=public_id))[name] == {"deletedId": public_id, "userErrors": []}


async def test_a_delivery_that_ended_is_owed_once_more(owner):
    channel_id = await owner.add_channel()
    delivery_id = await owner.add_delivery(channel_id=channel_id, status="FAILED", delivered_at=None)
    again = "mutation ($id: ID!) { redeliver(input: {id: $id}) { delivery { id status attempts } userErrors { code } } }"

    payload = (await owner.data(again, id=encode_id(Prefix.DELIVERY, delivery_id)))["redeliver"]
    unknown = (await owner.data(again, id="wd_nonsense"))["redeliver"]

    assert payload["userErrors"] == []
    assert (payload["delivery"]["status"], payload["delivery"]["attempts"]) == ("PENDING", 0)
    assert payload["delivery"]["id"] != encode_id(Prefix.DELIVERY, delivery_id)
    assert unknown == {"delivery": None, "userErrors": [{"code": "NOT_FOUND"}]}


async def test_what_became_of_a_test_message_is_told(owner):
    channel_id = await owner.add_channel(config={"url": "http://127.0.0.1:1/"})
    trial = "mutation ($id: ID!) { testChannel(input: {id: $id}) { success statusCode error userErrors { code } } }"

    payload = (await owner.data(trial, id=encode_id(Prefix.CHANNEL, channel_id)))["testChannel"]
    unknown = (await owner.data(trial, id="nc_nonsense"))["testChannel"]

    assert (payload["success"], payload["statusCode"], payload["userErrors"]) == (False, None, [])
    assert payload["error"]
    assert unknown == {
        "success": False,
        "statusCode": None,
        "error": None,
        "userErrors": [{"code": "NOT_FOUND"}],
    }


async def test_changes_of_one_request_see_each_other(owner):
    monitor = await create(owner, **shop())

    data = await owner.data(
        """mutation ($id: ID!) {
          one: updateMonitor(input: {id: $id, name: "one", tags: ["a"]}) { monitor { name tags { name } } }
          two: updateMonitor(input: {id: $id, name: "two", tags: ["b"]}) { monitor { name tags { name } } } }""",
        id=monitor["id"],
    )

    assert data == {
        name: {"monitor": {"name": name, "tags": [{"name": tag}]}}
        for name, tag in (("one", "a"), ("two", "b"))
    }


async def test_whoever_may_only_read_changes_nothing(owner, stranger):
    monitor = await create(owner, **shop())
    reads = [Grant(scope=scope, permission=TokenPermission.READ) for scope in TokenScope]
    wanted = {"id": monitor["id"], "name": "Mine now"}

    for trespasser, code in (
        (await owner.add_token(role=Role.VIEWER), "PROJECT_WRITE_FORBIDDEN"),
        (await owner.add_token(*reads), "API_TOKEN_SCOPE_DENIED"),
        (stranger, "NOT_FOUND"),
    ):
        payload = (await trespasser.data(UPDATE_MONITOR, input=wanted))["updateMonitor"]
        assert payload["monitor"] is None
        assert [error["code"] for error in payload["userErrors"]] == [code]
    (row,) = await owner.fetch("SELECT name FROM monitors")
    assert row["name"] == "The shop"
