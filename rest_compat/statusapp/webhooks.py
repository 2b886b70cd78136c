"""StatusApp's routes of webhooks."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPMethod, HTTPStatus
from typing import Annotated, Any
from uuid import UUID

import asyncpg
import msgspec

from core.access.permission import require
from core.access.principal import TokenPermission, TokenScope
from core.access.rights import MUTATIONS, QUERIES
from core.access.sight import sight_of
from core.db.listing import read_stretch
from core.deliveries.delivery_event import DeliveryEvent
from core.deliveries.reading import (
    DELIVERIES,
    LATEST_FIRST,
    WEBHOOKS,
    WEBHOOKS_CREATED,
    DeliveryFilter,
    webhooks_by_id,
)
from core.deliveries.webhook_event import WebhookEvent
from core.deliveries.webhook_service import CreateWebhook, UpdateWebhook
from core.ids import Prefix, decode_id, encode_id
from core.issues import Issues
from core.moments import write_moment
from core.unset import Unset
from plugins.api.config import Config, Meta, Secret
from rest_compat.reading import if_given, json_object, parsed
from rest_compat.route import Call, Route
from rest_compat.statusapp.done import Done
from rest_compat.statusapp.found_row import found_row
from rest_compat.statusapp.stretch import HISTORY, WHOLE

_EVENTS_HELP = "Comma-separated: monitor.down, monitor.up, incident.created, incident.resolved"


class ListedWebhook(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """An address that is told of events, as the list has it."""

    id: str
    name: str
    url: str
    events: str
    is_active: bool
    last_status: int | None
    last_triggered_at: str | None


class ShownWebhook(ListedWebhook, frozen=True, kw_only=True, rename="camel"):
    """The same by itself. The secret is never shown: only whether there is one."""

    has_secret: bool
    created_at: str


class Webhooks(msgspec.Struct, frozen=True, kw_only=True):
    """The webhooks, in the order of their making."""

    webhooks: list[ListedWebhook]


class Trial(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """What became of a test payload; `error` says why it failed."""

    success: bool
    status_code: int | None
    response_time: int | None
    error: str | None = None


class ShownDelivery(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One payload: what the latest answer to it was, and when it arrived."""

    id: str
    event: str
    status_code: int | None
    attempts: int
    delivered_at: str | None


class Deliveries(msgspec.Struct, frozen=True, kw_only=True):
    """What a webhook was told or is owed, the latest first."""

    deliveries: list[ShownDelivery]


class CreateWebhookBody(Config):
    """A webhook to make."""

    name: Annotated[str, Meta(description="What people call it")]
    url: Annotated[str, Meta(description="The http or https address that is told, by POST")]
    events: Annotated[str, Meta(description=_EVENTS_HELP)]
    secret: Annotated[Secret | None, Meta(description="Signs the payloads; without one they are not")] = None


class UpdateWebhookBody(Config):
    """What to change of a webhook; what is left out stays."""

    name: Annotated[str | None, Meta(description="What people call it")] = None
    url: Annotated[str | None, Meta(description="The http or https address that is told, by POST")] = None
    events: Annotated[str | None, Meta(description=_EVENTS_HELP)] = None
    secret: Annotated[Secret | None, Meta(description="Another one; null: payloads are not signed")] = None
    is_active: Annotated[bool | None, Meta(description="Whether it is told of anything")] = None


async def _list(call: Call) -> Webhooks:
    principal = call.principal
    require(principal, TokenScope.WEBHOOKS, TokenPermission.READ)
    wanted = WHOLE.wanted(call.query)
    async with call.services.database.acquire() as connection:
        rows = await read_stretch(
            connection,
            WEBHOOKS,
            (principal.workspace_id,),
            WEBHOOKS_CREATED,
            skipped=wanted.skipped,
            size=wanted.size,
        )
    return Webhooks(webhooks=[ListedWebhook(**_listed(row)) for row in rows])


async def _get(call: Call) -> ShownWebhook:
    require(call.principal, TokenScope.WEBHOOKS, TokenPermission.READ)
    return await _shown(call, _webhook_id(call))


