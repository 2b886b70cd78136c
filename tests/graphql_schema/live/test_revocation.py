"""A revoked token opens nothing anywhere, and what it holds open ends: two API processes on one database.

Their clock stands still, so that nothing that is cached grows old: what one process did, the other was told.
"""

from __future__ import annotations

import asyncio
import hashlib
from contextlib import AsyncExitStack

import asyncpg
import httpx
import pytest
import websockets

from core.db.notifications import NotifyChannel, notify
from tests.graphql_schema.live.clients import PATIENCE_SECONDS, Socket

MONITORS = "subscription { monitorChanged { cursor change } }"
WHO = "{ viewer { token { name } } }"
CREATE = """
mutation { createApiToken(input: {name: "followed", grants: [{scope: UPTIME_CHECKS, permission: READ}]}) {
  secret token { id } userErrors { message } } }
"""
REVOKE = "mutation ($id: ID!) { revokeApiToken(input: {id: $id}) { deletedId userErrors { message } } }"


async def ask(api, secret: str, document: str, **variables) -> dict:
    """Run a document; return its data, or the code of why it was refused."""
    async with httpx.AsyncClient(timeout=PATIENCE_SECONDS) as client:
        response = await client.post(
            f"{api.url}/graphql",
            json={"query": document, "variables": variables},
            headers={"Authorization": f"Bearer {secret}"},
        )
    body = response.json()
    return body["errors"][0]["extensions"]["code"] if "errors" in body else body["data"]


async def test_a_revocation_through_one_process_ends_all_that_a_token_opens_in_every_one(
    start_api, owner
) -> None:
    one, two = await start_api(), await start_api()
    made = (await ask(one, owner.secret, CREATE))["createApiToken"]
    secret = made["secret"]
    async with AsyncExitStack() as stack:
        sockets = [await stack.enter_async_context(api.socket(secret)) for api in (one, two)]
        streams = [await stack.enter_async_context(api.events(secret, MONITORS)) for api in (one, two)]
        other = await stack.enter_async_context(two.socket(owner.secret))
        for socket in sockets:
            await socket.subscribe(MONITORS)
        for stream in streams:
            await stream.begun()
        for api in (one, two):
            assert await ask(api, secret, WHO) == {"viewer": {"token": {"name": "followed"}}}

        await ask(one, owner.secret, REVOKE, id=made["token"]["id"])

        # At once where it was revoked; elsewhere as soon as that is heard, which is before the socket closes.
        assert await ask(one, secret, WHO) == "API_TOKEN_REVOKED"
        for socket in sockets:
            assert await socket.closed() == (4403, "the api token was revoked")
        assert await ask(two, secret, WHO) == "API_TOKEN_REVOKED"
        for stream in streams:
            kind, payload = await stream.hear()
            assert (kind, payload["errors"][0]["extensions"]["code"]) == ("next", "API_TOKEN_REVOKED")
            assert await stream.hear() == ("complete", None)
        await other.send(type="ping")
        assert await other.hear() == {"type": "pong"}

    for api in (one, two):
        with pytest.raises(websockets.InvalidStatus) as refused:
            await api.connect(additional_headers={"Authorization": f"Bearer {secret}"})
        assert refused.value.response.status_code == 401


@pytest.mark.parametrize("transport", ["socket", "events"])
async def test_a_token_that_is_revoked_while_it_comes_in_does_not_stay(
    api, owner, database_dsn, transport: str
) -> None:
    reader = await owner.add_token()
    digest = hashlib.sha256(reader.secret.encode()).digest()
    revoker, watcher = await asyncpg.connect(database_dsn), await asyncpg.connect(database_dsn)
    try:
        async with AsyncExitStack() as stack:
            async with revoker.transaction():
                # Whoever comes in now waits for this transaction, with what is known of the token in his hand.
                await revoker.execute(
                    "UPDATE api_tokens SET revoked_at = created_at WHERE secret_sha256 = $1", digest
                )
                await notify(revoker, NotifyChannel.TOKENS, digest.hex())
                coming = asyncio.ensure_future(come_in(stack, api, transport, reader.secret))
                async with asyncio.timeout(PATIENCE_SECONDS):
                    # Who has given up waiting, and is in, is ended like all others.
                    while not api.services.live._open and not await watcher.fetchval(
                        "SELECT count(*) FROM pg_stat_activity"
                        " WHERE datname = current_database() AND wait_event_type = 'Lock'"
                    ):
                        await asyncio.sleep(0.01)

            assert await coming in (4403, 401, "API_TOKEN_REVOKED")
    finally:
        await revoker.close()
        await watcher.close()


async def come_in(stack: AsyncExitStack, api, transport: str, secret: str) -> int | str:
    """Follow until it ends; return how."""
    if transport == "socket":
        socket = Socket(await stack.enter_async_context(api.connect()))
        await socket.send(type="connection_init", payload={"token": secret})
        return (await socket.closed())[0]
    events = await stack.enter_async_context(api.events(secret, MONITORS))
    if events.response.status_code != 200:
        return events.response.status_code
    _, payload = await events.hear()
    return payload["errors"][0]["extensions"]["code"]
