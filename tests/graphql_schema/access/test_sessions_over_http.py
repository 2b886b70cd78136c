"""Signing up, in and out over real HTTP with a cookie jar, and what the cookie opens at each of the doors."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
import websockets

from core.settings import SignUpRule
from tests.core.access.stored_password import cheaply_stored
from tests.graphql_schema.live.clients import PATIENCE_SECONDS, Api, Events, Socket
from tests.plugins.mail_server import MailBox, mail_server

PASSWORD = "correct horse"
SIGN_UP = """mutation ($input: SignUpInput!) { signUp(input: $input) {
  viewer { role token { id } user { email name } workspace { name plan } } userErrors { code path message } } }"""
SIGN_IN = """mutation ($input: SignInInput!) { signIn(input: $input) {
  viewer { user { id email } token { id } role grants { scope permission } workspace { name } }
  userErrors { code path message rule expected } } }"""
SIGN_OUT = "mutation { signOut { viewer { role } userErrors { code } } }"
CHANGE = """mutation ($input: ChangePasswordInput!) { changePassword(input: $input) {
  viewer { user { email } } userErrors { code path } } }"""
REQUEST = """mutation ($input: RequestPasswordResetInput!) {
  requestPasswordReset(input: $input) { done userErrors { code message } } }"""
RESET = """mutation ($input: ResetPasswordInput!) { resetPassword(input: $input) {
  viewer { user { email } } userErrors { code path } } }"""
PROFILE = """mutation ($input: UpdateProfileInput!) { updateProfile(input: $input) {
  user { name timezone phoneNumber smsOptIn } userErrors { code path } } }"""
REVOKE = "mutation ($id: ID!) { revokeSession(input: {id: $id}) { deletedId userErrors { code path } } }"
WHO = "{ viewer { user { email } token { id } sessions { id current userAgent createdAt lastSeenAt expiresAt } } }"
FOLLOW = "subscription { monitorChanged { change } }"


class Person:
    """A browser: a client with a cookie jar."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client

    async def post(
        self, document: str, *, headers: dict[str, str] | None = None, **variables: Any
    ) -> httpx.Response:
        return await self.client.post(
            "/graphql", json={"query": document, "variables": variables}, headers=headers
        )

    async def ask(self, document: str, **variables: Any) -> Any:
        """Return the only field of an answer without errors."""
        body = (await self.post(document, **variables)).json()
        assert "errors" not in body, body
        [value] = body["data"].values()
        return value

    async def sign_in(self, email: str, password: str = PASSWORD) -> Any:
        return await self.ask(SIGN_IN, input={"email": email, "password": password})

    async def is_signed_in(self) -> bool:
        body = (await self.post(WHO)).json()
        if "errors" in body:
            assert [error["extensions"]["code"] for error in body["errors"]] == ["UNAUTHENTICATED"], body
        return "errors" not in body

    @property
    def cookie(self) -> str | None:
        return self.client.cookies.get("dashmon_session")


@asynccontextmanager
async def person_at(api: Api) -> AsyncIterator[Person]:
    async with httpx.AsyncClient(
        base_url=api.url, timeout=PATIENCE_SECONDS, headers={"User-Agent": "a browser"}
    ) as client:
        yield Person(client)


@pytest.fixture
async def start(start_api, owner, database) -> Callable[..., Awaitable[Api]]:
    """Starts API processes reached by http; the owner can sign in with PASSWORD."""
    async with database.acquire() as connection:
        await connection.execute("UPDATE users SET password_hash = $1", cheaply_stored(PASSWORD))

    async def start(**given: Any) -> Api:
        return await start_api(**{"public_url": "http://tocsin.example.org", **given})

    return start


@pytest.fixture
async def email(owner) -> str:
    [row] = await owner.fetch("SELECT email FROM users WHERE id = $1", owner.user_id)
    return str(row["email"])


@pytest.fixture
async def api(start) -> Api:
    return await start()


@pytest.fixture
async def person(api) -> AsyncIterator[Person]:
    async with person_at(api) as someone:
        yield someone


