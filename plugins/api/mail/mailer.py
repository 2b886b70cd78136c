"""Hands messages to the operator's mail server."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from email.message import EmailMessage
from email.utils import parseaddr

from plugins.api.mail.address import header_address, wire_address
from plugins.api.mail.errors import MailError
from plugins.api.mail.server import MailServer
from plugins.api.mail.smtp_session import SmtpSession
from plugins.api.outbound import Outbound, OutboundError
from plugins.api.outbound.tls import TlsContexts

# smtplib blocks, so each message under way has a thread.
MOST_AT_ONCE = 16


class Mailer:
    """Sends one message to one recipient at a time, over a connection of its own.

    `sender` is what stands in From: an address, or `Name <address>`; read again, its host is as the DNS knows it.
    `server` is None where the operator named none: then nothing can be sent. The server's name is resolved, and its addresses judged, by `outbound`.
    `authorities` is a file of further certificate authorities to trust (PEM). Serves one event loop.
    """

    def __init__(
        self,
        server: MailServer | None,
        *,
        sender: str,
        outbound: Outbound,
        authorities: str | None = None,
    ) -> None:
        name, address = parseaddr(sender)
        self.sender = str(header_address(address, name=name))
        self._sender_address = wire_address(address)
        self._server = server
        self._outbound = outbound
        self._tls = TlsContexts(authorities, protocols=())
        self._threads = ThreadPoolExecutor(MOST_AT_ONCE, thread_name_prefix="mail")

    @property
    def sender_domain(self) -> str:
        """The host of the sender's address, in which message ids are unique."""
        return self._sender_address.rpartition("@")[2]

    async def send(self, message: EmailMessage, *, recipient: str, timeout_seconds: float) -> None:
        """Hand the message over; the envelope is `sender` and `recipient`, whatever the headers say.

        Raises MailError. What was cut by the caller or by the timeout goes no further.
        """
        if self._server is None:
            raise MailError("no mail server is set up: the operator must set TOCSIN_SMTP_URL")
        session: SmtpSession | None = None
        try:
            async with asyncio.timeout(timeout_seconds):
                session = await self._session(self._server, timeout_seconds)
                await self._deliver(session, message, recipient)
        except TimeoutError:
            raise MailError(
                f"the mail server took longer than {timeout_seconds:g} seconds",
                may_be_received=session is not None and session.may_be_received,
            ) from None
        except OutboundError as error:
            raise MailError(f"cannot reach the mail server: {error.message}") from error

    async def _session(self, server: MailServer, timeout_seconds: float) -> SmtpSession:
        addresses = await self._outbound.resolve(server.host, server.port)
        return SmtpSession(
            server,
            [str(address) for address in addresses],
            tls=self._tls.get(verify=True),
            timeout_seconds=timeout_seconds,
        )

    async def _deliver(self, session: SmtpSession, message: EmailMessage, recipient: str) -> None:
        loop = asyncio.get_running_loop()
        try:
            await loop.run_in_executor(
                self._threads, session.deliver, message, self._sender_address, wire_address(recipient)
            )
        finally:
            session.cut()
