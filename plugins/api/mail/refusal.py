"""What a mail server's refusal is about: this mail for good, or something that can be put right while it waits."""

from __future__ import annotations

import enum
import re

_FIRST_PERMANENT = 500
# What RFC 5321, 4.2.3 and RFC 7504 say of the mailbox or the message. 530, 535 and 554 are also how a server says
# that we must sign in, or that it does not relay for us.
_OF_THIS_MAIL = frozenset({550, 551, 552, 553, 556})
# The enhanced status code of RFC 3463: first in the text (RFC 2034), or in brackets as older servers write it.
_ENHANCED = re.compile(r"^5\.(\d{1,3})\.(\d{1,3})\b|\(#5\.(\d{1,3})\.(\d{1,3})\)")
# Servers without such codes, Exim for one, say only in words that it is about us.
_ABOUT_US = re.compile(r"relay|sender|authenti|log(?:ged)? ?in", re.IGNORECASE)
# Bad address of the sender: its syntax, its host.
_SENDER_DETAILS = frozenset({7, 8})


class _Subject(enum.IntEnum):
    """What an enhanced status code is about (RFC 3463, 3)."""

    ADDRESS = 1
    MAILBOX = 2
    PROTOCOL = 5
    CONTENT = 6
    POLICY = 7


def is_for_good(code: int, text: str) -> bool:
    """Say whether the answer to a recipient or to a message means that sending it again cannot help.

    Servers refuse at the same moment what is wrong with us: Postfix answers at RCPT that it does not relay, that
    nobody signed in, that the sender is not ours. A policy (5.7.x) may be about either, and counts as passing: a
    mail too often refused costs little, an alert given up is lost.
    """
    if code < _FIRST_PERMANENT:
        return False
    match _enhanced_status(text):
        case (_Subject.ADDRESS, detail):
            return detail not in _SENDER_DETAILS
        case (_Subject.MAILBOX | _Subject.CONTENT, _):
            return True
        case (_Subject.PROTOCOL | _Subject.POLICY, _):
            return False
        case _:
            return code in _OF_THIS_MAIL and not _ABOUT_US.search(text)


def _enhanced_status(text: str) -> tuple[int, int] | None:
    found = _ENHANCED.search(text)
    if found is None:
        return None
    subject, detail = (int(group) for group in found.groups() if group is not None)
    return subject, detail