async def test_signing_in_gives_a_cookie_that_opens_the_api(person, email) -> None:
    assert not await person.is_signed_in()

    payload = await person.sign_in(email)

    assert payload["userErrors"] == []
    assert payload["viewer"]["user"]["email"] == email
    assert (payload["viewer"]["token"], payload["viewer"]["role"]) == (None, "OWNER")
    assert len(payload["viewer"]["grants"]) == 9
    viewer = await person.ask(WHO)
    assert (viewer["user"]["email"], viewer["token"]) == (email, None)
    [session] = viewer["sessions"]
    assert (session["current"], session["userAgent"]) == (True, "a browser")


async def test_the_cookie_is_sent_as_it_should_be(start, email) -> None:
    async with person_at(
        await start(public_url="https://tocsin.example.org", session_cookie="sid")
    ) as person:
        answer = await person.post(SIGN_IN, input={"email": email, "password": PASSWORD})

    name, _, attributes = answer.headers["set-cookie"].partition("=")
    assert name == "sid"
    assert attributes.split("; ")[1:] == ["Max-Age=7776000", "Path=/", "HttpOnly", "SameSite=Lax", "Secure"]
    assert len(attributes.split(";")[0]) == 43  # 256 bits
    assert answer.headers["cache-control"] == "no-store"


async def test_a_wrong_password_is_a_user_error_and_sets_no_cookie(person, email) -> None:
    for address in (email, "nobody@example.org"):
        payload = await person.sign_in(address, "wrong")
        assert payload["viewer"] is None
        assert [(error["code"], error["path"], error["message"]) for error in payload["userErrors"]] == [
            ("UNAUTHENTICATED", [], "e-mail or password is wrong")
        ]
    assert person.cookie is None


async def test_too_many_attempts_are_told_when_to_come_back(person, email) -> None:
    for _ in range(10):
        await person.sign_in(email, "wrong")

    [error] = (await person.sign_in(email))["userErrors"]

    assert (error["code"], error["rule"], error["expected"]) == ("RATE_LIMITED", "retry_after_seconds", "60")
    assert error["message"] == "too many attempts: try again in 60 s"


async def test_attempts_are_limited_by_the_address_that_a_trusted_proxy_tells(start) -> None:
    async with person_at(await start(trusted_proxies="127.0.0.1")) as person:

        async def codes(address: str, number: int) -> set[str]:
            """Try accounts that do not exist, each once."""
            found = set()
            for each in range(number):
                answer = await person.post(
                    REQUEST,
                    headers={"X-Forwarded-For": f"6.6.6.6, {address}"},
                    input={"email": f"{address}-{each}@example.org"},
                )
                found |= {
                    error["code"] for error in answer.json()["data"]["requestPasswordReset"]["userErrors"]
                }
            return found

        assert await codes("192.0.2.1", 3) == {"CONFLICT"}  # no mail server: nothing is counted

    async with (
        mail_server() as box,
        person_at(await start(trusted_proxies="127.0.0.1", smtp_url=box.url())) as person,
    ):
        assert await codes("192.0.2.1", 20) == set()
        assert await codes("192.0.2.1", 21) == {"RATE_LIMITED"}
        assert await codes("192.0.2.2", 1) == set()


async def test_signing_out_ends_the_session_and_takes_the_cookie_back(person, email) -> None:
    await person.sign_in(email)
    kept = person.cookie

    assert await person.ask(SIGN_OUT) == {"viewer": None, "userErrors": []}

    assert person.cookie is None
    person.client.cookies.set("dashmon_session", kept)
    assert not await person.is_signed_in()
    assert await person.ask(SIGN_OUT) == {"viewer": None, "userErrors": []}


async def test_a_cookie_that_has_ended_does_not_keep_anybody_from_signing_in(person, email) -> None:
    person.client.cookies.set("dashmon_session", "of another time")
    body = (await person.post("{ server { version } }")).json()
    assert "errors" not in body
    answer = await person.post(WHO)
    assert answer.status_code == 401
    assert [error["message"] for error in answer.json()["errors"]] == ["the session has ended: sign in"]
    person.client.cookies.clear()

    assert (await person.sign_in(email))["viewer"]


