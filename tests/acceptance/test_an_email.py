"""An outage told by e-mail: one message and one delivery a recipient, threaded, also where one is refused."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.plugins.mail_server import MailBox, mail_server

CREATE_CHANNEL = """
mutation { createChannel(input: {name: "ops", notifier: {email: {emails: ["ann@example.org", "bob@example.org"]}}})
  { channel { id kind config { summary ... on EmailNotifierConfig { emails } } } userErrors { path message } } }
"""
TEST_CHANNEL = "mutation ($id: ID!) { testChannel(input: {id: $id}) { success error statusCode userErrors { message } } }"
CREATE_MONITOR = """
mutation ($url: String!) { createMonitor(input: {name: "the shop", probe: {http: {url: $url}},
  intervalSeconds: 5, timeoutSeconds: 5, confirmation: {recheckSeconds: 1}}) { monitor { id } userErrors { path message } } }
"""
MONITOR = "query ($id: ID!) { monitor(id: $id) { status } }"
DELIVERIES = "query { deliveries(first: 100) { nodes { event status attempts statusCode error recipient } } }"


@pytest.fixture
async def box() -> AsyncIterator[MailBox]:
    async with mail_server() as serving:
        yield serving


@pytest.fixture
def more_settings(box: MailBox) -> dict[str, str]:
    return {"TOCSIN_SMTP_URL": box.url(), "TOCSIN_MAIL_FROM": "Tocsin <tocsin@status.example>"}


async def test_everybody_of_a_channel_gets_a_thread_of_his_own(tocsin, website, until, box) -> None:
    channel = (await tocsin.graphql(CREATE_CHANNEL))["createChannel"]["channel"]
    assert channel["config"]["emails"] == ["ann@example.org", "bob@example.org"]
    trial = (await tocsin.graphql(TEST_CHANNEL, id=channel["id"]))["testChannel"]
    assert trial["success"], trial
    assert sorted(mail.recipients[0] for mail in box.received) == ["ann@example.org", "bob@example.org"]
    box.received.clear()

    created = await tocsin.graphql(CREATE_MONITOR, url=website.url)
    monitor_id = created["createMonitor"]["monitor"]["id"]

    async def is_up() -> bool:
        return (await tocsin.graphql(MONITOR, id=monitor_id))["monitor"]["status"] == "UP"

    await until(is_up, "the first look")
    website.status = 503
    await until(lambda: len(box.received) == 2, "the failure's mails")
    website.status = 200
    await until(lambda: len(box.received) == 4, "the recovery's mails")

    for person in ("ann@example.org", "bob@example.org"):
        down, up = (each.mail for each in box.received if each.recipients == (person,))
        assert (down["To"], up["To"]) == (person, person)
        assert down["Subject"].startswith("the shop is down: ")
        assert up["Subject"].startswith("the shop is up again")
        assert up["In-Reply-To"] == down["Message-ID"]
    await _expect_deliveries(
        tocsin,
        until,
        {
            (event, person, "DELIVERED")
            for event in ("MONITOR_DOWN", "MONITOR_UP")
            for person in ("ann@example.org", "bob@example.org")
        },
    )


async def test_a_refused_recipient_costs_the_other_nothing(tocsin, website, until, box) -> None:
    box.refused.add("ann@example.org")
    await tocsin.graphql(CREATE_CHANNEL)
    website.status = 503
    await tocsin.graphql(CREATE_MONITOR, url=website.url)

    await until(lambda: len(box.received) == 1, "the failure's only mail")
    await _expect_deliveries(
        tocsin,
        until,
        {("MONITOR_DOWN", "ann@example.org", "FAILED"), ("MONITOR_DOWN", "bob@example.org", "DELIVERED")},
    )


async def _expect_deliveries(tocsin, until, expected: set[tuple[str, str, str]]) -> None:
    async def as_expected() -> bool:
        nodes = (await tocsin.graphql(DELIVERIES))["deliveries"]["nodes"]
        return len(nodes) == len(expected) and expected == {
            (node["event"], node["recipient"], node["status"]) for node in nodes
        }

    await until(as_expected, "one delivery for each recipient and event")
