"""E-mail that a server refuses is sent again or given up by what the refusal means in SMTP, not in HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from core.clock import ManualClock
from core.db.database import Database
from core.plugin_registry import registry_of
from plugins.api.mail import Mailer, parse_mail_url
from plugins.notifiers import email
from tests.core.alerting.world import Gear, World
from tests.plugins.mail_server import MailBox, mail_server


@pytest.fixture
async def box() -> AsyncIterator[MailBox]:
    async with mail_server() as serving:
        yield serving


@pytest.fixture
async def mailing(database: Database, clock: ManualClock, box: MailBox) -> World:
    """A workspace that tells ann@example.org of its monitor's failures."""
    world = World(database, clock, registry_of(Gear(), email))
    await world.build()
    mailer = Mailer(parse_mail_url(box.url()), sender="tocsin@status.example", outbound=world.outbound)
    world.dispatcher = world.new_dispatcher(mailer=mailer)
    await world.add_channel("email", {"emails": ["ann@example.org"]})
    return world


@pytest.mark.parametrize(
    ("stage", "reply"),
    [
        ("RCPT", "422 4.2.2 mailbox full"),
        ("RCPT", "410 4.0.0 not now"),
        ("RCPT", "554 5.7.1 <ann@example.org>: Relay access denied"),
        ("MAIL", "550 5.7.1 not you"),
    ],
)
async def test_what_may_pass_is_sent_again_for_a_day(
    mailing: World, box: MailBox, stage: str, reply: str
) -> None:
    box.replies[stage] = reply
    await mailing.fail()
    await mailing.tell()
    mailing.advance(23 * 3600)
    await mailing.send()
    assert (await mailing.deliveries())[0][2:] == ("PENDING", 2)

    box.replies.clear()
    mailing.advance(3600)
    await mailing.send()

    assert await mailing.deliveries() == [("MONITOR_DOWN", "ann@example.org", "DELIVERED", 3)]


async def test_a_recipient_that_does_not_exist_is_given_up_at_once(mailing: World, box: MailBox) -> None:
    box.refused.add("ann@example.org")
    await mailing.fail()
    await mailing.tell()

    assert await mailing.deliveries() == [("MONITOR_DOWN", "ann@example.org", "FAILED", 1)]
