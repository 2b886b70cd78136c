"""The letter that lets somebody choose another password, and its way to the mail server."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from core.log import get_logger
from plugins.api.mail import Mailer, MailError, header_address

_log = get_logger(__name__)

_MOST_UNDER_WAY = 200
_TIMEOUT_SECONDS = 20.0
# The answer is out by then, so that not even writing the letter can be told from it.
_BEGINS_AFTER_SECONDS = 0.2
# Somebody waits for the letter; by then he has asked again.
_PAUSES_SECONDS = (2.0, 15.0, 60.0)


@dataclass(frozen=True, kw_only=True, slots=True)
class ResetLetter:
    """To whom, with which token, and until when it works."""

    recipient: str
    token: str
    at: datetime
    expires_at: datetime


def reset_mail(
    letter: ResetLetter, *, sender: str, domain: str, server: str, page: str | None
) -> EmailMessage:
    """Return the e-mail. `server` is the address of this Tocsin, `page` that of the page that takes the token.

    The token comes behind a `#`, which browsers keep to themselves. Nothing in the text was chosen by whoever asked.
    """
    mail = EmailMessage(policy=SMTP.clone(cte_type="7bit"))
    mail["From"] = sender
    mail["To"] = header_address(letter.recipient)
    mail["Subject"] = "Choose another password for Tocsin"
    mail["Date"] = format_datetime(letter.at)
    mail["Message-ID"] = f"<reset.{hashlib.sha256(letter.token.encode()).hexdigest()[:32]}@{domain}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Auto-Response-Suppress"] = "All"
    where = (
        f"Enter this token where you asked for it:\n\n    {letter.token}\n"
        if page is None
        else f"Follow this link:\n\n{page}#token={letter.token}\n"
    )
    mail.set_content(
        f"Somebody, you perhaps, asked for another password for your account at {server}.\n\n{where}\n"
        f"It works once, until {letter.expires_at:%H:%M} UTC. Choosing another password ends all sessions.\n"
        "If you did not ask for it, there is nothing to do: your password stays as it is.\n"
    )
    return mail


class ResetPost:
    """Sends letters by and by, so that whoever asked for one cannot tell from the time whether one was sent."""

    def __init__(self, mailer: Mailer, *, server: str, page: str | None) -> None:
        self._mailer = mailer
        self._server = server
        self._page = page
        self._under_way: set[asyncio.Task[None]] = set()

    def post(self, letter: ResetLetter) -> None:
        """Begin to send a letter; with too many under way it is dropped, and the log says so."""
        if len(self._under_way) >= _MOST_UNDER_WAY:
            _log.warning("password_reset.dropped", under_way=len(self._under_way))
            return
        task = asyncio.create_task(self._send(letter))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def _send(self, letter: ResetLetter) -> None:
        await asyncio.sleep(_BEGINS_AFTER_SECONDS)
        mail = reset_mail(
            letter,
            sender=self._mailer.sender,
            domain=self._mailer.sender_domain,
            server=self._server,
            page=self._page,
        )
        for pause_seconds in (*_PAUSES_SECONDS, None):
            try:
                await self._mailer.send(mail, recipient=letter.recipient, timeout_seconds=_TIMEOUT_SECONDS)
            except MailError as error:
                if error.permanent or pause_seconds is None:
                    _log.warning("password_reset.not_sent", error=str(error))
                    return
                await asyncio.sleep(pause_seconds)
            else:
                return
