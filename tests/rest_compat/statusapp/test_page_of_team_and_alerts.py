"""The page's own requests of notifications, webhooks, team and account, and its examples beside our answers."""

from __future__ import annotations

import asyncio
import re
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from core.ids import Prefix, encode_id
from tests.core.alerting.receiver import receiving
from tests.graphql_schema.conftest import Tenant
from tests.rest_compat.shapes import shape_of
from tests.rest_compat.statusapp.answers import places

PAGE = (Path(__file__).parents[2] / "contract" / "pages" / "statusapp-api.md").read_text()
SECTIONS = ("Notification Channels API", "Webhooks API", "Team Management API", "Account API")
INSTALLED = ("EMAIL", "WEBHOOK")

# What the page shows with one member where there may be any.
FREE = {"requestsByEndpoint": "int"}


@dataclass(frozen=True, kw_only=True)
class Request:
    """A request of the page with the bodies and the answer that it shows."""

    method: str
    path: str
    content_type: str | None
    bodies: list[Any] = field(default_factory=list)
    answer: Any = None


def requests() -> list[Request]:
    found = []
    for title in SECTIONS:
        section = re.split(r"^## ", PAGE.split(f"## {title}\n", 1)[1], maxsplit=1, flags=re.MULTILINE)[0]
        for part in re.split(r"^### ", section, flags=re.MULTILINE)[1:]:
            found += [_request(part)] if "```http" in part else []
    return found


def _request(part: str) -> Request:
    line = re.search(r"```http\n(\w+) (\S+)\n(?:Content-Type: (\S+)\n)?```", part)
    assert line is not None, part
    blocks = re.findall(r"\*\*([^\n*]+)\*\*[^\n]*\n```json\n(.*?)```", part, re.DOTALL)
    return Request(
        method=line[1],
        path=line[2],
        content_type=line[3],
        bodies=[msgspec.json.decode(text) for label, text in blocks if label != "Response"],
        answer=next((msgspec.json.decode(text) for label, text in blocks if label == "Response"), None),
    )


def told_shape(value: Any) -> Any:
    """Return the shape of an answer, in which names that are values are of no account."""
    shape = shape_of(value)
    return (
        {**shape, **{name: FREE[name] for name in FREE if name in shape}}
        if isinstance(shape, dict)
        else shape
    )


async def fill(owner: Tenant, url: str) -> dict[str, str]:
    """Make one of everything that the page shows; return the ids in place of the page's parameters."""
    webhook_id = await owner.add_webhook(url=url, last_status=200, last_triggered_at=owner.now)
    await owner.add_delivery(webhook_id=webhook_id)
    await owner.fetch("UPDATE users SET image = 'https://x.example/', phone_number = '+1234567890'")
    teammate = await owner.add_token()
    await owner.fetch("UPDATE api_tokens SET last_used_at = $1", owner.now)
    (member,) = await owner.fetch("SELECT id FROM members WHERE user_id = $1", teammate.user_id)
    return {
        "{channelId}": encode_id(Prefix.CHANNEL, await owner.add_channel()),
        "{webhookId}": encode_id(Prefix.WEBHOOK, webhook_id),
        "{memberId}": encode_id(Prefix.MEMBER, member["id"]),
    }


def test_the_page_has_a_request_for_each_route_of_its_sections() -> None:
    assert len({(each.method, each.path) for each in requests()}) == 22
    assert len([each for each in requests() if each.answer is not None]) == 8


async def test_every_request_of_the_page_is_answered_as_the_page_shows(address, owner: Tenant) -> None:
    async with receiving() as receiver, httpx.AsyncClient(base_url=address) as client:
        ids = await fill(owner, receiver.url)
        deletions_last = sorted(requests(), key=lambda each: each.method == "DELETE")
        for request in deletions_last:
            path = re.sub(r"\{\w+\}", lambda parameter: ids[parameter[0]], request.path)
            headers = {"X-API-Key": owner.secret}
            headers |= {"Content-Type": request.content_type} if request.content_type else {}
            for body in request.bodies or [None if request.content_type is None else {}]:
                content = None if body is None else msgspec.json.encode(body)
                answer = await client.request(request.method, path, headers=headers, content=content)
                if body and body.get("type", "EMAIL") not in INSTALLED:
                    assert places(answer) == ["type"]
                    assert "not" in answer.text
                    continue
                is_new = request.method == "POST" and request.content_type is not None
                assert answer.status_code == (201 if is_new else 200), answer.text
                if request.answer is not None:
                    assert told_shape(answer.json()) == told_shape(request.answer), request


