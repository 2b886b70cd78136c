"""Webhooks, on a real PostgreSQL: made, changed, deleted, and refused without a trace."""

from __future__ import annotations

import pytest

from core.db.tables import Webhook
from core.deliveries.webhook_event import WebhookEvent
from core.deliveries.webhook_service import CreateWebhook, UpdateWebhook, WebhookService
from core.errors import Conflict, InvalidInput, NotFound
from core.ids import Prefix, encode_id, new_id

URL = "https://example.com/hooks?key=1"


@pytest.fixture
def webhooks(database, clock) -> WebhookService:
    return WebhookService(database=database, clock=clock)


@pytest.fixture
async def webhook_id(webhooks, tenants) -> str:
    wanted = CreateWebhook(name="Ops", url=URL, events=[WebhookEvent.MONITOR_DOWN], secret="s3cret")
    return encode_id(Prefix.WEBHOOK, await webhooks.create(tenants.owner, wanted))


async def test_a_webhook_is_stored_with_each_event_once(webhooks, tenants) -> None:
    events = [WebhookEvent.INCIDENT_RESOLVED, WebhookEvent.MONITOR_UP, WebhookEvent.MONITOR_UP]

    made = await webhooks.create(tenants.owner, CreateWebhook(name=" Ops ", url=URL, events=events))

    [row] = await Webhook.select()
    assert (row["id"], row["workspace_id"]) == (made, tenants.owner.workspace_id)
    assert (row["name"], row["url"], row["secret"]) == ("Ops", URL, None)
    assert row["events"] == ["MONITOR_UP", "INCIDENT_RESOLVED"]


async def test_every_wrong_thing_of_a_webhook_is_told_at_once_and_nothing_is_stored(
    webhooks, tenants
) -> None:
    wrong = CreateWebhook(name="x" * 201, url="http://user:pw@example.com:0", events=[], secret="")

    with pytest.raises(InvalidInput) as refused:
        await webhooks.create(tenants.owner, wrong)

    issues = refused.value.issues
    assert [issue.path[0] for issue in issues] == ["name", "url", "url", "events", "secret"]
    assert "pw" not in str(refused.value)
    assert await Webhook.count() == 0


async def test_an_update_leaves_out_what_is_absent_and_null_clears_the_secret(
    webhooks, tenants, webhook_id
) -> None:
    await webhooks.update(tenants.owner, UpdateWebhook(id=webhook_id, name="Ops 2"))
    [row] = await Webhook.select()
    assert (row["name"], row["secret"], row["revision"]) == ("Ops 2", "s3cret", 2)

    await webhooks.update(tenants.owner, UpdateWebhook(id=webhook_id, secret=None, revision=2))
    [row] = await Webhook.select()
    assert (row["secret"], row["revision"]) == (None, 3)


async def test_name_url_and_events_of_a_webhook_cannot_be_cleared(
    webhooks, tenants, webhook_id, contents
) -> None:
    before = await contents()

    with pytest.raises(InvalidInput) as refused:
        await webhooks.update(tenants.owner, UpdateWebhook(id=webhook_id, name=None, url=None, events=None))

    assert [issue.path for issue in refused.value.issues] == [("name",), ("url",), ("events",)]
    assert await contents() == before


async def test_an_empty_update_of_a_webhook_changes_nothing(webhooks, tenants, webhook_id, contents) -> None:
    before = await contents()

    await webhooks.update(tenants.owner, UpdateWebhook(id=webhook_id))

    assert await contents() == before


async def test_a_stale_revision_of_a_webhook_is_a_conflict(webhooks, tenants, webhook_id) -> None:
    with pytest.raises(Conflict) as refused:
        await webhooks.update(tenants.owner, UpdateWebhook(id=webhook_id, name="Late", revision=7))

    assert refused.value.path == ("revision",)


async def test_a_deleted_webhook_is_unknown_and_is_owed_nothing_more(
    webhooks, tenants, webhook_id, database, clock
) -> None:
    [row] = await Webhook.select()
    async with database.acquire() as connection:
        await connection.execute(
            "INSERT INTO deliveries (id, workspace_id, event, webhook_id, recipient, status, body, created_at,"
            " next_attempt_at) VALUES ($1, $2, 'MONITOR_DOWN', $3, $4, 'PENDING', '{}', $5, $5)",
            new_id(clock.now()),
            tenants.owner.workspace_id,
            row["id"],
            URL,
            clock.now(),
        )

    assert await webhooks.delete(tenants.owner, webhook_id) == row["id"]

    with pytest.raises(NotFound):
        await webhooks.update(tenants.owner, UpdateWebhook(id=webhook_id, name="Ghost"))
    async with database.acquire() as connection:
        assert await connection.fetchval("SELECT status FROM deliveries") == "SUPPRESSED"


async def test_who_may_not_change_a_webhook_leaves_no_trace(
    webhooks, webhook_id, contents, trespasser
) -> None:
    before = await contents()

    with pytest.raises(trespasser.error):
        await webhooks.update(trespasser.principal, UpdateWebhook(id=webhook_id, name="mine"))
    with pytest.raises(trespasser.error):
        await webhooks.delete(trespasser.principal, webhook_id)

    assert await contents() == before
