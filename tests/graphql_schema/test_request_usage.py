"""Requests over GraphQL: counted, told, and refused beyond the plan."""

from __future__ import annotations

import pytest
from graphql import parse

from core.access.plans import TERMS, Plan
from core.access.principal import Grant, Role, TokenPermission, TokenScope
from core.heartbeats.ping import PingKind, PingVerdict
from core.ids import Prefix, encode_id
from core.usage.quota import HOUR, hour_of
from graphql_schema.operation_names import UNNAMED, counted_name
from graphql_schema.schema import build_schema
from tests.graphql_schema.personas import signed_in

USAGE = """query ($period: UsagePeriod!) { workspace { usage(period: $period) {
  period totalRequests byOperation { operation requests } limit used remaining resetsAt } } }"""


@pytest.fixture(scope="module")
def schema(installed):
    return build_schema(installed)._schema


async def usage(tenant, period: str = "HOUR") -> dict:
    return (await tenant.data(USAGE, period=period))["workspace"]["usage"]


async def exhaust(tenant, services, plan: Plan = Plan.FREE) -> None:
    """Leave the workspace without a request in this hour."""
    await tenant.fetch("UPDATE workspaces SET plan = $2 WHERE id = $1", tenant.workspace_id, plan.value)
    services.authentication.forget()
    await tenant.fetch(
        "INSERT INTO request_quotas (workspace_id, hour, leased, granted) VALUES ($1, $2, $3, 0)"
        " ON CONFLICT (workspace_id, hour) DO UPDATE SET leased = excluded.leased",
        tenant.workspace_id,
        hour_of(services.clock.now()),
        TERMS[plan].requests_per_hour,
    )


async def ping(services, url: str) -> PingVerdict:
    """Ping a heartbeat at its address."""
    return (await services.pings.receive(url.rsplit("/", 1)[1], PingKind.SUCCESS)).verdict


async def test_requests_are_told_by_their_first_field_with_what_is_left(owner, clock) -> None:
    for document in ("{ monitors { totalCount } }", "{ m: monitors { totalCount } }", "{ __typename }"):
        await owner.data(document)
    await owner.ask("{ nonsense }")
    await owner.ask("{")

    limit = TERMS[Plan.ENTERPRISE].requests_per_hour
    resets_at = (hour_of(clock.now()) + HOUR).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    assert await usage(owner) == {
        "period": "HOUR",
        "totalRequests": 6,
        "byOperation": [
            {"operation": "graphql", "requests": 2},
            {"operation": "monitors", "requests": 2},
            {"operation": "introspection", "requests": 1},
            {"operation": "workspace", "requests": 1},
        ],
        "limit": limit,
        "used": 6,
        "remaining": limit - 6,
        "resetsAt": resets_at,
    }


@pytest.mark.parametrize("period", ["HOUR", "DAY", "WEEK", "MONTH"])
async def test_every_period_holds_the_request_that_asks(owner, period) -> None:
    assert (await usage(owner, period))["totalRequests"] == 1


async def test_each_answer_says_what_is_left(owner, clock) -> None:
    answers = [(await owner.ask("{ __typename }")).response.headers for _ in range(2)]

    told = [
        (each["x-ratelimit-limit"], each["x-ratelimit-remaining"], each["x-ratelimit-reset"])
        for each in answers
    ]
    reset = str(int((hour_of(clock.now()) + HOUR).timestamp()))
    assert told == [("100000", "99999", reset), ("100000", "99998", reset)]


async def test_over_the_plan_it_is_rate_limited_and_nothing_runs(owner, services, clock) -> None:
    await exhaust(owner, services)
    create = 'mutation { createProject(input: { name: "x" }) { project { id } } }'
    answer = await owner.ask(create)

    ends_at = hour_of(clock.now()) + HOUR
    assert answer.status == 429
    assert answer.body == {
        "errors": [
            {
                "message": "the plan allows 1000 requests an hour, and they are made",
                "extensions": {
                    "code": "RATE_LIMITED",
                    "limit": 1000,
                    "remaining": 0,
                    "resetsAt": ends_at.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
                },
            }
        ]
    }
    headers = answer.response.headers
    assert headers["x-ratelimit-remaining"] == "0"
    assert headers["x-ratelimit-reset"] == str(int(ends_at.timestamp()))
    assert 0 < int(headers["retry-after"]) <= 3_600
    assert [row["name"] for row in await owner.fetch("SELECT name FROM projects")] == ["Default"]


