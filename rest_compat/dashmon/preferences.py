"""Dashmon's routes of what people prefer."""

from __future__ import annotations

from http import HTTPMethod, HTTPStatus
from typing import Annotated

import msgspec

from core.access.plans import Capability
from core.access.profile_service import UpdateProfile
from core.access.reading import users_by_id
from core.access.rights import MUTATIONS, QUERIES
from core.errors import NotFound
from plugins.api.config import Config, Meta
from rest_compat.dashmon.reads import reads
from rest_compat.reading import json_object, parsed
from rest_compat.route import Call, Route


class Preferences(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What a person prefers; of a token, whoever made it."""

    timezone: str
    language: str
    sms_opt_in: bool


class TimezoneBody(Config):
    """Another time zone."""

    timezone: (
        Annotated[str, Meta(description="A name of the IANA database, such as Europe/Berlin; null: UTC")]
        | None
    )


async def _get(call: Call) -> Preferences:
    user_id = call.principal.user_id
    if user_id is None:
        raise NotFound("the api token has no maker whose preferences there could be")
    async with reads(call) as read:
        row = (await users_by_id(read.connection, read.sight, [user_id]))[user_id]
    return Preferences(timezone=row["timezone"], language=row["language"], sms_opt_in=row["sms_opt_in"])


async def _put_timezone(call: Call) -> Preferences:
    body = parsed(TimezoneBody, json_object(call.body))
    await call.services.people.profiles.update(call.principal, UpdateProfile(timezone=body.timezone))
    return await _get(call)


_EXAMPLE = {"timezone": "Europe/Berlin", "language": "en", "smsOptIn": False}

ROUTES = (
    Route(
        method=HTTPMethod.GET,
        path="/api/user/preferences",
        name="getPreferences",
        summary="What the person who asks prefers",
        right=QUERIES["viewer"],
        answer=_get,
        result=Preferences,
        example=_EXAMPLE,
        refusals=(HTTPStatus.NOT_FOUND,),
    ),
    Route(
        method=HTTPMethod.PUT,
        path="/api/user/preferences/timezone",
        name="setTimezone",
        summary="Set the time zone of the person who asks",
        right=MUTATIONS["updateProfile"],
        capability=Capability.TIMEZONE,
        answer=_put_timezone,
        body=TimezoneBody,
        body_example={"timezone": "Europe/Berlin"},
        result=Preferences,
        example=_EXAMPLE,
    ),
)
