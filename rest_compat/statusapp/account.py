"""StatusApp's routes of the account: the person whose key it is."""

from __future__ import annotations

from http import HTTPMethod, HTTPStatus
from typing import Annotated

import msgspec

from core.access.plans import Plan
from core.access.profile_service import UpdateProfile
from core.access.reading import own_workspace, users_by_id
from core.access.rights import MUTATIONS, QUERIES
from core.access.sight import sight_of
from core.errors import NotFound
from core.ids import Prefix, encode_id
from core.moments import write_moment
from plugins.api.config import Config, Meta
from rest_compat.reading import if_given, json_object, parsed
from rest_compat.route import Call, Route


class Account(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A person, and the plan of the workspace that the key opens."""

    id: str
    email: str
    name: str
    image: str | None
    account_status: str
    plan: Plan
    phone_number: str | None
    sms_notifications_enabled: bool
    language: str
    timezone: str
    created_at: str


class UpdateAccountBody(Config):
    """What to change; what is left out stays, null goes back to the default, but a name is always needed."""

    name: Annotated[str | None, Meta(description="What others call the person")] = None
    phone_number: Annotated[str | None, Meta(description="With its country: +441632960961")] = None
    sms_notifications_enabled: Annotated[
        bool | None, Meta(description="Whether alerts may come as text messages")
    ] = None
    timezone: Annotated[
        str | None, Meta(description="A name of the IANA database, such as Europe/London")
    ] = None
    language: Annotated[str | None, Meta(description="A language tag, such as en or pt-BR")] = None
    image: Annotated[str | None, Meta(description="The http or https address of a picture")] = None


async def _get(call: Call) -> Account:
    principal = call.principal
    sight = sight_of(principal, call.services.clock.now())
    async with call.services.database.acquire() as connection:
        workspaces = await own_workspace(connection, sight, [sight.workspace_id])
        people = await users_by_id(
            connection, sight, [] if principal.user_id is None else [principal.user_id]
        )
    if not people or not workspaces:
        raise NotFound("account not found")
    (user,), (workspace,) = people.values(), workspaces.values()
    return Account(
        id=encode_id(Prefix.USER, user["id"]),
        email=user["email"],
        name=user["name"],
        image=user["image"],
        account_status=user["status"],
        plan=Plan(workspace["plan"]),
        phone_number=user["phone_number"],
        sms_notifications_enabled=user["sms_opt_in"],
        language=user["language"],
        timezone=user["timezone"],
        created_at=write_moment(user["created_at"]),
    )


async def _update(call: Call) -> Account:
    data = json_object(call.body)
    body = parsed(UpdateAccountBody, data)
    wanted = UpdateProfile(
        name=if_given(data, "name", body.name),
        image=if_given(data, "image", body.image),
        phone_number=if_given(data, "phoneNumber", body.phone_number),
        sms_opt_in=if_given(data, "smsNotificationsEnabled", body.sms_notifications_enabled),
        language=if_given(data, "language", body.language),
        timezone=if_given(data, "timezone", body.timezone),
    )
    await call.services.people.profiles.update(call.principal, wanted)
    return await _get(call)


_PATH = "/api/v1/account"
_EXAMPLE = {
    "id": "usr_01m81q4vb2ex285gqsh83acwyg",
    "email": "user@example.com",
    "name": "John Doe",
    "image": "https://example.com/avatar.jpg",
    "accountStatus": "ENABLED",
    "plan": "PROFESSIONAL",
    "phoneNumber": "+1234567890",
    "smsNotificationsEnabled": True,
    "language": "en",
    "timezone": "America/New_York",
    "createdAt": "2025-01-01T00:00:00.000Z",
}
_CHANGE = {
    "name": "Jane Doe",
    "phoneNumber": "+0987654321",
    "smsNotificationsEnabled": True,
    "timezone": "Europe/London",
}

ROUTES = (
    Route(
        method=HTTPMethod.GET,
        path=_PATH,
        name="getAccount",
        summary="Get the account of the key's maker",
        right=QUERIES["viewer"],
        answer=_get,
        result=Account,
        example=_EXAMPLE,
        refusals=(HTTPStatus.NOT_FOUND,),
    ),
    Route(
        method=HTTPMethod.PUT,
        path=_PATH,
        name="updateAccount",
        summary="Update the account of the key's maker",
        right=MUTATIONS["updateProfile"],
        answer=_update,
        body=UpdateAccountBody,
        body_example=_CHANGE,
        result=Account,
        example={**_EXAMPLE, **_CHANGE},
        refusals=(HTTPStatus.NOT_FOUND,),
    ),
)