async def test_the_next_hour_is_another(owner, services, clock) -> None:
    await exhaust(owner, services)
    assert (await owner.ask("{ __typename }")).status == 429

    clock.advance(HOUR.total_seconds())

    assert (await owner.ask("{ __typename }")).status == 200


async def test_another_workspace_is_not_held_up(owner, stranger, services) -> None:
    await exhaust(owner, services)

    assert (await stranger.ask("{ __typename }")).status == 200


async def test_whoever_sends_no_credentials_has_no_quota_and_is_not_counted(owner, client) -> None:
    response = await client.post("/graphql", json={"query": "{ __typename }"})

    assert response.status_code == 200
    assert "x-ratelimit-limit" not in response.headers
    assert (await usage(owner))["totalRequests"] == 1


async def test_pings_are_counted_and_never_refused(owner, services) -> None:
    heartbeat = await owner.data(
        """mutation { createMonitor(input: { name: "Job", probe: { heartbeat: { intervalSeconds: 60 } } }) {
        monitor { heartbeat { pingUrl } } userErrors { message } } }"""
    )
    url = heartbeat["createMonitor"]["monitor"]["heartbeat"]["pingUrl"]

    assert await ping(services, url) is PingVerdict.ACCEPTED

    told = await usage(owner)
    assert {"operation": "ping", "requests": 1} in told["byOperation"]
    assert told["used"] == told["totalRequests"] == 3

    await exhaust(owner, services)
    assert (await owner.ask("{ __typename }")).status == 429
    assert await ping(services, url) is PingVerdict.ACCEPTED


async def test_usage_needs_the_scope_of_the_account(owner) -> None:
    narrow = await owner.add_token(Grant(scope=TokenScope.INCIDENTS, permission=TokenPermission.READ))

    answer = await narrow.ask(USAGE, period="HOUR")

    assert answer.body["data"] == {"workspace": {"usage": None}}
    assert answer.codes == ["FORBIDDEN"]


async def test_usage_is_told_only_of_the_workspace_in_which_is_asked(owner, stranger) -> None:
    person = await signed_in(owner, Role.OWNER)
    await stranger.add_member(person.principal.user_id, Role.VIEWER, confined_to=[stranger.project_id])

    answer = await person.ask(
        owner,
        """{ viewer { workspaces { id plan writeLocked limits { requestsPerHour } usage(period: HOUR) { used } } } }""",
    )

    told = answer.body["data"]["viewer"]["workspaces"]
    places = {each["id"]: place for place, each in enumerate(told)}
    place = places.pop(encode_id(Prefix.WORKSPACE, stranger.workspace_id))
    assert [told[here]["usage"] is not None for here in places.values()] == [True]
    there = told[place]
    assert (there["plan"], there["writeLocked"], there["usage"]) == ("ENTERPRISE", False, None)
    assert [(each["path"], each["extensions"]["code"]) for each in answer.errors] == [
        (["viewer", "workspaces", place, "usage"], "FORBIDDEN")
    ]


@pytest.mark.parametrize(
    ("document", "operation_name", "name"),
    [
        ("{ monitors { totalCount } }", None, "monitors"),
        ("query A { monitor(id: 1) { id } } mutation B { deleteMonitor { x } }", "B", "deleteMonitor"),
        ("query A { monitor(id: 1) { id } }", "C", UNNAMED),
        ("{ ...F } fragment F on Query { ... on Query { tags { name } } }", None, "tags"),
        ("{ ...F } fragment F on Query { ...F }", None, UNNAMED),
        ("{ ...F }", None, UNNAMED),
        ("{ evil1234 }", None, UNNAMED),
        ("{ __schema { types { name } } }", None, "introspection"),
        ("subscription { monitorChanged { at } }", None, "monitorChanged"),
        ("fragment F on Query { tags { name } }", None, UNNAMED),
    ],
)
def test_an_operation_is_counted_by_a_name_of_ours(schema, document, operation_name, name) -> None:
    assert counted_name(parse(document), operation_name, schema) == name
