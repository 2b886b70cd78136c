"""A workspace's plan as GraphQL shows it, and the errors of what it does not allow."""

from __future__ import annotations

import pytest

from core.access.plans import TERMS, UNLIMITED, Plan

PLAN = """{ workspace { plan isPremium writeLocked limits {
  monitors members statusPages minIntervalSeconds requestsPerHour retentionDays } } }"""
CREATE = """mutation ($input: CreateMonitorInput!) { createMonitor(input: $input) {
  monitor { id } userErrors { code path message } } }"""
UPDATE = """mutation ($input: UpdateMonitorInput!) { updateMonitor(input: $input) {
  userErrors { code path } } }"""
CHECK_NOW = "mutation { checkNow(input: {}) { monitors { id } userErrors { code path } } }"
SHOP = {"name": "The shop", "probe": {"http": {"url": "https://shop.example.org/"}}}


async def book(tenant, plan: Plan) -> None:
    await tenant.fetch("UPDATE workspaces SET plan = $2 WHERE id = $1", tenant.workspace_id, plan.value)


@pytest.mark.parametrize("plan", Plan)
async def test_the_plan_is_shown_with_what_it_allows(owner, plan) -> None:
    await book(owner, plan)

    terms = TERMS[plan]
    assert (await owner.data(PLAN))["workspace"] == {
        "plan": plan.value,
        "isPremium": plan is not Plan.FREE,
        "writeLocked": False,
        "limits": {
            "monitors": terms.monitors,
            "members": terms.members,
            "statusPages": terms.status_pages,
            "minIntervalSeconds": terms.min_interval_seconds,
            "requestsPerHour": terms.requests_per_hour,
            "retentionDays": terms.retention_days,
        },
    }


async def test_the_largest_plans_missing_limits_fit_an_int(owner) -> None:
    assert (await owner.data(PLAN))["workspace"]["limits"]["monitors"] == UNLIMITED == 2147483647


async def test_beyond_the_plan_the_code_is_over_limit(owner) -> None:
    await book(owner, Plan.FREE)
    await owner.add_monitors([str(number) for number in range(10)], interval_seconds=300)

    payload = (await owner.data(CREATE, input=SHOP))["createMonitor"]

    message = "the plan FREE allows 10 monitors, and the workspace has as many"
    assert payload == {
        "monitor": None,
        "userErrors": [{"code": "OVER_LIMIT", "path": [], "message": message}],
    }


async def test_a_shorter_interval_than_the_plans_is_over_limit_at_its_field(owner) -> None:
    await book(owner, Plan.FREE)

    payload = (await owner.data(CREATE, input={**SHOP, "intervalSeconds": 60}))["createMonitor"]

    message = "intervalSeconds must be at least 300 on the plan FREE"
    assert payload["userErrors"] == [{"code": "OVER_LIMIT", "path": ["intervalSeconds"], "message": message}]


async def test_what_is_premium_has_a_code_of_its_own(owner) -> None:
    await book(owner, Plan.FREE)

    payload = (await owner.data(CHECK_NOW))["checkNow"]

    assert payload == {"monitors": None, "userErrors": [{"code": "PREMIUM_REQUIRED", "path": []}]}


async def test_expectations_of_a_body_are_premium_and_stay_as_they_are_after_a_downgrade(owner) -> None:
    api = {"url": "https://api.example.org/", "bodyContains": "ok"}
    made = (await owner.data(CREATE, input={"name": "API", "probe": {"http": api}}))["createMonitor"]
    await book(owner, Plan.FREE)

    async def update(**http: object) -> list[dict[str, object]]:
        wanted = {"id": made["monitor"]["id"], "probe": {"http": {**api, **http}}}
        return (await owner.data(UPDATE, input=wanted))["updateMonitor"]["userErrors"]

    changed = await update(bodyContains="fine")
    more = await update(json=[{"path": "$.status", "operator": "EXISTS"}])
    new = (await owner.data(CREATE, input={"name": "New", "probe": {"http": api}}))["createMonitor"]

    refusal = {"code": "PREMIUM_REQUIRED", "path": ["probe", "http", "bodyContains"]}
    assert changed == [refusal]
    assert more == [{**refusal, "path": ["probe", "http", "json"]}]
    assert [(error["code"], error["path"]) for error in new["userErrors"]] == [tuple(refusal.values())]
    (row,) = await owner.fetch("SELECT config ->> 'bodyContains' AS kept FROM monitors")
    assert row["kept"] == "ok"
    assert await update(url="https://other.example.org/") == []
    assert await update(bodyContains=None) == []


async def test_after_a_downgrade_it_is_locked_and_says_so_but_reads_go_on(owner) -> None:
    await owner.add_monitors([str(number) for number in range(11)], interval_seconds=300)
    await book(owner, Plan.FREE)

    assert (await owner.data(PLAN))["workspace"]["writeLocked"] is True
    (error,) = (await owner.data(CREATE, input=SHOP))["createMonitor"]["userErrors"]
    assert error["code"] == "OVER_LIMIT"
    assert (await owner.data("{ monitors { totalCount } }"))["monitors"]["totalCount"] == 11


async def test_a_locked_workspace_leaves_another_one_alone(owner, stranger) -> None:
    await owner.add_monitors([str(number) for number in range(11)], interval_seconds=300)
    await book(owner, Plan.FREE)

    assert (await stranger.data(PLAN))["workspace"]["writeLocked"] is False
    assert (await stranger.data(CREATE, input=SHOP))["createMonitor"]["userErrors"] == []
