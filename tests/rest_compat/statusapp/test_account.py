"""StatusApp's account, its usage and its API keys, beside those of GraphQL."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest

from core.access.grants import on_every_scope
from core.access.principal import Grant, Role, TokenPermission, TokenScope
from core.heartbeats.ping import PingKind
from rest_compat.statusapp.usage import by_endpoint
from tests.graphql_schema.conftest import Tenant
from tests.rest_compat.statusapp.answers import ask, places, told

PROFILE = """{ viewer { workspace { plan } user {
  id email name image phoneNumber smsOptIn language timezone status createdAt } } }"""
USAGE = """query ($period: UsagePeriod!) { workspace { usage(period: $period) {
  totalRequests byOperation { operation requests } limit used remaining } } }"""
KEYS = "{ apiTokens { nodes { id name prefix lastUsedAt expiresAt isActive createdAt } } }"
CHANGE = {
    "name": "Jane Doe",
    "phoneNumber": "+0987654321",
    "smsNotificationsEnabled": True,
    "timezone": "Europe/London",
}


async def account_in_graphql(owner: Tenant) -> dict[str, object]:
    viewer = (await owner.data(PROFILE))["viewer"]
    user = viewer["user"]
    return {
        "smsNotificationsEnabled": user.pop("smsOptIn"),
        "accountStatus": user.pop("status"),
        "plan": viewer["workspace"]["plan"],
        **user,
    }


async def test_the_account_is_that_of_the_keys_maker_the_same_in_both(owner) -> None:
    teammate = await owner.add_token(role=Role.VIEWER)

    for tenant in (owner, teammate):
        assert await told(tenant, "GET", "/account") == await account_in_graphql(tenant)
    changed = await told(
        owner, "PUT", "/account", json={**CHANGE, "language": "de", "image": "https://x.example/a"}
    )

    assert changed == await account_in_graphql(owner)
    assert {**changed, **CHANGE} == changed
    assert await told(owner, "PUT", "/account", json={}) == changed
    await owner.data(
        'mutation { updateProfile(input: {name: "Ada", timezone: null}) { userErrors { code } } }'
    )
    back = await told(owner, "GET", "/account")
    assert (back["name"], back["timezone"]) == ("Ada", "UTC")
    assert (await told(teammate, "GET", "/account"))["name"] != "Ada"


async def test_null_goes_back_to_the_default(owner) -> None:
    await told(owner, "PUT", "/account", json={**CHANGE, "language": "de", "image": "https://x.example/a"})
    nulls = ("phoneNumber", "smsNotificationsEnabled", "timezone", "language", "image")

    changed = await told(owner, "PUT", "/account", json=dict.fromkeys(nulls))

    assert [changed[name] for name in nulls] == [None, False, "UTC", "en", None]


async def test_what_is_wrong_with_an_account_is_told_at_its_place_and_nothing_is_stored(
    owner, contents
) -> None:
    await told(owner, "GET", "/account")
    before = await contents()

    for body, expected in (
        ({"name": None}, ["name"]),
        (
            {"name": "", "phoneNumber": "112", "timezone": "Mars", "language": "?", "image": "x"},
            ["image", "language", "name", "phoneNumber", "timezone"],
        ),
        (
            {"name": 1, "phoneNumber": 2, "smsNotificationsEnabled": "yes", "timezone": 3},
            ["name", "phoneNumber", "smsNotificationsEnabled", "timezone"],
        ),
        ({"email": "new@example.org", "plan": "ENTERPRISE"}, ["email", "plan"]),
    ):
        assert places(await ask(owner, "PUT", "/account", json=body)) == expected, body

    assert await contents() == before


@pytest.mark.parametrize(
    ("period", "in_graphql"),
    [(None, "DAY"), ("1h", "HOUR"), ("24h", "DAY"), ("7d", "WEEK"), ("30d", "MONTH")],
)
async def test_usage_is_the_same_in_both_counted_by_endpoint(owner, services, period, in_graphql) -> None:
    await owner.add_heartbeat(token="a-token")
    for path in ("/webhooks", "/webhooks", "/team/members/tm_1"):
        await ask(owner, "GET", path)
    await ask(owner, "POST", "/webhooks", json={})
    await owner.ask("{ monitors { totalCount } }")
    await services.pings.receive("a-token", PingKind.SUCCESS)

    of_graphql = (await owner.data(USAGE, period=in_graphql))["workspace"]["usage"]
    usage = await told(owner, "GET", "/account/usage" + ("" if period is None else f"?period={period}"))

    assert usage["period"] == (period or "24h")
    assert usage["requestsByEndpoint"] == {
        "/api/v1/webhooks": 3,
        "/graphql": 2,
        "/api/v1/account/usage": 1,
        "/api/v1/heartbeat": 1,
        "/api/v1/team/members/{memberId}": 1,
    }
    before = Counter({each["operation"]: each["requests"] for each in of_graphql["byOperation"]})
    assert sum(before.values()) + 1 == usage["totalRequests"] == sum(usage["requestsByEndpoint"].values())
    assert usage["rateLimit"] == {
        "limit": of_graphql["limit"],
        "used": of_graphql["used"] + 1,
        "remaining": of_graphql["remaining"] - 1,
    }


def test_endpoints_are_told_without_methods_the_most_frequent_first() -> None:
    counted = [
        ("GET /a", 2),
        ("monitors", 2),
        ("DELETE /a/{id}", 7),
        ("POST /a", 3),
        ("ping", 1),
        ("other", 1),
    ]

    assert list(by_endpoint(counted).items()) == [
        ("/a/{id}", 7),
        ("/a", 5),
        ("/graphql", 2),
        ("/api/v1/heartbeat", 1),
        ("other", 1),
    ]


@pytest.mark.parametrize("query", ["period=2h", "period=", "period=24H", "period=HOUR"])
async def test_a_period_that_there_is_not_is_refused(owner, query) -> None:
    assert places(await ask(owner, "GET", f"/account/usage?{query}")) == ["period"]


async def test_keys_are_the_same_in_both_with_what_they_may_do_everywhere(owner) -> None:
    await owner.add_token(*on_every_scope(TokenPermission.READ), expires_at=owner.now - timedelta(seconds=1))
    await owner.add_token(*on_every_scope(TokenPermission.WRITE))
    await owner.add_token(Grant(scope=TokenScope.WEBHOOKS, permission=TokenPermission.DELETE))
    await owner.fetch("UPDATE api_tokens SET revoked_at = $1 WHERE jsonb_array_length(grants) = 1", owner.now)

    in_graphql = (await owner.data(KEYS))["apiTokens"]["nodes"]
    keys = (await told(owner, "GET", "/account/api-keys"))["apiKeys"]

    permissions = [key.pop("permissions") for key in keys]
    assert keys == in_graphql
    assert sorted(zip(permissions, [key["isActive"] for key in keys], strict=True)) == [
        ("", False),
        ("read", False),
        ("read,write", True),
        ("read,write,delete", True),
    ]
    last = (await told(owner, "GET", "/account/api-keys?page=4&limit=1"))["apiKeys"]
    assert [key["id"] for key in last] == [keys[-1]["id"]]


async def test_every_request_takes_as_many_statements_however_much_there_is(owner, watched) -> None:
    counts: dict[str, set[int]] = {}
    for _ in range(3):
        await owner.add_token()
        for path in ("/account", "/account/usage", "/account/api-keys"):
            await told(owner, "GET", path)
            watched.statements.clear()
            await told(owner, "GET", path)
            counts.setdefault(path, set()).add(len(watched.statements))

    assert counts == {"/account": {2}, "/account/usage": {4}, "/account/api-keys": {1}}
