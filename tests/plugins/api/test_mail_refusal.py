"""Which refusals of a mail server are about the mail, in the words of servers in use."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.api.mail.refusal import is_for_good


@pytest.mark.parametrize(
    "reply",
    [
        "550 5.1.1 <ann@example.org>: Recipient address rejected: User unknown in local recipient table",
        "550 5.1.2 <ann@example.org>: Recipient address rejected: Domain not found",
        "550 No Such User Here",
        "550 Unrouteable address",
        "550 5.4.1 Recipient address rejected: Access denied",
        "554 5.1.1 this user does not have an account here",
        "552 5.2.2 Mailbox full",
        "553 mailbox name not allowed",
        "556 5.1.10 domain does not accept mail",
        "552 5.3.4 Message size exceeds fixed limit",
        "554 5.6.0 Message content rejected",
    ],
)
def test_what_is_about_the_recipient_or_the_message_is_for_good(reply: str) -> None:
    assert is_for_good(int(reply[:3]), reply[4:])


@pytest.mark.parametrize(
    "reply",
    [
        "530 5.7.0 Must issue a STARTTLS command first",
        "530 Authentication required",
        "535 5.7.8 Error: authentication failed",
        "550 5.1.8 <tocsin@status.example>: Sender address rejected: Domain not found",
        "550 5.1.7 <tocsin@status.example>: Sender address rejected: undeliverable address",
        "550 5.7.1 Unable to relay",
        "550 5.7.26 unauthenticated email from status.example is not accepted",
        "553 sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)",
        "554 5.7.1 <ann@example.org>: Relay access denied",
        "554 relay access denied",
        "550 relay not permitted",
        "550 Sender verify failed",
        "553 not logged in",
        "554 Message rejected: Email address is not verified",
        "504 5.5.2 <tocsin>: Helo command rejected: need fully-qualified hostname",
        "503 5.5.1 Error: need MAIL command",
        "500 5.5.1 command unrecognized",
    ],
)
def test_what_may_be_about_us_is_not(reply: str) -> None:
    assert not is_for_good(int(reply[:3]), reply[4:])


@given(st.integers(300, 499), st.text())
def test_what_the_server_itself_calls_passing_is_passing(code: int, text: str) -> None:
    assert not is_for_good(code, text)


@given(st.integers(500, 599), st.text(alphabet="(#).5 0123456789x", max_size=12))
def test_no_text_breaks_the_rule(code: int, text: str) -> None:
    assert is_for_good(code, text) in (True, False)