async def test_an_expired_session_is_told_so(person, email, clock) -> None:
    await person.sign_in(email)
    clock.advance(15 * 86_400)

    answer = await person.post(WHO)

    assert answer.status_code == 401
    [error] = answer.json()["errors"]
    assert (error["extensions"]["code"], error["message"]) == (
        "UNAUTHENTICATED",
        "the session has expired: sign in again",
    )


async def test_signing_in_again_rotates_the_session(person, email) -> None:
    await person.sign_in(email)
    first = person.cookie
    await person.sign_in(email)

    assert person.cookie != first
    assert len((await person.ask(WHO))["sessions"]) == 1


async def test_a_token_stands_above_a_cookie(person, email, owner) -> None:
    await person.sign_in(email)

    answer = await person.post(
        "{ viewer { token { id } sessions { id } } }", headers={"Authorization": f"Bearer {owner.secret}"}
    )

    assert answer.json()["data"]["viewer"]["token"] is not None
    assert answer.json()["data"]["viewer"]["sessions"] is None
    assert [error["extensions"]["code"] for error in answer.json()["errors"]] == ["FORBIDDEN"]
    wrong = await person.post(WHO, headers={"Authorization": "Bearer wrong"})
    assert wrong.status_code == 401


async def test_a_changed_password_keeps_this_browser_in_and_no_other(api, email) -> None:
    async with person_at(api) as here, person_at(api) as there:
        for someone in (here, there):
            await someone.sign_in(email)
        before = here.cookie

        wrong = await here.ask(CHANGE, input={"current": "wrong", "password": "another password"})
        assert wrong["userErrors"] == [{"code": "UNAUTHENTICATED", "path": ["current"]}]
        done = await here.ask(CHANGE, input={"current": PASSWORD, "password": "another password"})

        assert done == {"viewer": {"user": {"email": email}}, "userErrors": []}
        assert here.cookie != before
        assert [await here.is_signed_in(), await there.is_signed_in()] == [True, False]
        assert (await there.sign_in(email, "another password"))["viewer"]


async def test_a_session_is_revoked_from_another_browser(api, email) -> None:
    async with person_at(api) as here, person_at(api) as there:
        for someone in (here, there):
            await someone.sign_in(email)
        sessions = (await here.ask(WHO))["sessions"]
        [other] = [session["id"] for session in sessions if not session["current"]]
        [own] = [session["id"] for session in sessions if session["current"]]

        assert await here.ask(REVOKE, id=other) == {"deletedId": other, "userErrors": []}
        again = await here.ask(REVOKE, id=other)
        assert again["userErrors"] == [{"code": "NOT_FOUND", "path": ["id"]}]
        assert [await here.is_signed_in(), await there.is_signed_in()] == [True, False]

        assert (await here.ask(REVOKE, id=own))["deletedId"] == own
        assert here.cookie is None


async def test_a_revocation_is_heard_of_in_every_process(start, email) -> None:
    one, two = await start(), await start()
    async with person_at(one) as here, person_at(two) as there:
        await here.sign_in(email)
        await there.sign_in(email)
        assert await there.is_signed_in()  # cached by that process
        socket = await _connected(two, {"Cookie": f"dashmon_session={there.cookie}"})
        sessions = (await here.ask(WHO))["sessions"]
        [other] = [session["id"] for session in sessions if not session["current"]]

        await here.ask(REVOKE, id=other)

        # The clock stands still, so that nothing cached grows old: only the word of it can shut the door.
        async with asyncio.timeout(PATIENCE_SECONDS):
            while await there.is_signed_in():
                await asyncio.sleep(0.02)
            assert await socket.closed() == (4403, "the session has ended: sign in")


