"""StatusApp's routes of notification channels."""

from __future__ import annotations

from collections.abc import Mapping
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
from core.deliveries.channel_service import CreateChannel, UpdateChannel
from core.deliveries.reading import CHANNELS, CHANNELS_CREATED, channels_by_id, channels_in
from core.errors import InvalidInput
from core.ids import Prefix, decode_id, encode_id
from core.issues import Issues
from core.moments import write_moment
from core.unset import UNSET
from plugins.api.config import Config, Meta
from rest_compat.reading import if_given, json_object, parsed
from rest_compat.renaming import renamed
from rest_compat.route import Call, Route
from rest_compat.statusapp.done import Done
from rest_compat.statusapp.found_row import found_row
from rest_compat.statusapp.notifier_words import (
    ChosenNotifier,
    StoredNotifier,
    chosen_notifier,
    kind_of_type,
    shown_notifier,
    type_of,
)
from rest_compat.statusapp.stretch import WHOLE

_TYPE_HELP = "EMAIL, WEBHOOK, or that of another notifier that is installed"
_CONFIG_HELP = (
    "As the type has it: {emails: […]}, {url, headers: {name: value}}. It is replaced as a whole, but secrets that "
    "are left out stay"
)


class ListedChannel(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A notifier with a configuration, as the list has it."""

    id: str
    name: str
    type: str
    is_active: bool
    created_at: str


class ShownChannel(ListedChannel, frozen=True, kw_only=True, rename="camel"):
    """The same by itself. Secrets are never shown: `secretsSet` names those that there are."""

    config: dict[str, Any]
    secrets_set: list[str]


class Channels(msgspec.Struct, frozen=True, kw_only=True):
    """The channels, in the order of their making."""

    channels: list[ListedChannel]


class CreateChannelBody(Config):
    """A channel to make."""

    name: Annotated[str, Meta(description="What people call it")]
    type: Annotated[str, Meta(description=_TYPE_HELP)]
    config: Annotated[dict[str, Any], Meta(description=_CONFIG_HELP)]


class UpdateChannelBody(Config):
    """What to change of a channel; what is left out stays."""

    name: Annotated[str | None, Meta(description="What people call it")] = None
    type: Annotated[str | None, Meta(description=f"{_TYPE_HELP}; another one needs its config")] = None
    config: Annotated[dict[str, Any] | None, Meta(description=_CONFIG_HELP)] = None
    is_active: Annotated[bool | None, Meta(description="Whether it is told of anything")] = None


async def _list(call: Call) -> Channels:
    require(call.principal, TokenScope.NOTIFICATIONS, TokenPermission.READ)
    wanted = WHOLE.wanted(call.query)
    sight = sight_of(call.principal, call.services.clock.now())
    async with call.services.database.acquire() as connection:
        rows = await read_stretch(
            connection,
            CHANNELS,
            channels_in(sight),
            CHANNELS_CREATED,
            skipped=wanted.skipped,
            size=wanted.size,
        )
    return Channels(channels=[ListedChannel(**_listed(row)) for row in rows])


async def _get(call: Call) -> ShownChannel:
    require(call.principal, TokenScope.NOTIFICATIONS, TokenPermission.READ)
    return _shown(call, await _row(call, _channel_id(call)))


async def _create(call: Call) -> ShownChannel:
    body = parsed(CreateChannelBody, json_object(call.body))
    issues = Issues()
    kind = kind_of_type(call.services.registry, body.type, ("type",), issues)
    notifier = None if kind is None else chosen_notifier(kind, body.config, ("config",), issues)
    if notifier is None:
        raise InvalidInput(issues.found)
    with renamed(notifier.names):
        wanted = CreateChannel(name=body.name, notifier=notifier.choice)
        made_id = await call.services.channels.create(call.principal, wanted)
    return _shown(call, await _row(call, made_id))


async def _update(call: Call) -> ShownChannel:
    data = json_object(call.body)
    body = parsed(UpdateChannelBody, data)
    require(call.principal, TokenScope.NOTIFICATIONS, TokenPermission.WRITE)
    row = await _row(call, _channel_id(call))
    issues = Issues()
    notifier = _replacement(call, data, body, row, issues)
    issues.raise_if_any()
    wanted = UpdateChannel(
        id=call.path["channelId"],
        name=if_given(data, "name", body.name),
        notifier=UNSET if notifier is None else notifier.choice,
        is_active=if_given(data, "isActive", body.is_active),
        # What is kept of the configuration was read before: nobody else's change in between is overwritten with it.
        revision=UNSET if notifier is None else row["revision"],
    )
    with renamed({} if notifier is None else notifier.names):
        changed_id = await call.services.channels.update(call.principal, wanted)
    return _shown(call, await _row(call, changed_id))


async def _delete(call: Call) -> Done:
    await call.services.channels.delete(call.principal, call.path["channelId"])
    return _DELETED


def _replacement(
    call: Call, data: Mapping[str, Any], body: UpdateChannelBody, row: asyncpg.Record, issues: Issues
) -> ChosenNotifier | None:
    """Return what a channel's notifier becomes; None if it stays, or after noting an issue."""
    for field, expected in (("type", "text"), ("config", "object")):
        if field in data and data[field] is None:
            issues.refuse_value((field,), "required", "must not be null", None, expected=expected)
    kind: str | None = row["kind"]
    if body.type is not None and body.type != type_of(row["kind"]):
        kind = kind_of_type(call.services.registry, body.type, ("type",), issues)
        if "config" not in data:
            issues.refuse(("config",), "required", "is required for another type")
    if body.config is None or kind is None:
        return None
    stored = StoredNotifier(kind=row["kind"], config=row["config"])
    return chosen_notifier(kind, body.config, ("config",), issues, stored=stored)


def _channel_id(call: Call) -> UUID | None:
    return decode_id(Prefix.CHANNEL, call.path["channelId"])


async def _row(call: Call, channel_id: UUID | None) -> asyncpg.Record:
    return await found_row(call, channels_by_id, channel_id, "channel")


def _listed(row: asyncpg.Record) -> dict[str, Any]:
    return {
        "id": encode_id(Prefix.CHANNEL, row["id"]),
        "name": row["name"],
        "type": type_of(row["kind"]),
        "is_active": row["is_active"],
        "created_at": write_moment(row["created_at"]),
    }


def _shown(call: Call, row: asyncpg.Record) -> ShownChannel:
    shown = shown_notifier(call.services.registry, StoredNotifier(kind=row["kind"], config=row["config"]))
    return ShownChannel(**_listed(row), config=dict(shown.config), secrets_set=shown.secrets_set)


_DELETED = Done(message="Notification channel deleted successfully")

_LISTED_EXAMPLE = {
    "id": "nc_01m81q4vb2ex285gqsh83acwyg",
    "name": "Custom Webhook",
    "type": "WEBHOOK",
    "isActive": True,
    "createdAt": "2025-01-01T00:00:00.000Z",
}
_EXAMPLE = {
    **_LISTED_EXAMPLE,
    "config": {"url": "https://api.example.com/webhook", "headers": {"Authorization": None}},
    "secretsSet": ["headers.Authorization"],
}
_PATH = "/api/v1/notifications/{channelId}"
_NOT_FOUND = (HTTPStatus.NOT_FOUND,)

ROUTES = (
    Route(
        method=HTTPMethod.GET,
        path="/api/v1/notifications",
        name="listNotificationChannels",
        summary="List notification channels",
        right=QUERIES["channels"],
        answer=_list,
        result=Channels,
        query=WHOLE.parameters,
        example={"channels": [_LISTED_EXAMPLE]},
        refusals=(HTTPStatus.BAD_REQUEST,),
    ),
    Route(
        method=HTTPMethod.POST,
        path="/api/v1/notifications",
        name="createNotificationChannel",
        summary="Create a notification channel",
        right=MUTATIONS["createChannel"],
        answer=_create,
        status=HTTPStatus.CREATED,
        body=CreateChannelBody,
        body_example={
            "name": "Custom Webhook",
            "type": "WEBHOOK",
            "config": {
                "url": "https://api.example.com/webhook",
                "headers": {"Authorization": "Bearer token"},
            },
        },
        result=ShownChannel,
        example=_EXAMPLE,
    ),
    Route(
        method=HTTPMethod.GET,
        path=_PATH,
        name="getNotificationChannel",
        summary="Get a notification channel",
        right=QUERIES["channels"],
        answer=_get,
        result=ShownChannel,
        example=_EXAMPLE,
        refusals=_NOT_FOUND,
    ),
    Route(
        method=HTTPMethod.PUT,
        path=_PATH,
        name="updateNotificationChannel",
        summary="Update a notification channel",
        right=MUTATIONS["updateChannel"],
        answer=_update,
        body=UpdateChannelBody,
        body_example={"name": "Custom Webhook", "config": {"url": "https://api.example.com/webhook"}},
        result=ShownChannel,
        example=_EXAMPLE,
        refusals=(HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT),
    ),
    Route(
        method=HTTPMethod.DELETE,
        path=_PATH,
        name="deleteNotificationChannel",
        summary="Delete a notification channel",
        right=MUTATIONS["deleteChannel"],
        answer=_delete,
        result=Done,
        example=msgspec.to_builtins(_DELETED),
        refusals=_NOT_FOUND,
    ),
)
