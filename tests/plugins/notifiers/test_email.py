"""The notifier that sends e-mail, against a real SMTP server."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator

import pytest

from plugins.api.config import ConfigErrors, parse
from plugins.api.mail import Mailer, parse_mail_url
from plugins.api.notifier import DeliveryError, Message, MessageCheck, SendContext
from plugins.api.outbound import Outbound
from plugins.notifiers.email import EmailConfig, recipients, send
from tests.plugins.mail_server import MailBox, Received, mail_server
from tests.plugins.notifiers.messages import AT, DOWN, TRIAL, UP

CONFIG = parse(EmailConfig, {"emails": ["ops@example.org"]})


@pytest.fixture
async def box() -> AsyncIterator[MailBox]:
    async with mail_server() as serving:
        yield serving


def context_of(box: MailBox | None, *, sender: str = "Tocsin <tocsin@status.example>") -> SendContext:
    server = None if box is None else parse_mail_url(box.url())
    return SendContext(
        timeout_seconds=5, outbound=Outbound(), mailer=Mailer(server, sender=sender, outbound=Outbound())
    )


async def sent(box: MailBox, message: Message) -> Received:
    await send(CONFIG, message, context_of(box))
    return box.received[-1]


async def test_a_failure_arrives_as_text_and_html_for_its_one_recipient(box: MailBox) -> None:
    received = await sent(box, DOWN)

    assert (received.sender, received.recipients) == ("tocsin@status.example", ("ops@example.org",))
    mail = received.mail
    assert mail["From"] == "Tocsin <tocsin@status.example>"
    assert mail["To"] == "ops@example.org"
    assert mail["Subject"] == "Shop is down: HTTP 500 (INC-2026-0001)"
    assert mail["Date"].datetime == AT
    assert mail["Auto-Submitted"] == "auto-generated"
    for kind in ("plain", "html"):
        text = received.text(kind)
        for fact in ("Sun 22 Nov 2026, 03:29:40 UTC", "500", "1,235 ms", "local", "high", "INC-2026-0001"):
            assert fact in text, (kind, fact)
    assert "Acme & Söhne" in received.text("plain")
    assert "Shop <b>" in received.text("plain").splitlines()


async def test_hosts_stand_in_headers_as_the_dns_knows_them(box: MailBox) -> None:
    message = dataclasses.replace(DOWN, recipient="post@bücher.example")
    await send(CONFIG, message, context_of(box, sender='"Söhne, Acme" <tocsin@bücher.example>'))

    # RFC 2047, 5: an encoded word must not stand in an address.
    head = box.received[0].content.partition(b"\r\n\r\n")[0].decode("ascii").splitlines()
    assert "To: post@xn--bcher-kva.example" in head
    assert next(line for line in head if line.startswith("From: ")).endswith(
        " <tocsin@xn--bcher-kva.example>"
    )
    assert box.received[0].mail["From"].addresses[0].display_name == "Söhne, Acme"


async def test_names_cannot_write_html(box: MailBox) -> None:
    html = (await sent(box, DOWN)).text("html")

    assert "Shop &lt;b&gt;" in html
    assert "<b>" not in html
    assert "Acme &amp; Söhne" in html


async def test_a_recovery_says_how_long_it_lasted(box: MailBox) -> None:
    received = await sent(box, UP)

    assert "Up again" in received.text("html")
    assert "5 min" in received.text("plain").split("Lasted:")[1].splitlines()[0]


async def test_a_test_message_needs_no_monitor(box: MailBox) -> None:
    received = await sent(box, TRIAL)

    assert received.mail["Subject"] == "This is a test of the channel Ops"
    assert received.mail["References"] is None


async def test_the_mails_of_an_incident_make_one_thread_for_each_recipient(box: MailBox) -> None:
    context = context_of(box)
    receipt = await send(CONFIG, DOWN, context)
    second = await send(CONFIG, dataclasses.replace(UP, reference=receipt.reference), context)
    await send(CONFIG, dataclasses.replace(DOWN, recipient="eve@example.org"), context)
    down, up, other = (received.mail for received in box.received)

    assert down["Message-ID"] == receipt.reference == "<wd_1@status.example>"
    assert up["Message-ID"] == "<wd_2@status.example>"
    assert up["In-Reply-To"] == down["Message-ID"]
    root = down["References"]
    assert up["References"] == f"{root} {down['Message-ID']}"
    assert second.reference == receipt.reference
    assert other["References"] != root


async def test_a_recovery_whose_failure_was_never_delivered_still_belongs_to_the_thread(box: MailBox) -> None:
    up = (await sent(box, UP)).mail

    assert up["References"] == up["In-Reply-To"] == (await sent(box, DOWN)).mail["References"]


async def test_a_repeated_delivery_has_the_same_message_id(box: MailBox) -> None:
    first, second = await sent(box, DOWN), await sent(box, DOWN)

    assert first.mail["Message-ID"] == second.mail["Message-ID"]


@pytest.mark.parametrize(
    "hostile", ["a\r\nBcc: eve@example.org", "a\nX: y", "a\u2028b\x00\x1b[31m\u202e", "x" * 9999]
)
async def test_nothing_in_a_message_can_write_a_header(box: MailBox, hostile: str) -> None:
    message = dataclasses.replace(
        DOWN,
        summary=hostile,
        workspace=hostile,
        reference=f"<{hostile}@status.example>",
        monitor=dataclasses.replace(DOWN.monitor, name=hostile, target=hostile),
        check=MessageCheck(error=hostile),
    )
    received = await sent(box, message)

    harmless = await sent(box, DOWN)
    assert set(received.mail.keys()) == set(harmless.mail.keys())
    assert received.recipients == ("ops@example.org",)
    assert all(len(line) <= 998 for line in received.content.split(b"\r\n"))
    assert received.content.isascii()
    for line in received.text("plain").splitlines():
        assert not line.startswith(("Bcc:", "X:"))


async def test_without_a_mail_server_it_says_what_is_missing() -> None:
    with pytest.raises(DeliveryError) as refused:
        await send(CONFIG, DOWN, context_of(None))

    assert "TOCSIN_SMTP_URL" in refused.value.message
    assert not refused.value.permanent


@pytest.mark.parametrize(
    ("stage", "reply", "permanent"),
    [
        ("RCPT", "550 5.1.1 no such user", True),
        ("RCPT", "451 4.7.1 greylisted, try again", False),
        ("RCPT", "421 4.3.2 too busy", False),
        ("MAIL", "550 5.7.1 not you", False),
        ("RCPT", "530 5.7.0 Authentication required", False),
        ("RCPT", "553 5.7.1 <tocsin@status.example>: Sender address rejected: not logged in", False),
        ("RCPT", "554 5.7.1 <ops@example.org>: Relay access denied", False),
        ("DATA", "554 5.7.1 Email address is not verified", False),
        ("DATA", "552 5.3.4 message too big", True),
        ("DATA", "452 4.2.2 mailbox full", False),
    ],
)
async def test_permanent_and_passing_refusals_are_told_apart(
    box: MailBox, stage: str, reply: str, permanent: bool
) -> None:
    box.replies[stage] = reply
    with pytest.raises(DeliveryError) as refused:
        await send(CONFIG, DOWN, context_of(box))

    assert refused.value.permanent is permanent
    assert refused.value.status_code == int(reply[:3])
    assert reply in refused.value.message
    assert not refused.value.may_be_received
    assert box.received == []


async def test_a_connection_lost_at_the_end_leaves_open_whether_it_was_received(box: MailBox) -> None:
    box.replies["DATA"] = "reset"
    with pytest.raises(DeliveryError) as refused:
        await send(CONFIG, DOWN, context_of(box))

    assert refused.value.may_be_received
    assert not refused.value.permanent


def test_each_address_is_a_recipient_once() -> None:
    config = parse(EmailConfig, {"emails": ["a@example.org", "b@example.org", "a@EXAMPLE.org"]})

    assert len(recipients(config)) == 2


@pytest.mark.parametrize(
    "address",
    [
        "",
        "ops",
        "ops@",
        "@example.org",
        "a b@example.org",
        "ops@exa mple.org",
        "Ops <ops@example.org>",
        "a@b@c.org",
        "ops@example.org\r\nBcc: eve@example.org",
        "a,b@example.org",
        '"quoted"@example.org',
        "ops@-example.org",
        "ops@example..org",
        ".ops@example.org",
        "x" * 65 + "@example.org",
        "ops@" + "x" * 64 + ".org",
        "ops@[127.0.0.1]",
    ],
)
def test_what_is_no_address_is_refused_at_its_place(address: str) -> None:
    with pytest.raises(ConfigErrors) as refused:
        parse(EmailConfig, {"emails": ["fine@example.org", address]})

    assert [issue.path for issue in refused.value.issues] == [("emails", "1")]


@pytest.mark.parametrize(
    "address",
    [
        "ops@example.org",
        "a.b+c@sub.example.org",
        "o'neil@example.org",
        "tocsin@localhost",
        "post@bücher.example",
        "δοκιμή@example.org",
    ],
)
def test_real_addresses_are_taken(address: str) -> None:
    assert parse(EmailConfig, {"emails": [address]}).emails == (address,)


def test_nobody_is_no_recipient() -> None:
    with pytest.raises(ConfigErrors):
        parse(EmailConfig, {"emails": []})