async def test_signing_up_makes_an_account_where_that_is_open(start) -> None:
    async with person_at(await start(sign_up=SignUpRule.OPEN)) as person:
        wanted = {"email": "bob@example.org", "password": "long enough", "name": "Bob"}
        payload = await person.ask(SIGN_UP, input=wanted)

        assert payload["userErrors"] == []
        assert payload["viewer"] == {
            "role": "OWNER",
            "token": None,
            "user": {"email": "bob@example.org", "name": "Bob"},
            "workspace": {"name": "Bob's workspace", "plan": "FREE"},
        }
        assert await person.is_signed_in()
        assert (await person.ask("{ projects { nodes { name isDefault } } }"))["nodes"] == [
            {"name": "Default", "isDefault": True}
        ]
        again = await person.ask(SIGN_UP, input=wanted)
        assert [(error["code"], error["path"]) for error in again["userErrors"]] == [("CONFLICT", ["email"])]


async def test_signing_up_needs_an_invitation_by_default(person) -> None:
    payload = await person.ask(
        SIGN_UP, input={"email": "bob@example.org", "password": "long enough", "name": "Bob"}
    )

    [error] = payload["userErrors"]
    assert (error["code"], error["message"]) == ("FORBIDDEN", "sign-up needs an invitation on this server")
    assert person.cookie is None


async def test_a_forgotten_password_is_reset_by_letter(start, email) -> None:
    async with mail_server() as box:
        page = "https://app.example.org/reset"
        async with person_at(await start(smtp_url=box.url(), password_reset_url=page)) as person:
            for address in (email, "nobody@example.org"):
                assert await person.ask(REQUEST, input={"email": address}) == {"done": True, "userErrors": []}
            text = await _letter(box, email)
            assert "http://tocsin.example.org" in text
            token = text.partition(f"{page}#token=")[2].split()[0]
            wish = {"token": token, "password": "another password"}

            short = await person.ask(RESET, input={**wish, "password": "short"})
            assert short["userErrors"] == [{"code": "INVALID_INPUT", "path": ["password"]}]
            done = await person.ask(RESET, input=wish)
            assert done == {"viewer": {"user": {"email": email}}, "userErrors": []}
            assert await person.is_signed_in()
            used = await person.ask(RESET, input=wish)
            assert used["userErrors"] == [{"code": "UNAUTHENTICATED", "path": ["token"]}]


async def _letter(box: MailBox, recipient: str) -> str:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not box.received:
            await asyncio.sleep(0.02)
    [received] = box.received
    assert received.recipients == (recipient,)
    assert received.mail["Auto-Submitted"] == "auto-generated"
    return received.text("plain")


async def test_a_profile_is_changed_by_cookie(person, email) -> None:
    await person.sign_in(email)
    wish = {"name": "Ada", "timezone": "Europe/Berlin", "phoneNumber": "+44 1632 960961", "smsOptIn": True}

    done = await person.ask(PROFILE, input=wish)

    assert done == {"user": {**wish, "phoneNumber": "+441632960961"}, "userErrors": []}
    refused = await person.ask(PROFILE, input={"name": None, "phoneNumber": "1"})
    assert [error["path"] for error in refused["userErrors"]] == [["name"], ["phoneNumber"]]


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example.org"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example.org"},
        {"Origin": "null"},
    ],
)
async def test_a_page_of_another_site_changes_nothing_by_cookie(person, api, email, headers) -> None:
    await person.sign_in(email)
    cookie = {"Cookie": f"dashmon_session={person.cookie}"}

    for answer in (
        await person.post(PROFILE, headers=headers, input={"name": "Eve"}),
        await person.post(WHO, headers={**headers, "Accept": "text/event-stream"}),
        await person.client.get("/graphql", params={"query": WHO}, headers=headers),
    ):
        assert answer.status_code == 403
        assert [error["extensions"]["code"] for error in answer.json()["errors"]] == ["FORBIDDEN"]
    with pytest.raises(websockets.InvalidStatus, match="403"):
        async with api.connect(additional_headers={**headers, **cookie}):
            pass
    assert (await person.ask("{ viewer { user { name } } }"))["user"]["name"] != "Eve"


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"]
)
async def test_a_form_changes_nothing_by_cookie(person, email, content_type: str) -> None:
    await person.sign_in(email)

    answer = await person.client.post(
        "/graphql",
        content=b'{"query": "mutation { signOut { userErrors { code } } }"}',
        headers={"Content-Type": content_type},
    )

    assert answer.status_code == 415
    assert await person.is_signed_in()


