"""The operator's mail server, from the settings, for whatever sends e-mail."""

from __future__ import annotations

from core.settings import Settings
from plugins.api.mail import Mailer, parse_mail_url
from plugins.api.outbound import AddressPolicy, Outbound


def mailer_for(settings: Settings) -> Mailer:
    """Return what sends e-mail; without TOCSIN_SMTP_URL it says so whenever it is asked to.

    The server is the operator's own choice and may be a private address, whatever targets may be.
    """
    return Mailer(
        None if settings.smtp_url is None else parse_mail_url(settings.smtp_url),
        sender=settings.mail_from,
        outbound=Outbound(AddressPolicy(private_targets=True)),
    )
