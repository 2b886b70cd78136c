"""The page at /graphql: its files are our own, and a real browser works in it without internet."""

from __future__ import annotations

import asyncio
import os
import re
from pathlib import Path

import pytest

from core.ids import Prefix, encode_id
from tests.core.access.stored_password import cheaply_stored
from tests.graphql_schema.ide.web_driver import browser_without_internet

ROOT = Path(__file__).parents[3]
PICTURE = ROOT / "docs" / "images" / "graphql-ide.png"
STATIC = ROOT / "graphql_schema" / "static"


@pytest.mark.parametrize("path", ["/graphql", "/graphql/ide"])
async def test_a_browser_is_shown_the_page(client, path) -> None:
    answer = await client.get(path, headers={"Accept": "text/html,application/xhtml+xml"})

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "script-src 'self';" in answer.headers["content-security-policy"]
    assert re.findall(r"<script[^>]*>[^<]", answer.text) == []


async def test_a_query_in_the_address_is_answered_and_not_shown(client) -> None:
    answer = await client.get(
        "/graphql", params={"query": "{ server { version } }"}, headers={"Accept": "text/html"}
    )

    assert "server" in answer.json()["data"]


async def test_every_file_of_the_page_is_kept_for_ever_under_its_version(client) -> None:
    page = (await client.get("/graphql/ide")).text
    files = re.findall(r'(?:src|href)="(/graphql/[^"]+)"', page)
    assert len(files) == 7
    for file in files:
        answer = await client.get(file)
        assert answer.status_code == 200
        assert "immutable" in answer.headers["cache-control"]
        again = await client.get(file, headers={"If-None-Match": answer.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        unpinned = await client.get(file.partition("?")[0])
        assert unpinned.headers["cache-control"] == "no-cache"


@pytest.mark.parametrize("name", ["nothing.js", "ide.html", "..%2Fschema.py", "VERSIONS.md"])
async def test_no_other_file_is_served(client, name) -> None:
    assert (await client.get(f"/graphql/static/{name}")).status_code == 404


def test_every_file_that_is_not_ours_has_a_version_and_a_licence() -> None:
    table = (STATIC / "VERSIONS.md").read_text()
    for path in STATIC.glob("*.min.*"):
        assert f"`{path.name}`" in table
    for licence in re.findall(r"`(LICENSE\.[a-z-]+)`", table):
        assert "Permission is hereby granted" in (STATIC / licence).read_text()


@pytest.mark.browser
async def test_a_query_and_a_subscription_run_in_a_browser_without_internet(api, owner) -> None:
    monitor = await owner.add_monitor("Shop")

    def work() -> None:
        with browser_without_internet() as browser:
            browser.open(f"{api.url}/graphql")
            browser.until("document.querySelector('.graphiql-container')")
            browser.type("#token", owner.secret)
            _enter(browser, "Names", "query Names { monitors(first: 5) { nodes { name status } } }")
            browser.until("document.querySelector('.result-window').innerText.includes('Shop')")
            _enter(browser, "Live", "subscription Live { monitorChanged { change status monitor { name } } }")
            browser.until("document.querySelector('#state').innerText === 'connected'")
            asyncio.run_coroutine_threadsafe(_pause_when_followed(api, owner, monitor), loop).result(60)
            browser.until("document.querySelector('.result-window').innerText.includes('UPDATED')")
            if os.environ.get("TAKE_PICTURES"):
                browser.picture(PICTURE)
            assert browser.run("return localStorage.length") == 0
            origins = browser.run(
                "return [...new Set(performance.getEntriesByType('resource').map(e => new URL(e.name).origin))]"
            )
            assert [origin for origin in origins if origin != "null"] == [api.url]
            assert [line for line in browser.log() if "SEVERE" in line or "Content Security" in line] == []

    loop = asyncio.get_running_loop()
    await asyncio.to_thread(work)


@pytest.mark.browser
async def test_whoever_signs_in_in_a_browser_uses_the_page_by_cookie(start_api, owner, database) -> None:
    """Without a token: the sign-in is a fetch of the page's own, and the browser says where it comes from."""
    async with database.acquire() as connection:
        await connection.execute(
            "UPDATE users SET password_hash = $1 WHERE id = $2",
            cheaply_stored("correct horse"),
            owner.user_id,
        )
        email = await connection.fetchval("SELECT email FROM users WHERE id = $1", owner.user_id)
    await owner.add_monitor("Shop")
    api = await start_api(public_url="http://tocsin.example.org")

    def work() -> None:
        with browser_without_internet() as browser:
            browser.open(f"{api.url}/graphql")
            browser.until("document.querySelector('.graphiql-container')")
            browser.run(_SIGN_IN, email, "correct horse")
            browser.until("window.signedIn")
            assert browser.run("return window.signedIn.data.signIn.viewer.user.email") == email
            assert browser.run("return document.cookie") == ""  # out of reach of scripts
            _enter(
                browser,
                "Names",
                "query Names { monitors(first: 5) { nodes { name } } viewer { token { id } } }",
            )
            browser.until("document.querySelector('.result-window').innerText.includes('Shop')")
            _enter(browser, "Live", "subscription Live { monitorChanged { change } }")
            browser.until("document.querySelector('#state').innerText === 'connected'")

    await asyncio.to_thread(work)


_SIGN_IN = """
fetch('/graphql', {method: 'POST', headers: {'Content-Type': 'application/json'}, body: JSON.stringify({
  query: 'mutation ($i: SignInInput!) { signIn(input: $i) { viewer { user { email } } userErrors { message } } }',
  variables: {i: {email: arguments[0], password: arguments[1]}},
})}).then(answer => answer.json()).then(body => { window.signedIn = body; });
"""


def _enter(browser, name: str, document: str) -> None:
    """Put a document into the editor, and run it once the editor has understood it."""
    editor = "document.querySelector('.graphiql-query-editor .CodeMirror').CodeMirror"
    browser.run(f"{editor}.setValue(arguments[0])", document)
    browser.until(f"{editor}.operationName === arguments[0]", name)
    browser.run("document.querySelector('.graphiql-execute-button').click()")


async def _pause_when_followed(api, owner, monitor) -> None:
    while not api.services.feed._followers:
        await asyncio.sleep(0.02)
    await owner.data(
        "mutation ($id: ID!) { pauseMonitor(input: {id: $id}) { userErrors { message } } }",
        id=encode_id(Prefix.MONITOR, monitor),
    )
