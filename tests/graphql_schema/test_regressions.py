"""The watch for regressions through GraphQL: asked for, shown, refused, resolved by hand."""

from __future__ import annotations

from datetime import timedelta

from core.ids import Prefix, encode_id
from core.moments import write_moment

POLICY = "regression { enabled thresholdPercent periodDays baselineMs baselineAt }"
ERRORS = "userErrors { code message path rule expected received }"
CREATE = f"mutation ($input: CreateMonitorInput!) {{ createMonitor(input: $input) {{ monitor {{ id {POLICY} }} {ERRORS} }} }}"
UPDATE = f"mutation ($input: UpdateMonitorInput!) {{ updateMonitor(input: $input) {{ monitor {{ {POLICY} }} {ERRORS} }} }}"
SHOP = {"name": "The shop", "probe": {"http": {"url": "https://shop.example.org/"}}}
UNKNOWN = {"baselineMs": None, "baselineAt": None}
DEFAULT = {"enabled": False, "thresholdPercent": 50, "periodDays": 7, **UNKNOWN}


async def create(owner, **more) -> dict:
    payload = (await owner.data(CREATE, input={**SHOP, **more}))["createMonitor"]
    assert payload["userErrors"] == []
    return payload["monitor"]


async def test_a_policy_is_made_changed_in_parts_and_taken_back(owner) -> None:
    assert (await create(owner))["regression"] == DEFAULT
    assert (await create(owner, regression=None))["regression"] == DEFAULT
    made = await create(owner, regression={"enabled": True, "thresholdPercent": 25})
    assert made["regression"] == {"enabled": True, "thresholdPercent": 25, "periodDays": 7, **UNKNOWN}

    async def update(**changes) -> dict:
        payload = (await owner.data(UPDATE, input={"id": made["id"], **changes}))["updateMonitor"]
        assert payload["userErrors"] == []
        return payload["monitor"]["regression"]

    assert await update(name="Renamed") == made["regression"]
    assert await update(regression={}) == made["regression"]
    longer = await update(regression={"periodDays": 30})
    assert longer == {"enabled": True, "thresholdPercent": 25, "periodDays": 30, **UNKNOWN}
    assert (await update(regression={"enabled": None, "thresholdPercent": None}))["thresholdPercent"] == 50
    assert await update(regression=None) == DEFAULT


async def test_what_is_out_of_bounds_is_named_by_its_path_and_nothing_is_stored(owner) -> None:
    wanted = {"enabled": True, "thresholdPercent": 201, "periodDays": 0}
    refused = (await owner.data(CREATE, input={**SHOP, "regression": wanted}))["createMonitor"]

    assert refused["monitor"] is None
    assert [(each["path"], each["expected"], each["received"]) for each in refused["userErrors"]] == [
        (["regression", "thresholdPercent"], "200", "201"),
        (["regression", "periodDays"], "1", "0"),
    ]
    assert await owner.fetch("SELECT id FROM monitors") == []

    job = {"name": "Job", "probe": {"heartbeat": {"intervalSeconds": 600}}, "regression": {"enabled": True}}
    [error] = (await owner.data(CREATE, input=job))["createMonitor"]["userErrors"]
    assert (error["code"], error["path"]) == ("INVALID_INPUT", ["regression", "enabled"])
    assert error["message"] == "regression.enabled must be false where the kind is PASSIVE"


async def test_a_baseline_is_shown_while_it_is_that_of_the_monitor_as_it_is(owner) -> None:
    watched = {"regression_enabled": True, "regression_period_days": 3}
    columns_of = {
        "A": watched,
        "B": {"regression_period_days": 3},
        "C": {**watched, "config_revision": 2},
        "D": {**watched, "regression_period_days": 4},
    }
    monitors = [await owner.add_monitor(name, **columns) for name, columns in columns_of.items()]
    reckoned_at = owner.now - timedelta(hours=3)
    for monitor in monitors:
        await owner.insert(
            "response_baselines",
            monitor_id=monitor,
            workspace_id=owner.workspace_id,
            config_revision=1,
            period_days=3,
            reckoned_at=reckoned_at,
            region_ids=[1],
            region_us=[123_500.0],
            usual_us=123_500.0,
        )

    listed = (await owner.data(f"{{ monitors(orderBy: NAME_ASC) {{ nodes {{ {POLICY} }} }} }}"))["monitors"]

    shown = [node["regression"] for node in listed["nodes"]]
    assert [(each["baselineMs"], each["baselineAt"]) for each in shown] == [
        (123.5, write_moment(reckoned_at)),
        (None, None),
        (None, None),
        (None, None),
    ]
    alone = f"query ($id: ID!) {{ monitor(id: $id) {{ {POLICY} }} }}"
    assert (await owner.data(alone, id=encode_id(Prefix.MONITOR, monitors[0])))["monitor"][
        "regression"
    ] == shown[0]


async def test_a_regression_is_listed_and_may_be_resolved_by_hand_while_it_lasts(owner) -> None:
    monitor = await owner.add_monitor("The shop")
    await owner.add_incident(monitor, 7, timedelta(minutes=40), kind="REGRESSION")
    asked = (
        "{ incidents(filter: { kind: [REGRESSION] }) { nodes { id number kind status monitor { status } } } }"
    )
    [incident] = (await owner.data(asked))["incidents"]["nodes"]
    assert (incident["kind"], incident["status"], incident["monitor"]) == (
        "REGRESSION",
        "OPEN",
        {"status": "UP"},
    )

    resolve = "mutation ($id: ID!) { resolveIncident(input: {id: $id}) { incident { status } userErrors { code } } }"
    payload = (await owner.data(resolve, id=incident["id"]))["resolveIncident"]

    assert payload == {"incident": {"status": "RESOLVED"}, "userErrors": []}
    (state,) = await owner.fetch("SELECT dismissed FROM monitor_states")
    assert state["dismissed"] == ["REGRESSION"]
