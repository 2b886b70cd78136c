"""Joining, switching, leaving over real HTTP with a cookie, in two API processes; and what ends with it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
import websockets

from core.ids import Prefix, encode_id
from core.settings import SignUpRule
from tests.core.access.stored_password import cheaply_stored
from tests.graphql_schema.access.test_sessions_over_http import (
    FOLLOW,
    PASSWORD,
    SIGN_UP,
    Person,
    person_at,
)
from tests.graphql_schema.access.test_team import ACCEPT, CANCEL, INVITE, REMOVE, SWITCH, UPDATE, member_id
from tests.graphql_schema.live.clients import Api, Events, Socket
from tests.plugins.mail_server import mail_server

WHO = "{ viewer { role user { email } workspace { id name } workspaces { name } } }"
BOB = {"email": "bob@example.org", "role": "VIEWER"}


@pytest.fixture
async def start(start_api, owner, database) -> Callable[..., Awaitable[Api]]:
    """Starts API processes reached by http; everybody can sign in with PASSWORD."""
    async with database.acquire() as connection:
        await connection.execute("UPDATE users SET password_hash = $1", cheaply_stored(PASSWORD))

    async def start(**given: Any) -> Api:
        return await start_api(**{"public_url": "http://tocsin.example.org", **given})

    return start


@pytest.fixture
async def apis(start) -> list[Api]:
    return [await start(sign_up=SignUpRule.INVITE) for _ in range(2)]


@asynccontextmanager
async def ada_at(api: Api) -> AsyncIterator[Person]:
    async with person_at(api) as person:
        await person.sign_in("ada@example.org")
        yield person


@asynccontextmanager
async def bob_at(api: Api, ada: Person, **wanted: Any) -> AsyncIterator[Person]:
    """Give Bob, who is invited by Ada and signs up."""
    token = (await ada.ask(INVITE, input={**BOB, **wanted}))["token"]
    async with person_at(api) as person:
        wish = {"email": "bob@example.org", "password": PASSWORD, "name": "Bob", "invitationToken": token}
        assert (await person.ask(SIGN_UP, input=wish))["userErrors"] == []
        yield person


@asynccontextmanager
async def socket_of(person: Person, api: Api) -> AsyncIterator[Socket]:
    headers = {"Cookie": f"dashmon_session={person.cookie}", "Origin": "http://tocsin.example.org"}
    async with api.connect(additional_headers=headers) as connection:
        opened = Socket(connection)
        await opened.send(type="connection_init")
        assert await opened.hear() == {"type": "connection_ack"}
        await opened.subscribe(FOLLOW)
        yield opened


@asynccontextmanager
async def events_of(person: Person) -> AsyncIterator[Events]:
    async with person.client.stream(
        "POST",
        "/graphql",
        json={"query": FOLLOW},
        headers={"Accept": "text/event-stream", "Sec-Fetch-Site": "same-origin"},
    ) as response:
        opened = Events(response)
        await opened.begun()
        yield opened


async def ended(events: Events) -> str:
    """Return with which words a stream ended."""
    kind, payload = await events.hear()
    assert kind == "next"
    assert (await events.hear())[0] == "complete"
    message: str = payload["errors"][0]["message"]
    return message


async def test_whoever_signs_up_by_invitation_joins_and_has_no_workspace_of_his_own(apis) -> None:
    async with ada_at(apis[0]) as ada, bob_at(apis[1], ada) as bob:
        viewer = await bob.ask(WHO)

    assert (viewer["role"], viewer["workspace"]["name"]) == ("VIEWER", "of ada@example.org")
    assert viewer["workspaces"] == [{"name": "of ada@example.org"}]


async def test_a_session_accepts_an_invitation_and_goes_back(apis, owner, stranger, database) -> None:
    async with database.acquire() as connection:
        await connection.execute("UPDATE users SET password_hash = $1", cheaply_stored(PASSWORD))
    home = encode_id(Prefix.WORKSPACE, stranger.workspace_id)
    async with ada_at(apis[0]) as ada, person_at(apis[1]) as charlie:
        await charlie.sign_in("charlie@example.org")
        token = (await ada.ask(INVITE, input={**BOB, "email": "charlie@example.org"}))["token"]
        cookie = charlie.cookie
        assert (await ada.ask(ACCEPT, token=token))["userErrors"][0]["path"] == ["token"]

        accepted = await charlie.ask(ACCEPT, token=token)

        assert accepted == {"viewer": {"role": "VIEWER"}, "userErrors": []}
        there = await charlie.ask(WHO)
        assert there["workspace"]["name"] == "of ada@example.org"
        names = {one["name"] for one in there["workspaces"]}
        assert names == {"of charlie@example.org", "of ada@example.org"}
        assert await charlie.ask(SWITCH, id=home) == {"viewer": {"role": "OWNER"}, "userErrors": []}
        assert (await charlie.ask(WHO))["workspace"]["id"] == home
        assert charlie.cookie == cookie
        refused = await ada.ask(SWITCH, id=home)
        [error] = refused["userErrors"]
        assert (refused["viewer"], error["code"], error["path"]) == (
            None,
            "ACCOUNT_CONTEXT_FORBIDDEN",
            ["workspaceId"],
        )


async def test_what_follows_live_ends_when_its_session_works_elsewhere(
    apis, owner, stranger, database
) -> None:
    await owner.insert(
        "members",
        id=owner.next_id(),
        workspace_id=stranger.workspace_id,
        user_id=owner.user_id,
        email="ada@example.org",
        role="VIEWER",
        accepted_at=owner.now + timedelta(seconds=1),  # one signs in where one joined first
        created_at=owner.now,
    )
    there = encode_id(Prefix.WORKSPACE, stranger.workspace_id)
    async with (
        ada_at(apis[0]) as ada,
        socket_of(ada, apis[1]) as elsewhere,
        socket_of(ada, apis[0]) as here,
        events_of(ada) as events,
    ):
        assert (await ada.ask(SWITCH, id=there))["userErrors"] == []

        for socket in (here, elsewhere):
            assert await socket.closed() == (4403, "the session works in another workspace now")
        assert await ended(events) == "the session works in another workspace now"
        async with socket_of(ada, apis[1]) as anew:
            await anew.send(type="ping")
            assert await anew.hear() == {"type": "pong"}


async def test_who_is_removed_is_out_everywhere_and_what_he_follows_ends(apis, owner) -> None:
    async with ada_at(apis[0]) as ada, bob_at(apis[1], ada, role="ADMIN") as bob:
        made = await bob.ask(
            'mutation { createApiToken(input: {name: "x", grants: [{scope: UPTIME_CHECKS, permission: READ}]})'
            " { secret userErrors { message } } }"
        )
        [row] = await owner.fetch("SELECT user_id FROM members WHERE email = 'bob@example.org'")
        bobs_id = await member_id(owner, row["user_id"])
        async with (
            socket_of(bob, apis[1]) as by_session,
            apis[1].socket(made["secret"]) as by_token,
            events_of(bob) as events,
        ):
            await by_token.subscribe(FOLLOW)

            removed = await ada.ask(REMOVE, id=bobs_id)

            assert removed == {"deletedId": bobs_id, "userErrors": []}
            for socket in (by_session, by_token):
                assert (await socket.closed())[0] == 4403
            assert await ended(events) == "the session has ended: sign in"
        assert not await bob.is_signed_in()
        with pytest.raises(websockets.ConnectionClosedError, match="4403"):
            async with apis[1].socket(made["secret"]):
                pass


async def test_a_changed_role_counts_in_the_other_process_as_soon_as_it_is_heard_of(apis, owner) -> None:
    async with ada_at(apis[0]) as ada, bob_at(apis[1], ada) as bob:
        [row] = await owner.fetch("SELECT user_id FROM members WHERE email = 'bob@example.org'")
        bobs_id = await member_id(owner, row["user_id"])
        assert (await bob.ask(WHO))["role"] == "VIEWER"

        await ada.ask(UPDATE, input={"id": bobs_id, "role": "ADMIN"})

        async with asyncio.timeout(30):  # the clock of the caches stands: only what is heard counts
            while (await bob.ask(WHO))["role"] != "ADMIN":
                await asyncio.sleep(0.01)


async def test_who_leaves_is_signed_out(apis, owner) -> None:
    async with ada_at(apis[0]) as ada, bob_at(apis[0], ada) as bob:
        [row] = await owner.fetch("SELECT user_id FROM members WHERE email = 'bob@example.org'")
        bobs_id = await member_id(owner, row["user_id"])

        answer = await bob.post(REMOVE, id=bobs_id)

        assert answer.json()["data"]["removeMember"] == {"deletedId": bobs_id, "userErrors": []}
        assert answer.headers["set-cookie"].startswith("dashmon_session=;")
        assert not await bob.is_signed_in()


async def test_sessions_move_by_a_post_of_its_own_alone(apis, owner) -> None:
    """Over a connection that goes on, whoever asked would not be himself any more."""
    own = encode_id(Prefix.WORKSPACE, owner.workspace_id)
    async with ada_at(apis[0]) as ada, socket_of(ada, apis[0]) as socket:
        for document, variables in ((SWITCH, {"id": own}), (ACCEPT, {"token": "x"})):
            await socket.subscribe(document, "2", **variables)
            told = await socket.hear()
            assert told["payload"]["errors"][0]["extensions"]["code"] == "FORBIDDEN"
            assert await socket.hear() == {"type": "complete", "id": "2"}


async def test_where_a_mail_server_is_set_nobody_is_told_the_token(start, owner) -> None:
    async with mail_server() as box, ada_at(await start(smtp_url=box.url())) as ada:
        payload = await ada.ask(INVITE, input=BOB)
        assert (payload["token"], payload["userErrors"]) == (None, [])
        async with asyncio.timeout(30):
            while not box.received:
                await asyncio.sleep(0.02)
        cancelled = await ada.ask(CANCEL, id=payload["invitation"]["id"])
        assert cancelled["userErrors"] == []
