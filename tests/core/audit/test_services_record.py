"""What is written down of changes of all that is neither project nor monitor, and what is not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from core.access.plans import Plan
from core.access.principal import Grant, TokenPermission, TokenScope
from core.access.profile_service import UpdateProfile
from core.access.token_secret import prefix_of_secret
from core.access.token_service import CreateToken
from core.access.workspace_administration import set_plan
from core.deliveries.channel_service import CreateChannel, UpdateChannel
from core.deliveries.webhook_event import WebhookEvent
from core.deliveries.webhook_service import CreateWebhook, UpdateWebhook
from core.ids import Prefix, decode_id, encode_id
from core.incidents.incident_service import AddIncidentNote, SetRootCause
from core.kind_choice import KindChoice
from core.monitors.monitor_input import ConfirmationInput, CreateMonitor
from core.services import Services
from plugins.api.outcome import RootCause
from tests.core.audit.conftest import Entries, Entry
from tests.core.test_contended_changes import failed_delivery, open_incident

DOOR = KindChoice(kind="door", config={"address": "Front", "password": "s3cret"})
POSTMAN = KindChoice(kind="postman", config={"everySeconds": 3600})


def door(name: str = "Front", **more: Any) -> CreateMonitor:
    return CreateMonitor(name=name, probe=DOOR, **more)


def mon(identifier: Any) -> str:
    return encode_id(Prefix.MONITOR, identifier)


async def test_a_channel_is_made_changed_tested_and_deleted(
    services: Services, tenants, entries: Entries
) -> None:
    owner = tenants.owner
    pigeon = KindChoice(kind="pigeon", config={"dovecote": "north", "ring": "s3cret"})
    channel_id = await services.channels.create(owner, CreateChannel(name="Birds", notifier=pigeon))
    public_id = encode_id(Prefix.CHANNEL, channel_id)
    another_ring = KindChoice(kind="pigeon", config={"dovecote": "north", "ring": "other"})
    for _ in range(2):
        update = UpdateChannel(id=public_id, notifier=another_ring, is_active=False)
        await services.channels.update(owner, update)
    await services.deliveries.test_channel(owner, public_id)
    await services.channels.delete(owner, public_id)

    shown = {"name": "Birds", "kind": "pigeon", "config": {"dovecote": "north", "ring": "[set]"}}
    assert await entries() == [
        Entry(action="channel.created", subject_id=channel_id, after={**shown, "isActive": True}),
        Entry(
            action="channel.updated",
            subject_id=channel_id,
            before={"config": {"ring": "[set]"}, "isActive": True},
            after={"config": {"ring": "[changed]"}, "isActive": False},
        ),
        Entry(action="channel.tested", subject_id=channel_id),
        Entry(action="channel.deleted", subject_id=channel_id, before={**shown, "isActive": False}),
    ]


async def test_a_webhook_is_made_changed_and_deleted(services: Services, tenants, entries: Entries) -> None:
    owner = tenants.owner
    down = (WebhookEvent.MONITOR_DOWN,)
    webhook_id = await services.webhooks.create(
        owner, CreateWebhook(name="Hook", url="https://192.0.2.1/in?key=abc&page=1", events=down)
    )
    public_id = encode_id(Prefix.WEBHOOK, webhook_id)
    for secret in ("s3cret", "s3cret", "other", None):
        await services.webhooks.update(owner, UpdateWebhook(id=public_id, secret=secret))
    await services.webhooks.delete(owner, public_id)

    shown = {
        "name": "Hook",
        "url": "https://192.0.2.1/in?key=***&page=1",
        "events": ["MONITOR_DOWN"],
        "secret": None,
        "isActive": True,
    }
    assert [(entry.action, entry.before, entry.after) for entry in await entries()] == [
        ("webhook.created", None, shown),
        ("webhook.updated", {"secret": None}, {"secret": "[set]"}),
        ("webhook.updated", {"secret": "[set]"}, {"secret": "[changed]"}),
        ("webhook.updated", {"secret": "[set]"}, {"secret": None}),
        ("webhook.deleted", shown, None),
    ]


async def test_a_token_is_made_and_revoked_once(services: Services, tenants, entries: Entries, clock) -> None:
    owner = replace(tenants.owner, token_id=None)
    grant = Grant(scope=TokenScope.INCIDENTS, permission=TokenPermission.READ)
    made = await services.tokens.create(owner, CreateToken(name="Grafana", grants=[grant], expires_at=None))
    for _ in range(2):
        await services.tokens.revoke(owner, encode_id(Prefix.TOKEN, made.id))

    revoked_at = clock.now().isoformat(timespec="milliseconds").replace("+00:00", "Z")
    assert await entries() == [
        Entry(
            action="token.created",
            subject_id=made.id,
            after={
                "name": "Grafana",
                "prefix": prefix_of_secret(made.secret),
                "grants": [{"scope": "INCIDENTS", "permission": "READ"}],
                "expiresAt": None,
            },
        ),
        Entry(
            action="token.revoked",
            subject_id=made.id,
            before={"revokedAt": None},
            after={"revokedAt": revoked_at},
        ),
    ]


async def test_a_profile_is_changed(services: Services, tenants, entries: Entries) -> None:
    user_id = tenants.owner.user_id
    for _ in range(2):
        await services.people.profiles.update(
            tenants.owner,
            UpdateProfile(name="Ada", image="https://a.test/ada.png?token=abc", phone_number=None),
        )

    [entry] = await entries()
    assert (entry.action, entry.subject_id) == ("user.updated", user_id)
    assert entry.before == {"name": "ada@example.com", "image": None}
    assert entry.after == {"name": "Ada", "image": "https://a.test/ada.png?token=***"}


async def test_the_operator_books_another_plan(
    services: Services, tenants, entries: Entries, database, clock
) -> None:
    workspace_id = tenants.owner.workspace_id
    for plan in (Plan.ENTERPRISE, Plan.FREE):
        async with database.transaction() as connection:
            await set_plan(connection, workspace_id, plan, clock.now())

    assert await entries() == [
        Entry(
            action="workspace.plan_set",
            subject_id=workspace_id,
            before={"plan": "ENTERPRISE"},
            after={"plan": "FREE"},
        )
    ]


async def test_what_people_do_to_incidents(services: Services, tenants, entries: Entries, clock) -> None:
    owner = tenants.owner
    monitor_id = await services.monitors.create(
        owner, door(confirmation=ConfirmationInput(failures_to_open=1))
    )
    public_id = await open_incident(services.database, clock, owner, mon(monitor_id))
    incident_id = decode_id(Prefix.INCIDENT, public_id)
    await entries()

    for _ in range(2):
        await services.incidents.acknowledge(owner, public_id)
        await services.incidents.set_root_cause(
            owner, SetRootCause(id=public_id, root_cause=RootCause.DDOS_ATTACK, detail="by night")
        )
    await services.incidents.add_note(owner, AddIncidentNote(id=public_id, message="seen"))
    clock.advance(1)
    await services.incidents.resolve(owner, public_id)

    [acknowledged, caused, noted, resolved] = await entries()
    assert {entry.subject_id for entry in (acknowledged, caused, noted, resolved)} == {incident_id}
    assert acknowledged.before == {"status": "OPEN", "acknowledgedAt": None, "acknowledgedBy": None}
    assert acknowledged.after["status"] == "ACKNOWLEDGED"
    assert acknowledged.after["acknowledgedBy"] == encode_id(Prefix.USER, owner.user_id)
    assert caused.before == {"rootCause": "UNKNOWN", "rootCauseDetail": "opens slowly"}
    assert caused.after == {"rootCause": "DDOS_ATTACK", "rootCauseDetail": "by night"}
    assert (noted.action, noted.before, noted.after) == ("incident.note_added", None, {"message": "seen"})
    assert resolved.before == {"status": "ACKNOWLEDGED", "resolvedAt": None}
    assert resolved.after["status"] == "RESOLVED"
    assert resolved.after["resolvedAt"] > acknowledged.after["acknowledgedAt"]


async def test_a_message_that_is_sent_once_more(services: Services, tenants, entries: Entries, clock) -> None:
    pigeon = KindChoice(kind="pigeon", config={"dovecote": "north"})
    channel_id = await services.channels.create(tenants.owner, CreateChannel(name="Birds", notifier=pigeon))
    failed = await failed_delivery(services.database, clock, tenants.owner, channel_id)
    await entries()

    owed = await services.deliveries.redeliver(tenants.owner, failed)

    assert await entries() == [
        Entry(
            action="delivery.repeated",
            subject_id=decode_id(Prefix.DELIVERY, failed),
            after={"deliveryId": encode_id(Prefix.DELIVERY, owed)},
        )
    ]
