"""The bytes and headers of a signed webhook, as the documented receiver expects them."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess

import pytest

from core.ids import Prefix, decode_id
from tests.core.alerting.receiver import Receiver
from tests.core.alerting.world import World
from tests.core.deliveries.test_canonical_json import HOSTILE_NAMES

SECRET = "a secret with ümlauts"

# The receiver of the documentation, unchanged; its framework parses the body and lower-cases the headers.
RECEIVER_OF_THE_PAGE = """
const crypto = require('crypto');

function verifyWebhookSignature(payload, signature, secret) {
  const expectedSignature = crypto
    .createHmac('sha256', secret)
    .update(JSON.stringify(payload))
    .digest('hex');

  return crypto.timingSafeEqual(
    Buffer.from(signature),
    Buffer.from(expectedSignature)
  );
}

const { secret, requests } = JSON.parse(require('fs').readFileSync(0, 'utf8'));
const verdicts = requests.map(({ body, signature }) =>
  verifyWebhookSignature(JSON.parse(Buffer.from(body, 'base64').toString('utf8')), signature, secret));
process.stdout.write(JSON.stringify(verdicts));
"""


async def test_the_payload_has_the_documented_members_in_their_order(
    world: World, receiver: Receiver
) -> None:
    await world.add_webhook(receiver.url, events=["MONITOR_DOWN"], secret=SECRET)
    await world.fail()

    await world.tell()

    (request,) = receiver.requests
    at = world.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")
    payload = request.json
    assert payload == {
        "event": "monitor.down",
        "timestamp": at,
        "monitor": {
            "id": payload["monitor"]["id"],
            "name": "Shop",
            "url": "https://shop.example",
            "type": "WEBSITE",
            "status": "DOWN",
        },
        "incident": {
            "id": payload["incident"]["id"],
            "incidentNumber": "INC-2026-0001",
            "startedAt": at,
            "severity": "high",
        },
        "check": {"statusCode": 500, "responseTime": 1250, "error": "HTTP 500", "region": "local"},
    }
    assert list(payload) == ["event", "timestamp", "monitor", "incident", "check"]
    assert decode_id(Prefix.MONITOR, payload["monitor"]["id"]) == world.monitor_id


async def test_a_change_without_a_check_keeps_its_members(world: World, receiver: Receiver) -> None:
    await world.add_webhook(receiver.url)
    await world.recover(await world.fail())

    await world.tell()

    assert receiver.requests[-1].json["check"] == {
        "statusCode": None,
        "responseTime": None,
        "error": None,
        "region": None,
    }


async def test_the_headers_name_the_delivery_and_the_event(world: World, receiver: Receiver) -> None:
    await world.add_webhook(receiver.url, events=["MONITOR_DOWN"], secret=SECRET)
    await world.fail()

    await world.tell()

    (request,) = receiver.requests
    ((delivery_id,),) = await world.rows("SELECT id FROM deliveries")
    assert decode_id(Prefix.DELIVERY, request.headers["x-webhook-id"]) == delivery_id
    assert request.headers["x-webhook-event"] == "monitor.down"
    assert request.headers["content-type"] == "application/json"
    assert request.headers["user-agent"].startswith("Tocsin/")


async def test_a_webhook_without_a_secret_is_not_signed(world: World, receiver: Receiver) -> None:
    await world.add_webhook(receiver.url, events=["MONITOR_DOWN"])
    await world.fail()

    await world.tell()

    assert "x-webhook-signature" not in receiver.requests[0].headers


@pytest.mark.node
@pytest.mark.skipif(shutil.which("node") is None, reason="Node.js is not installed")
async def test_the_documented_receiver_accepts_every_signature(world: World, receiver: Receiver) -> None:
    await world.add_webhook(receiver.url, secret=SECRET)
    for name in [name for name in HOSTILE_NAMES if "\x00" not in name and "\ud800" not in name]:
        incident_id = await world.fail(name=name, error=name)
        await world.tell()
        await world.recover(incident_id)
        await world.tell()
        world.advance(3600)

    verdicts = _verify(receiver, SECRET)

    assert len(verdicts) == 32
    assert all(verdicts)
    assert not any(_verify(receiver, "another secret"))


def _verify(receiver: Receiver, secret: str) -> list[bool]:
    requests = [
        {"body": base64.b64encode(each.body).decode(), "signature": each.headers["x-webhook-signature"]}
        for each in receiver.requests
    ]
    answer = subprocess.run(
        ["node", "-e", RECEIVER_OF_THE_PAGE],
        input=json.dumps({"secret": secret, "requests": requests}).encode(),
        stdout=subprocess.PIPE,
        check=True,
        timeout=60,
    )
    return json.loads(answer.stdout)
