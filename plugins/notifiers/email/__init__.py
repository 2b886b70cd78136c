"""Sends each message as an e-mail, to one recipient at a time."""

from __future__ import annotations

from collections.abc import Sequence

from plugins.api.hookspecs import hookimpl
from plugins.api.mail import MailError
from plugins.api.notifier import DeliveryError, Message, Notifier, Receipt, SendContext
from plugins.notifiers.email.config import EmailConfig, recipients
from plugins.notifiers.email.letter import letter, message_id


async def send(_config: EmailConfig, message: Message, context: SendContext) -> Receipt:
    """Hand one e-mail to the operator's mail server; raise DeliveryError if it does not take it.

    The receipt's reference is the Message-ID, to which later e-mails of the incident reply.
    """
    mailer = context.mailer
    if mailer is None:
        raise DeliveryError("this process has no way to send e-mail")
    mail = letter(message, sender=mailer.sender, domain=mailer.sender_domain)
    try:
        await mailer.send(mail, recipient=message.recipient, timeout_seconds=context.timeout_seconds)
    except MailError as error:
        raise DeliveryError(
            error.message,
            permanent=error.permanent,
            may_be_received=error.may_be_received,
            status_code=error.status_code,
        ) from error
    return Receipt(reference=message.reference or message_id(message, mailer.sender_domain))


@hookimpl
def register_notifiers() -> Sequence[Notifier[EmailConfig]]:
    """Register the kind."""
    return (
        Notifier(
            key="email",
            title="E-mail",
            description="Sends an e-mail to each address of a list",
            config=EmailConfig,
            send=send,
            recipients=recipients,
        ),
    )
