"""Whom e-mails go to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated

from plugins.api.config import Config, FieldError, Meta, check_with
from plugins.api.mail import require_email_address
from plugins.api.mail.address import LONGEST_ADDRESS

MOST_RECIPIENTS = 50


def require_email_addresses(addresses: Sequence[str]) -> None:
    """Raise an ExceptionGroup of FieldErrors, one for each address that mail cannot be sent to."""
    faults = list(_faults(addresses))
    if faults:
        raise ExceptionGroup("not e-mail addresses", faults)


def _faults(addresses: Sequence[str]) -> Iterator[FieldError]:
    for place, address in enumerate(addresses):
        try:
            require_email_address(address)
        except FieldError as fault:
            yield FieldError(str(place), fault.message)


class EmailConfig(Config):
    """Whom e-mails go to."""

    emails: Annotated[
        tuple[Annotated[str, Meta(max_length=LONGEST_ADDRESS)], ...],
        Meta(
            min_length=1,
            max_length=MOST_RECIPIENTS,
            description="Addresses; each gets an e-mail of its own",
        ),
        check_with(require_email_addresses),
    ]


def recipients(config: EmailConfig) -> Sequence[str]:
    """Return the addresses, each once: hosts are the same in any case, names before the @ need not be."""
    named = {
        (name, host.lower()): address
        for address in config.emails
        for name, _, host in [address.rpartition("@")]
    }
    return tuple(named.values())
