"""The notifier that posts messages as JSON."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from plugins.api.config import ConfigErrors, parse, redact, secrets_set
from plugins.api.notifier import DeliveryError, SendContext
from plugins.api.outbound import AddressPolicy, Outbound
from plugins.notifiers.webhook import WebhookConfig, recipients, send
from tests.core.alerting.receiver import Answer, Receiver, receiving
from tests.plugins.notifiers.messages import DOWN, TRIAL

CONTEXT = SendContext(timeout_seconds=5, outbound=Outbound())


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as listening:
        yield listening


def config_of(url: str, **headers: str) -> WebhookConfig:
    return parse(
        WebhookConfig,
        {"url": url, "headers": [{"name": name, "value": value} for name, value in headers.items()]},
    )


def issues_of(**data) -> list[tuple[tuple[str, ...], str]]:
    with pytest.raises(ConfigErrors) as refused:
        parse(WebhookConfig, data)
    return [(issue.path, issue.rule) for issue in refused.value.issues]


async def test_a_message_is_posted_as_json(receiver: Receiver) -> None:
    receipt = await send(config_of(receiver.url), DOWN, CONTEXT)

    assert receipt.status_code == 200
    (request,) = receiver.requests
    assert request.json == {
        "event": "monitor.down",
        "timestamp": "2026-11-22T03:30:00Z",
        "summary": "Shop is down: HTTP 500 (INC-2026-0001)",
        "workspace": "Acme & Söhne",
        "link": None,
        "monitor": {
            "id": "mon_1",
            "name": "Shop <b>",
            "url": "https://shop.example",
            "type": "WEBSITE",
            "status": "DOWN",
        },
        "incident": {
            "id": "inc_1",
            "incidentNumber": "INC-2026-0001",
            "kind": "OUTAGE",
            "severity": "high",
            "startedAt": "2026-11-22T03:29:40Z",
            "resolvedAt": None,
        },
        "check": {"statusCode": 500, "responseTime": 1235, "error": "HTTP 500", "region": "local"},
    }
    assert request.headers["x-webhook-id"] == "wd_1"
    assert request.headers["content-type"] == "application/json"


async def test_a_test_message_has_no_monitor(receiver: Receiver) -> None:
    await send(config_of(receiver.url), TRIAL, CONTEXT)

    payload = receiver.requests[0].json
    assert (payload["event"], payload["monitor"], payload["incident"]) == ("test", None, None)


async def test_the_headers_of_the_configuration_are_sent(receiver: Receiver) -> None:
    config = config_of(receiver.url, **{"X-Api-Key": "a secret", "User-Agent": "mine"})

    await send(config, DOWN, CONTEXT)

    headers = receiver.requests[0].headers
    assert (headers["x-api-key"], headers["user-agent"]) == ("a secret", "mine")


@pytest.mark.parametrize(
    ("status", "is_permanent", "retry_for_seconds"),
    [
        *((status, True, None) for status in (400, 401, 410, 413, 422)),
        *((status, False, 3600) for status in (403, 404)),
        *((status, False, None) for status in (301, 429, 500)),
    ],
)
async def test_an_answer_that_is_no_success_is_an_error(
    receiver: Receiver, status: int, is_permanent: bool, retry_for_seconds: float | None
) -> None:
    receiver.otherwise = Answer(status=status)

    with pytest.raises(DeliveryError) as refused:
        await send(config_of(receiver.url), DOWN, CONTEXT)

    assert (refused.value.status_code, refused.value.permanent) == (status, is_permanent)
    assert refused.value.retry_for_seconds == retry_for_seconds


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "90"}, 90),
        (
            {"Retry-After": "Sun, 22 Nov 2026 10:31:00 GMT", "Date": "Sun, 22 Nov 2026 10:30:00 GMT"},
            60,
        ),
        ({"Retry-After": "Sun, 22 Nov 2026 10:31:00 GMT"}, None),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "-5"}, None),
        ({}, None),
    ],
)
async def test_the_time_to_come_back_is_read(receiver: Receiver, headers, seconds) -> None:
    receiver.otherwise = Answer(status=429, headers=headers)

    with pytest.raises(DeliveryError) as refused:
        await send(config_of(receiver.url), DOWN, CONTEXT)

    assert refused.value.retry_after_seconds == seconds


async def test_no_answer_is_an_error_that_may_pass(receiver: Receiver) -> None:
    receiver.otherwise = Answer(status=None)

    with pytest.raises(DeliveryError) as lost:
        await send(config_of(receiver.url), DOWN, CONTEXT)

    assert (lost.value.permanent, lost.value.status_code) == (False, None)


async def test_an_address_that_the_operator_refuses_is_not_connected_to(receiver: Receiver) -> None:
    guarded = SendContext(timeout_seconds=5, outbound=Outbound(AddressPolicy(private_targets=False)))

    with pytest.raises(DeliveryError, match="not a public address"):
        await send(config_of(receiver.url), DOWN, guarded)

    assert receiver.requests == []


def test_the_recipient_is_the_address_without_what_may_be_secret() -> None:
    assert recipients(config_of("https://hook.example:8443/in?key=secret#part")) == (
        "https://hook.example:8443/in",
    )


def test_the_values_of_headers_are_secrets() -> None:
    config = config_of("https://hook.example", Authorization="Bearer token")

    assert secrets_set(config) == ["headers.Authorization.value"]
    assert "token" not in str(redact(config))
    assert "token" not in repr(config)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "hook.example",
        "ftp://hook.example",
        "file:///etc/passwd",
        "https://",
        "https://a b",
        "http://[",
        "http://x\ny",
        "https://user@hook.example",
        "https://user:word@hook.example",
        "http://hook.example:0",
        "http://hook.example:70000",
        "http://hook.example:port",
    ],
)
def test_what_is_no_web_address_is_refused(url: str) -> None:
    assert issues_of(url=url) == [(("url",), "invalid")]


def test_everything_that_is_wrong_is_told_at_once() -> None:
    headers = [
        {"name": "Content-Length", "value": "x"},
        {"name": "bad name", "value": "two\nlines"},
        {"name": "Missing"},
    ]

    assert issues_of(url="http://user@hook.example:0", headers=headers, extra=1) == [
        (("extra",), "unknown_field"),
        (("url",), "invalid"),
        (("url",), "invalid"),
        (("headers", "0", "name"), "invalid"),
        (("headers", "1", "name"), "invalid"),
        (("headers", "1", "value"), "invalid"),
        (("headers", "2", "value"), "required"),
    ]
