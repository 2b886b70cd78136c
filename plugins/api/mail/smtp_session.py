"""One message over one SMTP connection, in a thread (RFC 5321)."""

from __future__ import annotations

import contextlib
import ipaddress
import smtplib
import socket
import ssl
from collections.abc import Iterator, Sequence
from email.message import EmailMessage
from email.policy import SMTP
from typing import Any

from plugins.api.mail.errors import MailError
from plugins.api.mail.refusal import is_for_good
from plugins.api.mail.server import MailSecurity, MailServer

_SUCCESS = range(200, 300)
_LONGEST_REPLY = 200


class _AtJudgedAddress(smtplib.SMTP):
    """smtplib's client, but connected to an address that was judged, not to whatever the name says now."""

    def __init__(self, server: MailServer, address: str, **options: Any) -> None:
        self._address = address
        super().__init__(server.host, server.port, **options)

    def _get_socket(self, _host: str, port: int, timeout: float) -> socket.socket:
        connection: socket.socket = super()._get_socket(self._address, port, timeout)  # type: ignore[misc]
        return connection


class _OverTls(_AtJudgedAddress, smtplib.SMTP_SSL):
    """The same, with TLS from the first byte."""


class SmtpSession:
    """Delivers one message. `cut` may be called from another thread, at any time, and ends it.

    `addresses` are those of the server, in the order in which they are tried.
    """

    def __init__(
        self, server: MailServer, addresses: Sequence[str], *, tls: ssl.SSLContext, timeout_seconds: float
    ) -> None:
        self._server = server
        self._addresses = addresses
        self._tls = tls
        self._timeout_seconds = timeout_seconds
        self._is_cut = False
        self._is_handed_over = False
        self._handle: socket.socket | None = None

    @property
    def may_be_received(self) -> bool:
        """Whether the server has been given the message, whatever it made of it."""
        return self._is_handed_over

    def deliver(self, message: EmailMessage, sender: str, recipient: str) -> None:
        """Hand the message over; raise MailError.

        Refusals of the recipient and of the message are permanent where they are about these. Whatever else the
        server refuses (us, our password, our sender) is the operator's to mend, and may work later.
        """
        needs_utf8 = not (sender.isascii() and recipient.isascii())
        content = message.as_bytes(policy=SMTP.clone(utf8=needs_utf8, cte_type="7bit"))
        with contextlib.closing(self._connect()) as client:
            self._protect(client)
            self._sign_in(client)
            _address(client, sender, recipient, needs_utf8=needs_utf8)
            self._hand_over(client, content)
            with contextlib.suppress(smtplib.SMTPException, OSError):
                client.quit()

    def cut(self) -> None:
        """End the connection at once; without one, the next step ends the session."""
        self._is_cut = True
        if self._handle is not None:
            with contextlib.suppress(OSError):
                self._handle.shutdown(socket.SHUT_RDWR)
            self._handle.close()

    def _connect(self) -> smtplib.SMTP:
        failures: list[str] = []
        for address in self._addresses:
            try:
                client = self._open(address)
            except (smtplib.SMTPException, OSError) as error:
                failures.append(_reason(error))
            else:
                self._handle = _second_handle(client)
                client.local_hostname = _own_name(self._handle)
                if self._is_cut:
                    self.cut()
                return client
        raise MailError(f"cannot reach the mail server: {failures[-1]}")

    def _open(self, address: str) -> smtplib.SMTP:
        # smtplib would look up this machine's name, for as long as that takes; it is told when it is connected.
        options = {"local_hostname": "localhost", "timeout": self._timeout_seconds}
        if self._server.security is MailSecurity.TLS:
            return _OverTls(self._server, address, context=self._tls, **options)
        return _AtJudgedAddress(self._server, address, **options)

    def _protect(self, client: smtplib.SMTP) -> None:
        with _told("the mail server does not greet back"):
            client.ehlo_or_helo_if_needed()
        if self._server.security is not MailSecurity.STARTTLS:
            return
        if not client.has_extn("starttls"):
            if self._handle is not None and _is_loopback(self._handle):
                return
            raise MailError("the mail server offers no STARTTLS, and nothing is sent to it without")
        with _told("the mail server fails at STARTTLS"):
            client.starttls(context=self._tls)
            client.ehlo_or_helo_if_needed()

    def _sign_in(self, client: smtplib.SMTP) -> None:
        if self._server.user is None or self._server.password is None:
            return
        with _told("the mail server refuses our user and password"):
            client.login(self._server.user, self._server.password)

    def _hand_over(self, client: smtplib.SMTP, content: bytes) -> None:
        self._is_handed_over = True
        reply: tuple[int, bytes | str]
        try:
            reply = client.data(content)
        except smtplib.SMTPDataError as error:
            reply = (error.smtp_code, error.smtp_error)
        except (smtplib.SMTPException, OSError) as error:
            raise MailError(
                f"the connection to the mail server broke while it took the message: {_reason(error)}",
                may_be_received=True,
            ) from error
        _accept("the message", reply, may_be_permanent=True)


