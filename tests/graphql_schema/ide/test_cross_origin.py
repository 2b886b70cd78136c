"""A page of another origin uses GraphQL in a browser where the settings name it, and reads nothing where they do not."""

from __future__ import annotations

import asyncio
import contextlib
import http.server
import threading
from collections.abc import Iterator

import httpx
import pytest

from tests.core.access.stored_password import cheaply_stored
from tests.graphql_schema.ide.web_driver import browser_without_internet
from tests.graphql_schema.live.clients import PATIENCE_SECONDS

_FETCH = """
window.answer = undefined;
fetch(arguments[0], {method: 'POST', credentials: 'include', body: JSON.stringify({query: arguments[1]}),
  headers: {'Content-Type': 'application/json', ...arguments[2]}})
  .then(response => response.text().then(text => { window.answer = text
    + (response.headers.get('x-ratelimit-limit') || '') }), error => { window.answer = String(error) })
"""
_SIGN_IN = """mutation { signIn(input: {email: "ada@example.org", password: "correct horse"}) { viewer { role } } }"""


@contextlib.contextmanager
def other_site() -> Iterator[str]:
    """Serve an empty page on a port of its own; give its origin."""

    class Page(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(b"<!doctype html><title>an application</title>")

        def log_message(self, *_arguments: object) -> None:
            """Say nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.browser
async def test_a_browser_lets_those_pages_use_it_that_are_named(start_api, owner, database) -> None:
    async with database.acquire() as connection:
        await connection.execute("UPDATE users SET password_hash = $1", cheaply_stored("correct horse"))
    with other_site() as origin:
        named = await start_api(public_url="http://tocsin.example.org", cors_origins=origin)
        unnamed = await start_api(public_url="http://tocsin.example.org")

        def work() -> None:
            with browser_without_internet() as browser:
                browser.open(origin)

                def ask(url: str, document: str, headers: dict[str, str]) -> str:
                    browser.run(_FETCH, f"{url}/graphql", document, headers)
                    browser.until("window.answer !== undefined")
                    return str(browser.run("return window.answer"))

                by_token = {"Authorization": f"Bearer {owner.secret}"}
                assert '"OWNER"' in ask(named.url, "{ viewer { role } }", by_token)
                assert ask(named.url, "{ viewer { role } }", by_token).endswith("100000")
                assert "UNAUTHENTICATED" in ask(named.url, "{ viewer { role } }", {})
                assert '"OWNER"' in ask(named.url, _SIGN_IN, {})
                assert '"OWNER"' in ask(named.url, "{ viewer { role } }", {})
                assert "TypeError" in ask(unnamed.url, "{ viewer { role } }", by_token)
                assert "TypeError" in ask(unnamed.url, "{ viewer { role } }", {})

        await asyncio.to_thread(work)


async def test_events_say_it_too(start_api, owner) -> None:
    api = await start_api(cors_origins="https://app.example.org")
    headers = {
        "Origin": "https://app.example.org",
        "Authorization": f"Bearer {owner.secret}",
        "Accept": "text/event-stream",
    }
    async with httpx.AsyncClient(timeout=PATIENCE_SECONDS, headers=headers) as client:
        told = await client.post(f"{api.url}/graphql", json={"query": "{ viewer { role } }"})

    assert "event: complete" in told.text
    assert told.headers["access-control-allow-origin"] == "https://app.example.org"
