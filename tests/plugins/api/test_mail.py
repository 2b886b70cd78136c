"""Handing e-mail to the operator's server: how it is protected, and how it ends."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from email.message import EmailMessage

import pytest
import trustme

from plugins.api.mail import Mailer, MailError, MailSecurity, MailServer, parse_mail_url
from plugins.api.outbound import Outbound
from tests.plugins.mail_server import PASSWORD, USER, MailBox, mail_server


@pytest.fixture
def certified(authority) -> ssl.SSLContext:
    """A server's context whose certificate is for `localhost`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.ca.issue_cert("localhost").configure_cert(context)
    return context


@pytest.fixture
def mailer_to(authority):
    def make(url: str) -> Mailer:
        return Mailer(
            parse_mail_url(url),
            sender="Tocsin <tocsin@status.example>",
            outbound=Outbound(),
            authorities=authority.path,
        )

    return make


def letter() -> EmailMessage:
    mail = EmailMessage()
    mail["Subject"] = "Grüße"
    mail.set_content("One line.\n.\nA dot before.\n")
    return mail


async def hand_over(mailer: Mailer, recipient: str = "ops@example.org", seconds: float = 20) -> None:
    await mailer.send(letter(), recipient=recipient, timeout_seconds=seconds)


async def refused(mailer: Mailer, recipient: str = "ops@example.org", seconds: float = 20) -> MailError:
    with pytest.raises(MailError) as error:
        await hand_over(mailer, recipient, seconds)
    assert "\n" not in error.value.message
    assert PASSWORD not in error.value.message
    return error.value


async def test_starttls_comes_before_the_password(certified, mailer_to) -> None:
    async with mail_server(starttls=certified, needs_sign_in=True) as box:
        await hand_over(mailer_to(box.url(host="localhost", user=USER)))

    received = box.received[0]
    assert (received.over_tls, received.signed_in) == (True, True)
    assert received.text("plain").splitlines() == ["One line.", ".", "A dot before."]


async def test_tls_may_stand_from_the_first_byte(certified, mailer_to) -> None:
    async with mail_server(tls=certified, needs_sign_in=True) as box:
        await hand_over(mailer_to(box.url("smtps", host="localhost", user=USER)))

    assert (box.received[0].over_tls, box.received[0].signed_in) == (True, True)


async def test_a_server_of_this_machine_may_do_without_tls(mailer_to) -> None:
    async with mail_server() as box:
        await hand_over(mailer_to(box.url()))

    assert not box.received[0].over_tls


async def test_a_server_elsewhere_may_not(monkeypatch: pytest.MonkeyPatch, mailer_to) -> None:
    # Loopback is all that a test has; what is said of it decides.
    monkeypatch.setattr("plugins.api.mail.smtp_session._is_loopback", lambda _connection: False)
    async with mail_server(needs_sign_in=True) as box:
        error = await refused(mailer_to(box.url(user=USER)))

    assert "offers no STARTTLS" in error.message
    assert box.received == []


async def test_the_operator_may_do_without_on_purpose(certified, mailer_to) -> None:
    async with mail_server(starttls=certified) as box:
        await hand_over(mailer_to(box.url() + "?starttls=never"))

    assert not box.received[0].over_tls


@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
async def test_a_certificate_for_another_name_is_refused(certified, mailer_to, scheme: str) -> None:
    side = {"starttls": certified} if scheme == "smtp" else {"tls": certified}
    async with mail_server(**side) as box:
        error = await refused(mailer_to(box.url(scheme)))

    assert "certificate is refused" in error.message
    assert not error.permanent
    assert box.received == []


async def test_a_certificate_of_an_unknown_authority_is_refused(mailer_to) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("localhost").configure_cert(context)
    async with mail_server(tls=context) as box:
        error = await refused(mailer_to(box.url("smtps", host="localhost")))

    assert "certificate is refused" in error.message


async def test_a_wrong_password_is_the_operators_to_mend(certified, mailer_to) -> None:
    async with mail_server(starttls=certified, needs_sign_in=True) as box:
        error = await refused(mailer_to(f"smtp://tocsin:wrong@localhost:{box.port}"))

    assert error.message.startswith("the mail server refuses our user and password: 535")
    assert not error.permanent


