"""A real SMTP server on loopback, whose answers tests decide."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import warnings
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

USER, PASSWORD = "tocsin", "p@ss:word/1"


@dataclass(frozen=True, kw_only=True)
class Received:
    """A message, with its envelope and how it came."""

    sender: str
    recipients: tuple[str, ...]
    content: bytes
    over_tls: bool
    signed_in: bool
    greeted_as: str

    @property
    def mail(self) -> EmailMessage:
        parsed = message_from_bytes(self.content, policy=default)
        assert isinstance(parsed, EmailMessage)
        return parsed

    def text(self, kind: str) -> str:
        part = self.mail.get_body((kind,))
        assert part is not None
        return str(part.get_content())


@dataclass
class MailBox:
    """What the server got. `replies` are said instead of its own at MAIL, RCPT and DATA."""

    port: int = 0
    received: list[Received] = field(default_factory=list)
    replies: dict[str, str] = field(default_factory=dict)
    refused: set[str] = field(default_factory=set)  # recipients that it does not know
    gate: asyncio.Event | None = None  # while it is there, the end of DATA waits for it
    at_gate: asyncio.Event = field(default_factory=asyncio.Event)

    def url(self, scheme: str = "smtp", *, host: str = "127.0.0.1", user: str | None = None) -> str:
        credentials = "" if user is None else f"{user}:p%40ss%3Aword%2F1@"
        return f"{scheme}://{credentials}{host}:{self.port}"

    async def handle_EHLO(  # noqa: N802
        self, _server: SMTP, session: Session, _envelope: Envelope, hostname: str, replies: list[str]
    ) -> list[str]:
        session.host_name = hostname
        return replies

    async def handle_MAIL(  # noqa: N802
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if "MAIL" in self.replies:
            return self.replies["MAIL"]
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(  # noqa: N802
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if "RCPT" in self.replies:
            return self.replies["RCPT"]
        if address in self.refused:
            return "550 5.1.1 no such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        if self.gate is not None:
            self.at_gate.set()
            await self.gate.wait()
        if self.replies.get("DATA") == "reset":
            server.transport.abort()
            return "250 nobody hears this"
        if "DATA" in self.replies:
            return self.replies["DATA"]
        self.received.append(
            Received(
                sender=str(envelope.mail_from),
                recipients=tuple(envelope.rcpt_tos),
                content=bytes(envelope.content or b""),
                over_tls=server.transport.get_extra_info("ssl_object") is not None,
                signed_in=bool(session.authenticated),
                greeted_as=str(session.host_name),
            )
        )
        return "250 OK"


def _authenticate(
    _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, data: Any
) -> AuthResult:
    known = LoginPassword(USER.encode(), PASSWORD.encode())
    return AuthResult(success=data == known, handled=False)


@contextlib.asynccontextmanager
async def mail_server(
    *,
    starttls: ssl.SSLContext | None = None,
    tls: ssl.SSLContext | None = None,
    needs_sign_in: bool = False,
    takes_utf8: bool = False,
) -> AsyncIterator[MailBox]:
    """Serve SMTP on a free port: plain, with STARTTLS, or with TLS from the first byte."""
    box = MailBox()
    sessions: list[SMTP] = []

    def protocol() -> SMTP:
        with warnings.catch_warnings():
            # It warns of passwords without STARTTLS, which is what some of these tests are about.
            warnings.simplefilter("ignore", UserWarning)
            server = SMTP(
                box,
                hostname="mail.example",
                tls_context=starttls,
                require_starttls=starttls is not None and needs_sign_in,
                auth_required=needs_sign_in,
                auth_require_tls=starttls is not None,
                authenticator=_authenticate if needs_sign_in else None,
                enable_SMTPUTF8=takes_utf8,
                loop=asyncio.get_running_loop(),
            )
        sessions.append(server)
        return server

    server = await asyncio.get_running_loop().create_server(protocol, "127.0.0.1", 0, ssl=tls)
    box.port = server.sockets[0].getsockname()[1]
    try:
        yield box
    finally:
        server.close()
        for session in sessions:
            if session.transport is not None:
                session.transport.abort()
        await asyncio.sleep(0)