def _address(client: smtplib.SMTP, sender: str, recipient: str, *, needs_utf8: bool) -> None:
    if needs_utf8 and not client.has_extn("smtputf8"):
        raise MailError("the mail server takes no address beyond ASCII", permanent=True)
    with _told("the mail server is gone"):
        _accept("our sender", client.mail(sender, ["SMTPUTF8"] if needs_utf8 else []))
        _accept("the recipient", client.rcpt(recipient), may_be_permanent=True)


def _accept(what: str, reply: tuple[int, bytes | str], *, may_be_permanent: bool = False) -> None:
    code, text = reply
    if code in _SUCCESS:
        return
    told = _one_line(text)
    raise MailError(
        f"the mail server refuses {what}: {code} {told}",
        permanent=may_be_permanent and is_for_good(code, told),
        status_code=code,
    )


@contextlib.contextmanager
def _told(what: str) -> Iterator[None]:
    """Turn whatever smtplib raises into a MailError that begins with `what`."""
    try:
        yield
    except (smtplib.SMTPException, OSError) as error:
        code = error.smtp_code if isinstance(error, smtplib.SMTPResponseException) else None
        raise MailError(f"{what}: {_reason(error)}", status_code=code) from error


def _reason(error: Exception) -> str:
    match error:
        case smtplib.SMTPResponseException():
            return f"{error.smtp_code} {_one_line(error.smtp_error)}"
        case ssl.SSLCertVerificationError():
            return f"its certificate is refused: {error.verify_message}"
        case ssl.SSLError():
            return (error.reason or "TLS failed").lower().replace("_", " ")
        case OSError(strerror=str(reason)):
            return reason.lower()
        case _:
            return _one_line(str(error)) or type(error).__name__


def _one_line(text: bytes | str) -> str:
    told = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    return " ".join("".join(c if c.isprintable() else " " for c in told).split())[:_LONGEST_REPLY]


def _second_handle(client: smtplib.SMTP) -> socket.socket:
    """Return a plain socket on the client's connection: a TLS socket must not be shut by another thread."""
    connection = client.sock
    if connection is None:
        raise MailError("the mail server ended the connection")
    return socket.fromfd(connection.fileno(), connection.family, socket.SOCK_STREAM)


def _own_name(connection: socket.socket) -> str:
    """Return what EHLO tells: this machine's full name, else its address as a literal (RFC 5321, 4.1.3)."""
    name = socket.gethostname()
    if "." in name:
        return name
    address = connection.getsockname()[0]
    return f"[IPv6:{address}]" if connection.family == socket.AF_INET6 else f"[{address}]"


def _is_loopback(connection: socket.socket) -> bool:
    return ipaddress.ip_address(connection.getpeername()[0]).is_loopback