async def _create(call: Call) -> ShownWebhook:
    body = parsed(CreateWebhookBody, json_object(call.body))
    issues = Issues()
    events = _events(body.events, issues)
    issues.raise_if_any()
    wanted = CreateWebhook(name=body.name, url=body.url, events=events, secret=body.secret)
    return await _shown(call, await call.services.webhooks.create(call.principal, wanted))


async def _update(call: Call) -> ShownWebhook:
    data = json_object(call.body)
    body = parsed(UpdateWebhookBody, data)
    issues = Issues()
    events: Sequence[WebhookEvent] | Unset | None = if_given(data, "events", None)
    if body.events is not None:
        events = _events(body.events, issues)
    issues.raise_if_any()
    wanted = UpdateWebhook(
        id=call.path["webhookId"],
        name=if_given(data, "name", body.name),
        url=if_given(data, "url", body.url),
        events=events,
        secret=if_given(data, "secret", body.secret),
        is_active=if_given(data, "isActive", body.is_active),
    )
    return await _shown(call, await call.services.webhooks.update(call.principal, wanted))


async def _delete(call: Call) -> Done:
    await call.services.webhooks.delete(call.principal, call.path["webhookId"])
    return _DELETED


async def _test(call: Call) -> Trial:
    result = await call.services.deliveries.test_webhook(call.principal, call.path["webhookId"])
    took_ms = result.response_time_ms
    return Trial(
        success=result.success,
        status_code=result.status_code,
        response_time=None if took_ms is None else round(took_ms),
        error=result.error,
    )


async def _deliveries(call: Call) -> Deliveries:
    principal = call.principal
    require(principal, TokenScope.WEBHOOKS, TokenPermission.READ)
    wanted = HISTORY.wanted(call.query)
    webhook = await _row(call, _webhook_id(call))
    of_webhook = DeliveryFilter(webhook_id=webhook["id"], to_channels=False)
    async with call.services.database.acquire() as connection:
        rows = await read_stretch(
            connection,
            DELIVERIES,
            of_webhook.arguments(sight_of(principal, call.services.clock.now())),
            LATEST_FIRST,
            skipped=wanted.skipped,
            size=wanted.size,
        )
    return Deliveries(deliveries=[_delivery(row) for row in rows])


def _webhook_id(call: Call) -> UUID | None:
    return decode_id(Prefix.WEBHOOK, call.path["webhookId"])


async def _row(call: Call, webhook_id: UUID | None) -> asyncpg.Record:
    return await found_row(call, webhooks_by_id, webhook_id, "webhook")


async def _shown(call: Call, webhook_id: UUID | None) -> ShownWebhook:
    row = await _row(call, webhook_id)
    return ShownWebhook(
        **_listed(row), has_secret=row["has_secret"], created_at=write_moment(row["created_at"])
    )


def _listed(row: asyncpg.Record) -> dict[str, Any]:
    triggered_at = row["last_triggered_at"]
    return {
        "id": encode_id(Prefix.WEBHOOK, row["id"]),
        "name": row["name"],
        "url": row["url"],
        "events": ",".join(DeliveryEvent(event).dotted for event in row["events"]),
        "is_active": row["is_active"],
        "last_status": row["last_status"],
        "last_triggered_at": None if triggered_at is None else write_moment(triggered_at),
    }


def _delivery(row: asyncpg.Record) -> ShownDelivery:
    delivered_at = row["delivered_at"]
    return ShownDelivery(
        id=encode_id(Prefix.DELIVERY, row["id"]),
        event=DeliveryEvent(row["event"]).dotted,
        status_code=row["status_code"],
        attempts=row["attempts"],
        delivered_at=None if delivered_at is None else write_moment(delivered_at),
    )


def _events(text: str, issues: Issues) -> list[WebhookEvent]:
    """Return the events that a list names; note an issue for each name that is none. An empty one is the service's."""
    by_name = {DeliveryEvent(event.value).dotted: event for event in WebhookEvent}
    names = [name.strip() for name in text.split(",")] if text.strip() else []
    expected = ", ".join(by_name)
    for name in names:
        if name not in by_name:
            issues.refuse_value(("events",), "enum", f"must be of {expected}", name, expected=expected)
    return [by_name[name] for name in names if name in by_name]


