"""E-mail as plugins may send it: through the one mail server that the operator names."""

from plugins.api.mail.address import header_address, require_email_address
from plugins.api.mail.errors import MailError
from plugins.api.mail.mailer import Mailer
from plugins.api.mail.server import MailSecurity, MailServer, parse_mail_url

__all__ = [
    "MailError",
    "MailSecurity",
    "MailServer",
    "Mailer",
    "header_address",
    "parse_mail_url",
    "require_email_address",
]
