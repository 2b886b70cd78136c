"""graphql-transport-ws, over the server that speaks it."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import socket
from datetime import timedelta
from http.client import HTTPResponse

import httpx
import pytest
import websockets

from core import live_connections
from core.access.principal import Grant, TokenPermission, TokenScope
from core.db.notifications import NotifyChannel, notify
from core.ids import Prefix, encode_id
from core.websocket import departure
from graphql_schema.live import transport_ws
from tests.graphql_schema.live.clients import Socket

MONITORS = "subscription ($after: String) { monitorChanged(after: $after) { cursor change monitorId status previousStatus monitor { name } } }"

CHECKS = "subscription ($id: ID!) { checkCompleted(monitorId: $id) { id status } }"
CREATE = 'mutation { createMonitor(input: {name: "M", probe: {http: {url: "http://example.org/"}}}) { monitor { id } userErrors { message } } }'
DELETE = "mutation ($id: ID!) { deleteMonitor(input: {id: $id}) { userErrors { message } } }"
INIT = '{"type": "connection_init", "payload": {"token": "SECRET"}}'


async def test_a_query_and_a_mutation_run_over_the_socket_and_complete(api, owner) -> None:
    async with api.socket(owner.secret) as socket:
        await socket.subscribe("{ projects { totalCount } }")
        assert await socket.next() == {"totalCount": 1}
        assert await socket.hear() == {"type": "complete", "id": "1"}

        await socket.subscribe('mutation { createProject(input: {name: "A"}) { project { name } } }')
        assert await socket.next() == {"project": {"name": "A"}}
        assert await socket.hear() == {"type": "complete", "id": "1"}


async def test_a_mutation_is_told_to_a_subscriber(api, owner) -> None:
    async with api.socket(owner.secret) as socket:
        await socket.subscribe(MONITORS)
        await socket.subscribe("{ eventCursor }", "2")
        await socket.next()
        await socket.hear()
        await socket.subscribe(
            'mutation { createMonitor(input: {name: "M", probe: {http: {url: "http://example.org/"}}}) { monitor { id } userErrors { message } } }',
            "3",
        )
        heard = [await socket.hear() for _ in range(3)]
        [change] = [m["payload"]["data"]["monitorChanged"] for m in heard if m["id"] == "1"]
        assert change["change"] == "CREATED"
        assert change["status"] == "PENDING"
        assert change["monitor"] == {"name": "M"}


async def test_a_change_made_at_one_api_process_is_told_at_another_within_moments(start_api, owner) -> None:
    near, far = await start_api(), await start_api()
    async with near.socket(owner.secret) as maker, far.socket(owner.secret) as follower:
        await follower.subscribe("{ eventCursor }")
        cursor = await follower.next()
        await follower.hear()
        await follower.subscribe(MONITORS, after=cursor)
        await maker.subscribe(CREATE)
        created = (await maker.next())["monitor"]["id"]
        change = await follower.next()

        assert (change["change"], change["monitorId"]) == ("CREATED", created)


async def test_every_change_of_a_monitor_is_told_with_the_status_of_its_moment(api, owner) -> None:
    async with api.socket(owner.secret) as socket:
        await socket.subscribe("{ eventCursor }")
        cursor = await socket.next()
        await socket.hear()
        await socket.subscribe(CREATE)
        monitor = (await socket.next())["monitor"]["id"]
        await socket.hear()
        for mutation in (
            'updateMonitor(input: {id: $id, name: "N"})',
            "pauseMonitor(input: {id: $id})",
            "resumeMonitor(input: {id: $id})",
            "deleteMonitor(input: {id: $id})",
        ):
            await socket.subscribe(
                f"mutation ($id: ID!) {{ {mutation} {{ userErrors {{ message }} }} }}", id=monitor
            )
            assert await socket.next() == {"userErrors": []}
            await socket.hear()
        await socket.subscribe(MONITORS, after=cursor)
        changes = [await socket.next() for _ in range(5)]

    assert [(c["change"], c["status"]) for c in changes] == [
        ("CREATED", "PENDING"),
        ("UPDATED", "PENDING"),
        ("UPDATED", "PENDING"),
        ("UPDATED", "PENDING"),
        ("DELETED", "PENDING"),
    ]
    assert {c["monitorId"] for c in changes} == {monitor}
    assert [c["monitor"] for c in changes] == [None] * 5


async def test_followers_of_both_projects_are_told_of_a_move(api, owner) -> None:
    other = encode_id(Prefix.PROJECT, await owner.add_project())
    monitor = encode_id(Prefix.MONITOR, await owner.add_monitor())
    async with api.socket(owner.secret) as socket:
        await socket.subscribe("{ eventCursor }")
        cursor = await socket.next()
        await socket.hear()
        await socket.subscribe(
            "mutation ($id: ID!, $project: ID!) { updateMonitor(input: {id: $id, projectId: $project})"
            " { userErrors { message } } }",
            id=monitor,
            project=other,
        )
        assert await socket.next() == {"userErrors": []}
        await socket.hear()
        for project in (other, encode_id(Prefix.PROJECT, owner.project_id)):
            await socket.subscribe(
                "subscription ($p: ID, $after: String) { monitorChanged(projectId: $p, after: $after)"
                " { change status monitor { name } } }",
                project,
                p=project,
                after=cursor,
            )
            assert await socket.next() == {
                "change": "UPDATED",
                "status": "UP",
                "monitor": {"name": "A monitor"},
            }


async def test_only_the_named_monitors_are_told_of(api, owner) -> None:
    quiet, loud = await owner.add_monitors(["quiet", "loud"])
    async with api.socket(owner.secret) as socket:
        await socket.subscribe("{ eventCursor }")
        cursor = await socket.next()
        await socket.hear()
        for monitor_id in (quiet, loud):
            await _pause(socket, monitor_id)
        await socket.subscribe(
            "subscription ($ids: [ID!], $after: String) { monitorChanged(monitorIds: $ids, after: $after) { monitor { name } } }",
            ids=[encode_id(Prefix.MONITOR, loud), "mon_nonsense"],
            after=cursor,
        )
        assert await socket.next() == {"monitor": {"name": "loud"}}


async def test_changes_of_incidents_are_told(api, owner, clock) -> None:
    monitor_id = await owner.add_monitor()
    incident = encode_id(Prefix.INCIDENT, await owner.add_incident(monitor_id, 1, timedelta(hours=1)))
    async with api.socket(owner.secret) as socket:
        await socket.subscribe("{ eventCursor }")
        cursor = await socket.next()
        await socket.hear()
        await socket.subscribe(
            "subscription ($after: String) { incidentChanged(after: $after) { change incidentId incident { status } } }",
            after=cursor,
        )
        await socket.subscribe(
            "mutation ($id: ID!) { acknowledgeIncident(input: {id: $id}) { userErrors { message } } }",
            "2",
            id=incident,
        )
        heard = [await socket.hear() for _ in range(3)]
        [change] = [m["payload"]["data"]["incidentChanged"] for m in heard if m["id"] == "1"]

    assert change == {"change": "STATUS", "incidentId": incident, "incident": {"status": "ACKNOWLEDGED"}}


async def test_checks_of_a_monitor_are_told_as_they_are_recorded(api, owner) -> None:
    monitor_id = await owner.add_monitor()
    async with api.socket(owner.secret) as socket:
        await socket.subscribe(CHECKS, id=encode_id(Prefix.MONITOR, monitor_id))
        while not api.services.check_tail._followers:
            await socket.subscribe("{ server { version } }", "2")
            await socket.hear()
            await socket.hear()
        [first] = await owner.add_checks(monitor_id, [timedelta(seconds=9)])
        await _fold(owner, monitor_id, timedelta(seconds=9))
        assert await socket.next() == {"id": encode_id(Prefix.CHECK, first), "status": "UP"}
        later = await owner.add_checks(monitor_id, [timedelta(seconds=6), timedelta(seconds=3)])
        await _fold(owner, monitor_id, timedelta(seconds=3))
        assert [(await socket.next())["id"] for _ in later] == [encode_id(Prefix.CHECK, one) for one in later]

        await socket.subscribe(DELETE, "3", id=encode_id(Prefix.MONITOR, monitor_id))
        ends = [await socket.hear() for _ in range(3)]
        assert {"type": "complete", "id": "1"} in ends


async def test_the_checks_of_another_workspaces_monitor_are_not_found(api, owner, stranger) -> None:
    theirs = encode_id(Prefix.MONITOR, await stranger.add_monitor())
    async with api.socket(owner.secret) as socket:
        for place, monitor in enumerate((theirs, "mon_nonsense")):
            await socket.subscribe(CHECKS, str(place), id=monitor)
            assert _codes(await socket.hear()) == ["NOT_FOUND"]


@pytest.mark.parametrize("after", ["nonsense", "A" * 54])
async def test_a_cursor_of_nobody_has_expired(api, owner, after) -> None:
    async with api.socket(owner.secret) as socket:
        await socket.subscribe(MONITORS, after=after)
        assert _codes(await socket.hear()) == ["CURSOR_EXPIRED"]


async def test_a_token_sees_only_what_it_is_granted(api, owner) -> None:
    reader = await owner.add_token(Grant(scope=TokenScope.INCIDENTS, permission=TokenPermission.READ))
    async with api.socket(reader.secret) as socket:
        await socket.subscribe(MONITORS)
        assert _codes(await socket.hear()) == ["FORBIDDEN"]


async def test_what_is_invalid_or_too_large_is_refused_by_itself(api, owner) -> None:
    deep = (
        "{ monitors" * 1
        + "(first: 100) { nodes { project { monitors(first: 100) { nodes { checks(first: 100) { nodes { id } } } } } } } }"
    )
    async with api.socket(owner.secret) as socket:
        await socket.subscribe("subscription { nothing }", "1")
        assert (await socket.hear())["type"] == "error"
        await socket.subscribe(deep, "2")
        assert _codes(await socket.hear()) in (["QUERY_TOO_COMPLEX"], ["INVALID_INPUT"])
        await socket.subscribe("{ server { version } }", "3")
        assert (await socket.hear())["type"] == "next"


async def test_a_client_may_end_a_subscription_and_use_its_id_again(api, owner) -> None:
    async with api.socket(owner.secret) as socket:
        for _ in range(3):
            await socket.subscribe(MONITORS)
            await socket.send(id="1", type="complete")
        await socket.send(type="ping")
        assert await socket.hear() == {"type": "pong"}
        async with asyncio.timeout(30):
            while api.services.feed._followers:
                await asyncio.sleep(0.01)


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        (["{"], 4400),
        (['{"type": "surprise"}'], 4400),
        (['{"type": "subscribe", "id": "1", "payload": {"query": "{ server { version } }"}}'], 4401),
        (['{"type": "connection_init"}'], 4403),
        (['{"type": "connection_init", "payload": {"Authorization": "Bearer wrong"}}'], 4403),
        (['{"type": "connection_init", "payload": {"Authorization": "Basic Zm9v"}}'], 4403),
        (['{"type": "connection_init", "payload": {"token": "SECRET"}}'] * 2, 4429),
        ([INIT, '{"type": "subscribe", "id": "1", "payload": {"query": 1}}'], 4400),
        (
            [
                INIT,
                *[
                    '{"type": "subscribe", "id": "1", "payload": {"query": "subscription { incidentChanged { at } }"}}'
                ]
                * 2,
            ],
            4409,
        ),
        (["x" * 20_000], 1009),
        ([b"binary"], 1003),
    ],
)
async def test_a_client_that_breaks_the_protocol_is_told_how(api, owner, sent, code) -> None:
    async with api.connect() as connection:
        for message in sent:
            await connection.send(
                message if isinstance(message, bytes) else message.replace("SECRET", owner.secret)
            )
            if message == INIT and len(set(sent)) > 1:
                assert "connection_ack" in await connection.recv()
        closed, reason = await Socket(connection).closed()

    assert closed == code
    assert reason


async def test_a_subprotocol_that_is_not_spoken_here_is_refused(api) -> None:
    async with api.connect(subprotocols=["graphql-ws"]) as connection:
        assert (await Socket(connection).closed())[0] == 4406


def _handshake(api, *, version: str = "HTTP/1.1", **headers: str) -> tuple[int, dict[str, str]]:
    """Return the status and the headers with which a handshake is answered."""
    sent = {
        "Host": "tocsin",
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Version": "13",
        **headers,
    }
    url = httpx.URL(api.url)
    lines = [f"GET /graphql {version}", *(f"{name}: {value}" for name, value in sent.items())]
    with socket.create_connection((url.host, url.port), timeout=30) as connection:
        connection.sendall("\r\n".join([*lines, "", ""]).encode())
        answer = HTTPResponse(connection)
        answer.begin()
        return answer.status, dict(answer.getheaders())


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"Sec-WebSocket-Version": "8"}, 426),
        ({"Sec-WebSocket-Key": "c2hvcnQ="}, 400),
        ({"version": "HTTP/1.0"}, 400),
    ],
)
async def test_a_handshake_that_is_none_is_refused(api, changed, status) -> None:
    answered, headers = await asyncio.to_thread(_handshake, api, **changed)

    assert answered == status
    assert ("sec-websocket-version" in headers) == (status == 426)
    assert not api.services.live._guests


async def test_only_so_many_may_wait_to_be_acknowledged(api, owner, monkeypatch) -> None:
    monkeypatch.setattr(live_connections, "MOST_GUESTS", 3)
    async with contextlib.AsyncExitStack() as stack:
        for _ in range(2):
            await stack.enter_async_context(api.connect())
        await stack.enter_async_context(api.socket(owner.secret))
        await stack.enter_async_context(api.connect())
        with pytest.raises(websockets.InvalidStatus) as refused:
            await stack.enter_async_context(api.connect())
    assert refused.value.response.status_code == 503
    async with asyncio.timeout(30):
        while api.services.live._guests:
            await asyncio.sleep(0.01)
    async with api.socket(owner.secret):
        pass


async def test_who_does_not_say_who_he_is_is_let_go(api, monkeypatch) -> None:
    monkeypatch.setattr(transport_ws, "INIT_SECONDS", 0.2)
    async with api.connect() as connection:
        assert (await Socket(connection).closed())[0] == 4408


async def test_the_end_of_the_server_is_told_to_whoever_is_not_acknowledged_yet(start_api) -> None:
    api = await start_api()
    async with api.connect() as connection:
        await connection.send('{"type": "ping"}')
        assert await connection.recv() == '{"type":"pong"}'
        await api.services.live.run(_set())
        assert (await Socket(connection).closed())[0] == 1001


async def test_a_connection_leaves_no_descriptor_behind(api, owner) -> None:
    for _ in range(3):
        async with api.socket(owner.secret), api.connect(subprotocols=["other"]):
            pass
    async with asyncio.timeout(30):
        while any(own.fileno() >= 0 for own in departure._left):
            await asyncio.sleep(0.01)


async def test_a_token_may_come_with_the_handshake(api, owner) -> None:
    async with api.connect(additional_headers={"Authorization": f"Bearer {owner.secret}"}) as connection:
        socket = Socket(connection)
        await socket.send(type="connection_init")
        assert await socket.hear() == {"type": "connection_ack"}
    with pytest.raises(websockets.InvalidStatus) as refused:
        async with api.connect(additional_headers={"Authorization": "Bearer wrong"}):
            pass
    assert refused.value.response.status_code == 401


async def test_a_token_that_is_revoked_ends_its_connection(api, owner, database) -> None:
    reader = await owner.add_token()
    async with api.socket(reader.secret) as socket, api.socket(owner.secret) as other:
        await socket.subscribe(MONITORS)
        digest = hashlib.sha256(reader.secret.encode()).digest()
        async with database.transaction() as connection:
            await connection.execute(
                "UPDATE api_tokens SET revoked_at = now() WHERE secret_sha256 = $1", digest
            )
            await notify(connection, NotifyChannel.TOKENS, digest.hex())
        assert (await socket.closed())[0] == 4403
        await other.send(type="ping")
        assert await other.hear() == {"type": "pong"}


async def test_a_token_that_expires_ends_its_connection(api, owner, clock) -> None:
    reader = await owner.add_token(expires_at=clock.now() + timedelta(minutes=1))
    async with api.socket(reader.secret) as socket:
        clock.advance(61)
        api.services.live.look_again()
        assert (await socket.closed())[0] == 4403


async def test_the_end_of_the_server_is_told(start_api, owner) -> None:
    api = await start_api()
    async with api.socket(owner.secret) as socket:
        await socket.subscribe(MONITORS)
        await api.services.live.run(_set())
        assert (await socket.closed())[0] == 1001
    with pytest.raises(websockets.InvalidStatus) as refused:
        async with api.connect():
            pass
    assert refused.value.response.status_code == 503


async def test_a_client_that_stops_reading_is_cut_off_without_harm_to_others(api, owner, monkeypatch) -> None:
    monkeypatch.setattr(transport_ws, "SEND_SECONDS", 0.5)
    monitor_id = await owner.add_monitor("m" * 100_000)
    async with api.socket(owner.secret) as deaf, api.socket(owner.secret) as other:
        await deaf.subscribe(MONITORS)
        await other.subscribe(MONITORS)
        while sum(len(each) for each in api.services.feed._followers.values()) < 2:
            await asyncio.sleep(0.01)
        deaf.connection.transport.pause_reading()
        await owner.insert_many("events", [_event(owner, monitor_id)] * 150)
        for _ in range(150):
            assert (await other.next())["monitor"]["name"] == "m" * 100_000
        async with asyncio.timeout(30):
            while sum(len(each) for each in api.services.feed._followers.values()) > 1:
                await asyncio.sleep(0.05)
        deaf.connection.transport.resume_reading()
        with contextlib.suppress(websockets.ConnectionClosed):
            while True:
                await deaf.hear()
        assert (await deaf.closed())[0] in (4410, 1006)


def _event(tenant, monitor_id) -> dict:
    return {
        "workspace_id": tenant.workspace_id,
        "subject": "MONITOR",
        "subject_id": monitor_id,
        "change": "UPDATED",
        "at": tenant.now,
        "status": 1,
    }


def _codes(message) -> list[str]:
    assert message["type"] == "error", message
    return [error["extensions"]["code"] for error in message["payload"]]


def _set() -> asyncio.Event:
    event = asyncio.Event()
    event.set()
    return event


async def _pause(socket, monitor_id) -> None:
    await socket.subscribe(
        "mutation ($id: ID!) { pauseMonitor(input: {id: $id}) { userErrors { message } } }",
        "pause",
        id=encode_id(Prefix.MONITOR, monitor_id),
    )
    assert await socket.next() == {"userErrors": []}
    await socket.hear()


async def _fold(tenant, monitor_id, age) -> None:
    """Let region 1 have looked at the monitor up to then, as a recorder does."""
    async with tenant.database.acquire() as connection:
        await connection.execute(
            "INSERT INTO region_states (monitor_id, region_id, workspace_id, last_slot, last_status, config_revision,"
            " down_streak, impaired_streak, clear_streak, up_streak, expiring_streak, opinion, failures_to_open,"
            " successes_to_close, expiring) VALUES ($1, 1, $2, $3, 1, 1, 0, 0, 0, 0, 0, 1, 2, 1, false)"
            " ON CONFLICT (monitor_id, region_id) DO UPDATE SET last_slot = excluded.last_slot",
            monitor_id,
            tenant.workspace_id,
            tenant.now - age,
        )


async def test_each_operation_over_a_socket_is_a_request_and_refused_beyond_the_plan(
    api, owner, clock
) -> None:
    async with api.socket(owner.secret) as socket:
        await socket.subscribe("{ projects { totalCount } }")
        await socket.next()
        await socket.hear()
        await socket.subscribe("{ workspace { usage(period: HOUR) { used totalRequests } } }", "2")
        assert await socket.next() == {"usage": {"used": 2, "totalRequests": 2}}
        await socket.hear()

    await owner.fetch("UPDATE workspaces SET plan = 'FREE'")
    await owner.fetch("UPDATE request_quotas SET leased = 1000")
    api.services.authentication.forget()
    async with api.socket(owner.secret) as socket:
        await socket.subscribe("{ projects { totalCount } }")
        refusal = await socket.hear()

    assert (refusal["type"], refusal["id"]) == ("error", "1")
    assert refusal["payload"][0]["extensions"]["code"] == "RATE_LIMITED"