async def test_subscriptions_take_the_cookie(person, api, email, owner) -> None:
    await person.sign_in(email)
    cookie = {"Cookie": f"dashmon_session={person.cookie}"}
    own_page = {"Origin": api.url, **cookie}

    socket = await _connected(api, own_page)
    await socket.send(id="q", type="subscribe", payload={"query": "{ viewer { user { email } } }"})
    assert (await socket.next()) == {"user": {"email": email}}
    async with person.client.stream(
        "POST", "/graphql", json={"query": FOLLOW}, headers={"Accept": "text/event-stream"}
    ) as response:
        await Events(response).begun()
    by_token = await _connected(api, own_page, {"token": owner.secret})
    await by_token.send(id="q", type="subscribe", payload={"query": "{ viewer { token { name } } }"})
    assert (await by_token.next())["token"] is not None


async def test_a_session_that_is_revoked_ends_its_stream_of_events(person, api, email) -> None:
    await person.sign_in(email)
    async with (
        person_at(api) as other,
        person.client.stream(
            "POST", "/graphql", json={"query": FOLLOW}, headers={"Accept": "text/event-stream"}
        ) as response,
    ):
        events = Events(response)
        await events.begun()
        await other.sign_in(email)
        [followed] = [one["id"] for one in (await other.ask(WHO))["sessions"] if not one["current"]]

        await other.ask(REVOKE, id=followed)

        kind, payload = await events.hear()
        assert (kind, payload["errors"][0]["extensions"]["code"]) == ("next", "UNAUTHENTICATED")
        assert await events.hear() == ("complete", None)


async def test_a_dead_cookie_opens_no_socket_unless_a_token_follows(api, owner) -> None:
    dead = {"Cookie": "dashmon_session=dead"}
    async with api.connect(additional_headers=dead) as connection:
        refused = Socket(connection)
        await refused.send(type="connection_init")
        assert await refused.closed() == (4403, "the session has ended: sign in")
    await _connected(api, dead, {"token": owner.secret})


async def test_sessions_are_not_changed_where_no_cookie_can_be_set(person, api, email) -> None:
    await person.sign_in(email)
    socket = await _connected(api, {"Cookie": f"dashmon_session={person.cookie}"})

    await socket.send(id="1", type="subscribe", payload={"query": SIGN_OUT})

    message = await socket.hear()
    [error] = message["payload"]["errors"]
    assert error["extensions"]["code"] == "FORBIDDEN"
    assert await person.is_signed_in()


async def _connected(api: Api, headers: dict[str, str], payload: dict[str, str] | None = None) -> Socket:
    """Return a WebSocket that is acknowledged; it ends with the test's loop."""
    connection = await api.connect(additional_headers=headers)
    socket = Socket(connection)
    await socket.send(type="connection_init", payload=payload)
    assert await socket.hear() == {"type": "connection_ack"}
    return socket


@pytest.mark.parametrize(
    "fields",
    [
        'signIn(input: {email: "a@b.example", password: "x"}) { viewer { role } } deleteMonitor(input: {id: "x"}) { deletedId }',
        'deleteMonitor(input: {id: "x"}) { deletedId } switchWorkspace(input: {workspaceId: "x"}) { viewer { role } }',
        "a: signOut { viewer { role } } ...More",
        'a: acceptInvitation(input: {token: "x"}) { viewer { role } } b: acceptInvitation(input: {token: "y"}) { viewer { role } }',
    ],
)
async def test_who_becomes_somebody_else_asks_for_nothing_more_in_the_same_operation(api, fields) -> None:
    """What follows would be let in, and counted, for whoever asked at first."""
    more = (
        'fragment More on Mutation { resetPassword(input: {token: "x", password: "correct horse"}) { viewer { role } } }'
        if "More" in fields
        else ""
    )
    async with person_at(api) as person:
        body = (await person.post(f"mutation {{ {fields} }} {more}")).json()

    assert "must be the only field of its mutation" in body["errors"][0]["message"]
    assert "data" not in body
