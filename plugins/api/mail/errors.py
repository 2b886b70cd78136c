"""Why a message was not sent."""

from __future__ import annotations


class MailError(Exception):
    """The mail server did not take the message.

    `permanent`: it refuses this recipient or this message for good, so that sending it again cannot help.
    `may_be_received`: the connection broke after the message was handed over and before the answer.
    `status_code` is the reply code of RFC 5321, where the server gave one.
    """

    def __init__(
        self,
        message: str,
        *,
        permanent: bool = False,
        may_be_received: bool = False,
        status_code: int | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.permanent = permanent
        self.may_be_received = may_be_received
        self.status_code = status_code