PROGRAM = """
{helper}

async function main() {{
  const made = await statusAppAPI('/webhooks', {{
    method: 'POST',
    body: JSON.stringify({{ name: 'Ours', url: '{url}', events: 'monitor.down', secret: 's3cret' }})
  }});
  const tried = await statusAppAPI(`/webhooks/${{made.id}}/test`, {{ method: 'POST' }});
  const changed = await statusAppAPI(`/webhooks/${{made.id}}`, {{
    method: 'PUT', body: JSON.stringify({{ isActive: false }})
  }});
  const {{ webhooks }} = await statusAppAPI('/webhooks');
  const gone = await statusAppAPI(`/webhooks/${{made.id}}`, {{ method: 'DELETE' }});
  const refused = await statusAppAPI('/webhooks/wh_1').catch(error => error.message);
  const spent = await statusAppAPI('/account/usage?period=1h');
  console.log(JSON.stringify({{ made, tried, changed, webhooks, gone, refused, spent }}));
}}
main();
"""


@pytest.mark.node
@pytest.mark.skipif(shutil.which("node") is None, reason="Node.js is not installed")
async def test_the_pages_helper_for_node_works_with_these_routes(address, owner: Tenant) -> None:
    helper = re.search(r"(const STATUSAPP_API_KEY = process.*?\n}\n)\n// Create a monitor", PAGE, re.DOTALL)
    assert helper is not None
    moved = helper[1].replace("https://ops.statusapp.io", address)
    async with receiving() as receiver:
        process = await asyncio.create_subprocess_exec(
            "node",
            "-e",
            PROGRAM.format(helper=moved, url=receiver.url),
            env={"STATUSAPP_API_KEY": owner.secret},
            stdout=asyncio.subprocess.PIPE,
        )
        output, _ = await process.communicate()

    assert process.returncode == 0
    seen = msgspec.json.decode(output)
    assert seen["tried"]["success"] is True
    assert seen["webhooks"][0]["id"] == seen["made"]["id"] == seen["changed"]["id"]
    assert seen["changed"]["isActive"] is False
    assert seen["gone"]["success"] is True
    assert seen["refused"] == "webhook not found"
    assert seen["spent"]["totalRequests"] == 7


@pytest.mark.node
@pytest.mark.skipif(shutil.which("node") is None, reason="Node.js is not installed")
async def test_the_pages_verifier_takes_what_a_webhook_made_here_is_sent(address, owner: Tenant) -> None:
    verifier = re.search(r"(const crypto = require.*?\n}\n)\n// In your webhook handler", PAGE, re.DOTALL)
    assert verifier is not None
    async with receiving() as receiver, httpx.AsyncClient(base_url=f"{address}/api/v1") as client:
        client.headers["X-API-Key"] = owner.secret
        body = {"name": "Ours", "url": receiver.url, "events": "monitor.down", "secret": "ein Schlüssel"}
        made = (await client.post("/webhooks", json=body)).json()
        assert (await client.post(f"/webhooks/{made['id']}/test")).json()["success"]
    (request,) = receiver.requests
    program = (
        f"{verifier[1]}\nconst [body, signature, secret] = process.argv.slice(1);\n"
        "console.log(verifyWebhookSignature(JSON.parse(body), signature, secret));"
    )

    for secret, verdict in (("ein Schlüssel", b"true\n"), ("another", b"false\n")):
        process = await asyncio.create_subprocess_exec(
            "node",
            "-e",
            program,
            request.body.decode(),
            request.headers["x-webhook-signature"],
            secret,
            stdout=asyncio.subprocess.PIPE,
        )
        output, _ = await process.communicate()
        assert output == verdict
