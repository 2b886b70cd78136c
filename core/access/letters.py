"""Letters to single people, and their way to the mail server."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Generic, Protocol, TypeVar

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
class Text:
    """What a letter says. `token` makes its Message-ID, in which it cannot be read."""

    subject: str
    body: str
    token: str = field(repr=False)
    at: datetime


class Letter(Protocol):
    """What is known of a letter before it is written."""

    @property
    def recipient(self) -> str:
        """The address that it goes to."""
        ...


LetterT = TypeVar("LetterT", bound=Letter)


def plain_mail(text: Text, *, recipient: str, sender: str, domain: str, kind: str) -> EmailMessage:
    """Return the e-mail of plain text. `domain` is the sender's, `kind` one word for letters of this kind."""
    mail = EmailMessage(policy=SMTP.clone(cte_type="7bit"))
    mail["From"] = sender
    mail["To"] = header_address(recipient)
    mail["Subject"] = text.subject
    mail["Date"] = format_datetime(text.at)
    mail["Message-ID"] = f"<{kind}.{hashlib.sha256(text.token.encode()).hexdigest()[:32]}@{domain}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Auto-Response-Suppress"] = "All"
    mail.set_content(text.body)
    return mail


def way_in(token: str, page: str | None) -> str:
    """Return how a letter's reader uses its token.

    A page takes it behind a `#`, which browsers keep to themselves; without a page the token itself is shown.
    """
    if page is None:
        return f"Enter this token where you are asked for it:\n\n    {token}\n"
    return f"Follow this link:\n\n{page}#token={token}\n"


class LetterPost(Generic[LetterT]):
    """Sends letters of one kind by and by, so that nobody can tell from the time whether one was sent.

    `write` returns what a letter says.
    """

    def __init__(self, mailer: Mailer, *, kind: str, write: Callable[[LetterT], Text]) -> None:
        self._mailer = mailer
        self._kind = kind
        self._write = write
        self._under_way: set[asyncio.Task[None]] = set()

    def post(self, letter: LetterT) -> None:
        """Begin to send a letter; with too many under way it is dropped, and the log says so."""
        if len(self._under_way) >= _MOST_UNDER_WAY:
            _log.warning(f"{self._kind}.dropped", under_way=len(self._under_way))
            return
        task = asyncio.create_task(self._send(letter))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def _send(self, letter: LetterT) -> None:
        await asyncio.sleep(_BEGINS_AFTER_SECONDS)
        mail = plain_mail(
            self._write(letter),
            recipient=letter.recipient,
            sender=self._mailer.sender,
            domain=self._mailer.sender_domain,
            kind=self._kind,
        )
        for pause_seconds in (*_PAUSES_SECONDS, None):
            try:
                await self._mailer.send(mail, recipient=letter.recipient, timeout_seconds=_TIMEOUT_SECONDS)
            except MailError as error:
                if error.permanent or pause_seconds is None:
                    _log.warning(f"{self._kind}.not_sent", error=str(error))
                    return
                await asyncio.sleep(pause_seconds)
            else:
                return
