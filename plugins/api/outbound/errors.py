"""What can go wrong on the way out, as one tree.

OutboundError
├── AddressRefused         the operator's policy forbids the address
├── NameNotFound           the name does not exist, or has no address
├── ResolverUnavailable    no resolver answered: a fault of ours
├── LocalFault             no descriptors, no memory, no network: a fault of ours
├── ConnectFailed          nobody answered at the address
├── ConnectionLost         the connection ended before its time
├── TlsFailed              the handshake or the certificate was refused
├── ProtocolFailed         what came back breaks the protocol
└── TimedOut               the time ran out; `phase` says during what
"""

from __future__ import annotations

import enum
import errno
from typing import ClassVar

from plugins.api.outcome import RootCause


class Phase(enum.StrEnum):
    """What an exchange is doing; the value completes the sentence "timed out while …"."""

    RESOLVING = "resolving the name"
    CONNECTING = "connecting"
    HANDSHAKING = "in the TLS handshake"
    WAITING = "waiting for the answer"
    READING = "reading the answer"

    @property
    def is_after_sending(self) -> bool:
        """Whether the other side may have got the request."""
        return self in (Phase.WAITING, Phase.READING)


class OutboundError(Exception):
    """The target could not be reached or understood.

    `message` is one line for people. `local_fault`: Tocsin itself could not look, so nothing is known
    of the target. `may_be_received`: an HTTP request was being sent already, so the target may have got
    it; what becomes of bytes on a stream, only who sent them can tell.
    """

    root_cause: ClassVar[RootCause] = RootCause.UNKNOWN
    local_fault: ClassVar[bool] = False

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message
        self.may_be_received = False


class AddressRefused(OutboundError):
    """The operator's policy forbids the address; no packet was sent to it."""

    root_cause = RootCause.CONFIGURATION_ERROR


class NameNotFound(OutboundError):
    """The name does not exist, has no address, or its zone is broken."""

    root_cause = RootCause.DNS_FAILURE


class ResolverUnavailable(OutboundError):
    """No resolver answered, so whether the name exists is not known."""

    root_cause = RootCause.DNS_FAILURE
    local_fault = True


class LocalFault(OutboundError):
    """This machine lacks descriptors, memory, ports or a network."""

    root_cause = RootCause.INFRASTRUCTURE
    local_fault = True


class ConnectFailed(OutboundError):
    """Nobody accepted the connection."""

    root_cause = RootCause.INFRASTRUCTURE


class ConnectionLost(OutboundError):
    """The other side ended the connection before its time."""

    root_cause = RootCause.SERVER_ERROR


class TlsFailed(OutboundError):
    """The TLS handshake failed or the certificate was not accepted."""

    root_cause = RootCause.SSL_CERTIFICATE


class ProtocolFailed(OutboundError):
    """What came back breaks the protocol."""

    root_cause = RootCause.SERVER_ERROR


class TimedOut(OutboundError):
    """The time ran out during `phase`."""

    root_cause = RootCause.NETWORK_TIMEOUT

    def __init__(self, phase: Phase) -> None:
        super().__init__(
            f"timed out while {phase}" if phase is not Phase.HANDSHAKING else f"timed out {phase}"
        )
        self.phase = phase


_LOCAL_ERRNOS = {
    errno.EMFILE: "this process has no file descriptors left",
    errno.ENFILE: "this machine has no file descriptors left",
    errno.ENOMEM: "this machine has no memory left for a connection",
    errno.ENOBUFS: "this machine has no buffers left for a connection",
    errno.EADDRNOTAVAIL: "this machine has no free port left for a connection",
    errno.ENETUNREACH: "this machine has no route to the network",
    errno.ENETDOWN: "the network of this machine is down",
    errno.EAFNOSUPPORT: "this machine does not speak the address family",
    errno.EPERM: "this machine does not let the connection out",
    errno.EACCES: "this machine does not let the connection out",
}

_TARGET_ERRNOS = {
    errno.ECONNREFUSED: "connection refused",
    errno.ECONNRESET: "connection reset by the other side",
    errno.ECONNABORTED: "connection aborted",
    errno.EPIPE: "connection closed by the other side",
    errno.ETIMEDOUT: "connection timed out",
    errno.EHOSTUNREACH: "host unreachable",
    errno.EHOSTDOWN: "host down",
}


def reason_of(error: OSError) -> str:
    """Say in a few words why the system refused."""
    known = _LOCAL_ERRNOS.get(error.errno or 0) or _TARGET_ERRNOS.get(error.errno or 0)
    return known or (error.strerror or type(error).__name__).lower()


def connect_error(error: OSError, where: str) -> OutboundError:
    """Tell a fault of ours from one of the target, for a connection to `where` that was not made."""
    if error.errno in _LOCAL_ERRNOS:
        return LocalFault(f"{reason_of(error)} ({where})")
    return ConnectFailed(f"{reason_of(error)} ({where})")


def lost_error(error: OSError) -> OutboundError:
    """Tell a fault of ours from one of the target, for a connection that stood."""
    if error.errno in _LOCAL_ERRNOS:
        return LocalFault(reason_of(error))
    return ConnectionLost(reason_of(error))


def timed_out(phase: Phase, host: str) -> OutboundError:
    """Return the error for a time that ran out: a name that nobody resolved in time says nothing of the target."""
    if phase is Phase.RESOLVING:
        return ResolverUnavailable(f"no resolver answered in time for {host}")
    return TimedOut(phase)