_DELETED = Done(message="Webhook deleted successfully")

_LISTED_EXAMPLE = {
    "id": "wh_01m81q4vb2ex285gqsh83acwyg",
    "name": "Production Webhook",
    "url": "https://api.example.com/statusapp-events",
    "events": "monitor.down,monitor.up,incident.created,incident.resolved",
    "isActive": True,
    "lastStatus": 200,
    "lastTriggeredAt": "2025-01-21T10:30:00.000Z",
}
_EXAMPLE = {**_LISTED_EXAMPLE, "hasSecret": True, "createdAt": "2025-01-01T00:00:00.000Z"}
_NEW_EXAMPLE = {**_EXAMPLE, "lastStatus": None, "lastTriggeredAt": None}
_PATH = "/api/v1/webhooks/{webhookId}"
_NOT_FOUND = (HTTPStatus.NOT_FOUND,)

ROUTES = (
    Route(
        method=HTTPMethod.GET,
        path="/api/v1/webhooks",
        name="listWebhooks",
        summary="List webhooks",
        right=QUERIES["webhooks"],
        answer=_list,
        result=Webhooks,
        query=WHOLE.parameters,
        example={"webhooks": [_LISTED_EXAMPLE]},
        refusals=(HTTPStatus.BAD_REQUEST,),
    ),
    Route(
        method=HTTPMethod.POST,
        path="/api/v1/webhooks",
        name="createWebhook",
        summary="Create a webhook",
        right=MUTATIONS["createWebhook"],
        answer=_create,
        status=HTTPStatus.CREATED,
        body=CreateWebhookBody,
        body_example={
            "name": "Production Webhook",
            "url": "https://api.example.com/statusapp-events",
            "events": "monitor.down,monitor.up,incident.created,incident.resolved",
            "secret": "your-webhook-secret",
        },
        result=ShownWebhook,
        example=_NEW_EXAMPLE,
    ),
    Route(
        method=HTTPMethod.GET,
        path=_PATH,
        name="getWebhook",
        summary="Get a webhook",
        right=QUERIES["webhooks"],
        answer=_get,
        result=ShownWebhook,
        example=_EXAMPLE,
        refusals=_NOT_FOUND,
    ),
    Route(
        method=HTTPMethod.PUT,
        path=_PATH,
        name="updateWebhook",
        summary="Update a webhook",
        right=MUTATIONS["updateWebhook"],
        answer=_update,
        body=UpdateWebhookBody,
        body_example={"events": "monitor.down,monitor.up", "isActive": True},
        result=ShownWebhook,
        example={**_EXAMPLE, "events": "monitor.down,monitor.up"},
        refusals=_NOT_FOUND,
    ),
    Route(
        method=HTTPMethod.DELETE,
        path=_PATH,
        name="deleteWebhook",
        summary="Delete a webhook",
        right=MUTATIONS["deleteWebhook"],
        answer=_delete,
        result=Done,
        example=msgspec.to_builtins(_DELETED),
        refusals=_NOT_FOUND,
    ),
    Route(
        method=HTTPMethod.POST,
        path=f"{_PATH}/test",
        name="testWebhook",
        summary="Send a test payload to a webhook",
        right=MUTATIONS["testWebhook"],
        answer=_test,
        result=Trial,
        example={"success": True, "statusCode": 200, "responseTime": 245},
        refusals=_NOT_FOUND,
    ),
    Route(
        method=HTTPMethod.GET,
        path=f"{_PATH}/deliveries",
        name="listWebhookDeliveries",
        summary="List what a webhook was told",
        right=QUERIES["webhooks"],
        answer=_deliveries,
        result=Deliveries,
        query=HISTORY.parameters,
        example={
            "deliveries": [
                {
                    "id": "wd_01m81q4vb2ex285gqsh83acwyg",
                    "event": "monitor.down",
                    "statusCode": 200,
                    "attempts": 1,
                    "deliveredAt": "2025-01-21T10:30:00.000Z",
                }
            ]
        },
        refusals=(HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND),
    ),
)