async def test_nobody_listens(mailer_to) -> None:
    async with mail_server() as box:
        pass
    error = await refused(mailer_to(box.url()))

    assert error.message == "cannot reach the mail server: connection refused"
    assert not error.permanent


async def test_what_does_not_speak_smtp_is_told(serve_stream, mailer_to) -> None:
    async def speak_http(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await writer.drain()

    error = await refused(mailer_to(f"smtp://127.0.0.1:{await serve_stream(speak_http)}"))

    assert error.message.startswith("cannot reach the mail server: ")


async def test_a_silent_server_costs_no_more_than_the_timeout(serve_stream, mailer_to) -> None:
    ended = asyncio.Event()

    async def say_nothing(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            await reader.read()
        ended.set()

    error = await refused(mailer_to(f"smtp://127.0.0.1:{await serve_stream(say_nothing)}"), seconds=0.3)

    assert error.message == "the mail server took longer than 0.3 seconds"
    assert not error.may_be_received
    await asyncio.wait_for(ended.wait(), 20)  # the thread and its connection are gone too


async def test_a_server_silent_after_the_message_may_have_it(mailer_to) -> None:
    async with mail_server() as box:
        box.gate = asyncio.Event()
        error = await refused(mailer_to(box.url()), seconds=2)
        box.gate.set()

    assert error.may_be_received


async def test_whoever_is_cancelled_lets_the_server_go(mailer_to) -> None:
    async with mail_server() as box:
        box.gate = asyncio.Event()
        sending = asyncio.ensure_future(hand_over(mailer_to(box.url())))
        await asyncio.wait_for(box.at_gate.wait(), 20)
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending
        box.gate.set()


async def test_an_address_beyond_ascii_needs_a_server_that_takes_it(mailer_to) -> None:
    async with mail_server() as plain:
        error = await refused(mailer_to(plain.url()), "δοκιμή@example.org")
    assert error.permanent

    async with mail_server(takes_utf8=True) as box:
        await hand_over(mailer_to(box.url()), "δοκιμή@example.org")
        await hand_over(mailer_to(box.url()), "post@bücher.example")
    assert [received.recipients for received in box.received] == [
        ("δοκιμή@example.org",),
        ("post@xn--bcher-kva.example",),
    ]


async def test_many_at_once_are_all_sent(mailer_to) -> None:
    async with mail_server() as box:
        mailer = mailer_to(box.url())
        await asyncio.gather(*(hand_over(mailer, f"n{number}@example.org", 60) for number in range(40)))

    assert len({received.recipients for received in box.received}) == 40


def test_what_greets_is_a_name_or_an_address(mailer_to) -> None:
    async def run() -> MailBox:
        async with mail_server() as box:
            await hand_over(mailer_to(box.url()))
        return box

    greeted = asyncio.run(run()).received[0].greeted_as
    assert greeted == "[127.0.0.1]" or "." in greeted


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("smtps://a:b@mail.example", MailServer(host="mail.example", port=465, security=MailSecurity.TLS, user="a", password="b")),
        ("smtp://mail.example", MailServer(host="mail.example", port=587, security=MailSecurity.STARTTLS)),
        ("smtp://[::1]:2525/", MailServer(host="::1", port=2525, security=MailSecurity.STARTTLS)),
        ("smtp://relay:25?starttls=never", MailServer(host="relay", port=25, security=MailSecurity.NONE)),
        ("smtp://a%40b:c%2Fd%3A@m", MailServer(host="m", port=587, security=MailSecurity.STARTTLS, user="a@b", password="c/d:")),
    ],
)  # fmt: skip
def test_an_address_names_a_server(url: str, server: MailServer) -> None:
    assert parse_mail_url(url) == server


@pytest.mark.parametrize(
    "url",
    ["mail.example", "http://mail.example", "smtp://", "smtp://a@m", "smtp://m:0", "smtp://m:99999", "smtp://m/path",
     "smtp://m?tls=no", "smtps://m?starttls=never", "smtp://m?starttls=maybe", "smtp://ü:p@m"],
)  # fmt: skip
def test_what_names_none_is_refused_without_being_quoted(url: str) -> None:
    with pytest.raises(ValueError, match=r"^(must|has|may)") as error:
        parse_mail_url(url)

    assert "a@m" not in str(error.value)


def test_a_server_never_shows_its_password() -> None:
    assert "hush" not in repr(parse_mail_url("smtp://a:hush@m"))
