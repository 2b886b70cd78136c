"""Changes of channels and webhooks, and messages sent on demand."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Annotated, Any
from uuid import UUID

import strawberry

from core.deliveries.channel_service import CreateChannel, UpdateChannel
from core.deliveries.trial import TestResult
from core.deliveries.webhook_event import WebhookEvent
from core.deliveries.webhook_service import CreateWebhook, UpdateWebhook
from core.ids import Prefix
from graphql_schema.arguments import INPUT
from graphql_schema.changes import USER_ERRORS_HELP, ChangedById, DeletedPayload, changed, deleted
from graphql_schema.context import Context, Info
from graphql_schema.deliveries.types import Channel, Delivery, Webhook
from graphql_schema.described import mutation
from graphql_schema.errors import UserError, attempt
from graphql_schema.kind_inputs import choice_or_unset, mutation_taking, with_kind
from graphql_schema.plugin_types import chosen_kind
from graphql_schema.written import written, written_or_unset

_OTHER_NOTIFIER_HELP = (
    "Another notifier, or another configuration of the present one, as a whole. Null is refused"
)


@strawberry.input(description="A channel to make")
class CreateChannelInput:
    """As core.deliveries.channel_service takes it; `notifier` is added at start."""

    name: str = strawberry.field(description="What people call it: 1 to 200 characters; need not be unique")


@strawberry.input(
    description="What to change of a channel: absent is unchanged. The notifier's configuration is replaced as a "
    "whole, but an omitted secret keeps what is stored."
)
class UpdateChannelInput:
    """As core.deliveries.channel_service takes it; `notifier` is added at start."""

    id: strawberry.ID = strawberry.field(description="The channel to change")
    name: str | None = strawberry.field(
        default=strawberry.UNSET, description="Another name: 1 to 200 characters; null is refused"
    )
    is_active: bool | None = strawberry.field(
        default=strawberry.UNSET, description="Whether it is told of anything; null is true"
    )
    revision: int | None = strawberry.field(default=strawberry.UNSET, description="A stale one is a CONFLICT")


@strawberry.input(description="A webhook to make")
class CreateWebhookInput:
    """As core.deliveries.webhook_service takes it."""

    name: str = strawberry.field(description="What people call it: 1 to 200 characters; need not be unique")
    url: str = strawberry.field(
        description="The http or https address that is told, by POST; at most 2,048 characters"
    )
    events: list[WebhookEvent] = strawberry.field(description="What it is told of: at least one event")
    secret: str | None = strawberry.field(
        default=strawberry.UNSET, description="Signs the requests; without one they are not signed"
    )


@strawberry.input(description="What to change of a webhook: absent is unchanged, a null secret clears it")
class UpdateWebhookInput:
    """As core.deliveries.webhook_service takes it."""

    id: strawberry.ID = strawberry.field(description="The webhook to change")
    name: str | None = strawberry.field(
        default=strawberry.UNSET, description="Another name: 1 to 200 characters; null is refused"
    )
    url: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="Another http or https address; at most 2,048 characters, null is refused",
    )
    events: list[WebhookEvent] | None = strawberry.field(
        default=strawberry.UNSET,
        description="All that it is told of from now on: at least one event, null is refused",
    )
    secret: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="What signs the requests from now on; null: they are not signed any more",
    )
    is_active: bool | None = strawberry.field(
        default=strawberry.UNSET, description="Whether it is told of anything; null is true"
    )
    revision: int | None = strawberry.field(default=strawberry.UNSET, description="A stale one is a CONFLICT")


@strawberry.type(description="What became of a change of a channel")
class ChannelPayload:
    """The channel is null if the change was refused."""

    channel: Channel | None = strawberry.field(
        description="The channel as it is now; null if the change was refused"
    )
    user_errors: list[UserError] = strawberry.field(description=USER_ERRORS_HELP)


@strawberry.type(description="What became of a change of a webhook")
class WebhookPayload:
    """The webhook is null if the change was refused."""

    webhook: Webhook | None = strawberry.field(
        description="The webhook as it is now; null if the change was refused"
    )
    user_errors: list[UserError] = strawberry.field(description=USER_ERRORS_HELP)


@strawberry.type(description="What became of a message that is to be sent again")
class DeliveryPayload:
    """The new delivery is null if the change was refused."""

    delivery: Delivery | None = strawberry.field(
        description="The new delivery, with an id of its own; null if it was refused"
    )
    user_errors: list[UserError] = strawberry.field(description=USER_ERRORS_HELP)


@strawberry.type(description="What became of a test message")
class TestPayload:
    """Of several recipients, the first at which it failed."""

    __test__ = False  # a type of the contract, nothing for pytest to collect

    success: bool = strawberry.field(description="Whether every recipient took the message")
    status_code: int | None = strawberry.field(
        default=None, description="The status of the answer; null if there was none, or where none is given"
    )
    response_time_ms: float | None = strawberry.field(
        default=None, description="How long the answer took, in milliseconds; null if there was none"
    )
    error: str | None = strawberry.field(
        default=None,
        description="Why it failed, of several recipients at the first that did; null if it succeeded",
    )
    user_errors: list[UserError] = strawberry.field(default_factory=list, description=USER_ERRORS_HELP)


async def _channel_payload(context: Context, change: Awaitable[UUID]) -> ChannelPayload:
    channel, user_errors = await changed(context, Prefix.CHANNEL, change)
    return ChannelPayload(channel=channel, user_errors=user_errors)


async def _webhook_payload(context: Context, change: Awaitable[UUID]) -> WebhookPayload:
    webhook, user_errors = await changed(context, Prefix.WEBHOOK, change)
    return WebhookPayload(webhook=webhook, user_errors=user_errors)


async def _test_payload(trial: Awaitable[TestResult]) -> TestPayload:
    done = await attempt(trial)
    if done.value is None:
        return TestPayload(success=False, user_errors=done.user_errors)
    return TestPayload(
        success=done.value.success,
        status_code=done.value.status_code,
        response_time_ms=done.value.response_time_ms,
        error=done.value.error,
    )


async def _create_channel(info: Info, wanted: Any) -> ChannelPayload:
    context = info.context
    channel = CreateChannel(name=wanted.name, notifier=chosen_kind(wanted.notifier))
    return await _channel_payload(context, context.services.channels.create(context.principal, channel))


async def _update_channel(info: Info, wanted: Any) -> ChannelPayload:
    context = info.context
    update = UpdateChannel(
        id=wanted.id,
        name=written_or_unset(wanted.name),
        notifier=choice_or_unset(wanted.notifier),
        is_active=written_or_unset(wanted.is_active),
        revision=written_or_unset(wanted.revision),
    )
    return await _channel_payload(context, context.services.channels.update(context.principal, update))


@strawberry.type
class DeliveryMutations:
    """The part of Mutation about who is told, save what takes a notifier."""

    @mutation("Delete a channel; what it was still owed is suppressed")
    async def delete_channel(self, info: Info, wanted: ChangedById) -> DeletedPayload:
        """Return its id."""
        context = info.context
        change = context.services.channels.delete(context.principal, wanted.id)
        return await deleted(context, Prefix.CHANNEL, change)

    @mutation("Send a test message to each recipient of a channel, and wait for what becomes of it")
    async def test_channel(self, info: Info, wanted: ChangedById) -> TestPayload:
        """Return what became of it."""
        context = info.context
        return await _test_payload(context.services.deliveries.test_channel(context.principal, wanted.id))

    @mutation("Make a webhook")
    async def create_webhook(
        self, info: Info, wanted: Annotated[CreateWebhookInput, INPUT]
    ) -> WebhookPayload:
        """Return the new webhook."""
        context = info.context
        webhook = CreateWebhook(
            name=wanted.name, url=wanted.url, events=wanted.events, secret=written(wanted.secret)
        )
        return await _webhook_payload(context, context.services.webhooks.create(context.principal, webhook))

    @mutation("Change a webhook")
    async def update_webhook(
        self, info: Info, wanted: Annotated[UpdateWebhookInput, INPUT]
    ) -> WebhookPayload:
        """Return the webhook as it is now."""
        context = info.context
        update = UpdateWebhook(
            id=wanted.id,
            name=written_or_unset(wanted.name),
            url=written_or_unset(wanted.url),
            events=written_or_unset(wanted.events),
            secret=written_or_unset(wanted.secret),
            is_active=written_or_unset(wanted.is_active),
            revision=written_or_unset(wanted.revision),
        )
        return await _webhook_payload(context, context.services.webhooks.update(context.principal, update))

    @mutation("Delete a webhook; what it was still owed is suppressed")
    async def delete_webhook(self, info: Info, wanted: ChangedById) -> DeletedPayload:
        """Return its id."""
        context = info.context
        change = context.services.webhooks.delete(context.principal, wanted.id)
        return await deleted(context, Prefix.WEBHOOK, change)

    @mutation("Send a test payload to a webhook, and wait for what becomes of it")
    async def test_webhook(self, info: Info, wanted: ChangedById) -> TestPayload:
        """Return what became of it."""
        context = info.context
        return await _test_payload(context.services.deliveries.test_webhook(context.principal, wanted.id))

    @mutation("Owe a message once more")
    async def redeliver(self, info: Info, wanted: ChangedById) -> DeliveryPayload:
        """Return the new delivery."""
        context = info.context
        change = context.services.deliveries.redeliver(context.principal, wanted.id)
        delivery, user_errors = await changed(context, Prefix.DELIVERY, change)
        return DeliveryPayload(delivery=delivery, user_errors=user_errors)


def delivery_mutations(notifier_input: type[Any]) -> type[Any]:
    """Return the part of Mutation about who is told, with the kinds of notifier that are loaded."""
    create_input = with_kind(
        CreateChannelInput, "notifier", notifier_input, "What delivers, and to whom", is_required=True
    )
    update_input = with_kind(
        UpdateChannelInput, "notifier", notifier_input, _OTHER_NOTIFIER_HELP, is_required=False
    )
    members = {
        "create_channel": mutation_taking(create_input, _create_channel, ChannelPayload, "Make a channel"),
        "update_channel": mutation_taking(update_input, _update_channel, ChannelPayload, "Change a channel"),
    }
    return strawberry.type(type("ChannelKindMutations", (DeliveryMutations,), members))
