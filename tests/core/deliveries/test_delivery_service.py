"""Who may send test messages, and messages once more."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import pytest

from core.access.plans import Plan
from core.access.principal import Grant, Principal, TokenPermission, TokenScope
from core.deliveries.delivery_service import DeliveryService
from core.deliveries.trial import Trials
from core.errors import NotFound, SharedAccountWriteForbidden, TokenScopeDenied
from core.ids import Prefix, encode_id, new_id
from plugins.api.outbound import Outbound


@pytest.fixture
def deliveries(database, village, clock) -> DeliveryService:
    trials = Trials(database=database, registry=village, outbound=Outbound(), clock=clock)
    return DeliveryService(database=database, trials=trials, clock=clock)


@pytest.fixture
async def channel_id(database, clock, tenants) -> UUID:
    made = new_id(clock.now())
    async with database.acquire() as connection:
        await connection.execute(
            "INSERT INTO channels (id, workspace_id, name, kind, config, created_at)"
            " VALUES ($1, $2, 'Birds', 'pigeon', $3, $4)",
            made,
            tenants.owner.workspace_id,
            {"dovecote": "north", "ring": None},
            clock.now(),
        )
    return made


@pytest.fixture
async def delivery_id(database, clock, tenants, channel_id) -> str:
    made = new_id(clock.now())
    async with database.acquire() as connection:
        await connection.execute(
            "INSERT INTO deliveries (id, workspace_id, event, channel_id, recipient, status, body, created_at)"
            " VALUES ($1, $2, 'TEST', $3, 'north', 'FAILED', '{}', $4)",
            made,
            tenants.owner.workspace_id,
            channel_id,
            clock.now(),
        )
    return encode_id(Prefix.DELIVERY, made)


async def test_a_test_message_is_sent_and_kept_nowhere(deliveries, tenants, channel_id, contents) -> None:
    before = await contents()

    result = await deliveries.test_channel(tenants.owner, encode_id(Prefix.CHANNEL, channel_id))

    assert result.success
    after = await contents()
    assert [entry["action"] for entry in after.pop("audit_entries")] == ["channel.tested"]
    assert after == {name: rows for name, rows in before.items() if name != "audit_entries"}


async def test_a_delivery_is_owed_once_more(deliveries, tenants, delivery_id, database) -> None:
    again = await deliveries.redeliver(tenants.owner, delivery_id)

    async with database.acquire() as connection:
        rows = await connection.fetch("SELECT id, status FROM deliveries")
    assert {(row["id"] == again, row["status"]) for row in rows} == {(True, "PENDING"), (False, "FAILED")}


async def test_who_may_not_send_leaves_no_trace(
    deliveries, channel_id, delivery_id, contents, trespasser
) -> None:
    before = await contents()

    with pytest.raises(trespasser.error):
        await deliveries.redeliver(trespasser.principal, delivery_id)
    with pytest.raises(trespasser.error):
        await deliveries.test_channel(trespasser.principal, encode_id(Prefix.CHANNEL, channel_id))
    with pytest.raises(trespasser.error):
        await deliveries.test_webhook(trespasser.principal, encode_id(Prefix.WEBHOOK, channel_id))

    assert await contents() == before


async def test_without_the_grant_for_its_destination_a_delivery_is_like_none(
    deliveries, tenants, delivery_id, clock
) -> None:
    of_webhooks = _granted(tenants.owner, TokenScope.WEBHOOKS)

    told = set()
    for each in (delivery_id, encode_id(Prefix.DELIVERY, new_id(clock.now())), "wd_1"):
        with pytest.raises(NotFound) as refusal:
            await deliveries.redeliver(of_webhooks, each)
        told.add((refusal.value.message, refusal.value.path))

    assert len(told) == 1


async def test_whoever_may_write_to_no_destination_is_refused_whatever_the_id(
    deliveries, tenants, delivery_id
) -> None:
    for each in (delivery_id, "wd_1"):
        with pytest.raises(TokenScopeDenied):
            await deliveries.redeliver(_granted(tenants.owner, TokenScope.INCIDENTS), each)


def _granted(principal: Principal, scope: TokenScope) -> Principal:
    return replace(principal, grants=frozenset({Grant(scope=scope, permission=TokenPermission.WRITE)}))


@pytest.mark.parametrize("unknown", ["", "wd_1", "nc_00000000000000000000000000"])
async def test_a_malformed_id_answers_like_an_unknown_delivery(deliveries, tenants, unknown: str) -> None:
    with pytest.raises(NotFound):
        await deliveries.redeliver(tenants.owner, unknown)


async def test_whoever_is_confined_to_projects_sends_nothing(
    deliveries, confined, delivery_id, channel_id, contents
) -> None:
    before = await contents()

    with pytest.raises(SharedAccountWriteForbidden):
        await deliveries.redeliver(confined.principal, delivery_id)
    with pytest.raises(SharedAccountWriteForbidden):
        await deliveries.test_channel(confined.principal, encode_id(Prefix.CHANNEL, channel_id))

    assert await contents() == before


async def test_a_delivery_older_than_the_plans_history_is_not_found(
    deliveries, tenants, delivery_id, contents, clock
) -> None:
    free = replace(tenants.owner, plan=Plan.FREE)
    clock.advance(7 * 86_400 + 1)
    before = await contents()

    with pytest.raises(NotFound) as refused:
        await deliveries.redeliver(free, delivery_id)

    assert refused.value.path == ("id",)
    assert await contents() == before
    await deliveries.redeliver(tenants.owner, delivery_id)
