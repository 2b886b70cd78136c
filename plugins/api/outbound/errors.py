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


# Whatever is being done, these say what this machine lacks.
_LACKING = {
    errno.EMFILE: "this process has no file descriptors left",
    errno.ENFILE: "this machine has no file descriptors left",
    errno.ENOMEM: "this machine has no memory left",
    errno.ENOBUFS: "this machine has no buffers left for a connection",
    errno.ENOSPC: "this machine has no space left",
    errno.EADDRNOTAVAIL: "this machine has no free port or no address for a connection",
    errno.ENETDOWN: "the network of this machine is down",
    errno.EAFNOSUPPORT: "this machine does not speak the address family",
}

# And these, where the system says so before a packet has left; later it is a router on the way that does.
_NO_WAY_OUT = {
    errno.ENETUNREACH: "this machine has no route to the network",
    errno.EHOSTUNREACH: "this machine has no route to the host",
    errno.EPERM: "this machine does not let the connection out",
    errno.EACCES: "this machine does not let the connection out",
}

_ALWAYS_OURS = frozenset({*_LACKING, errno.ENETUNREACH})
_EXHAUSTED = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS, errno.ENOSPC})

_TARGET_ERRNOS = {
    errno.ECONNREFUSED: "connection refused",
    errno.ECONNRESET: "connection reset by the other side",
    errno.ECONNABORTED: "connection aborted",
    errno.EPIPE: "connection closed by the other side",
    errno.ETIMEDOUT: "connection timed out",
    errno.ENETUNREACH: "network unreachable",
    errno.EHOSTUNREACH: "host unreachable",
    errno.EHOSTDOWN: "host down",
    errno.EPERM: "connection forbidden on the way",
    errno.EACCES: "connection forbidden on the way",
}


def reason_of(error: OSError) -> str:
    """Say in a few words why the system refused."""
    code = error.errno or 0
    known = _LACKING.get(code) or _NO_WAY_OUT.get(code) or _TARGET_ERRNOS.get(code)
    return known or (error.strerror or type(error).__name__).lower()


def is_exhausted(error: OSError) -> bool:
    """Say whether this machine has nothing left to work with: trying elsewhere cannot help."""
    return error.errno in _EXHAUSTED


def local_reason(error: BaseException) -> str | None:
    """Say what this machine lacks, where the error comes of that; None where it does not."""
    if isinstance(error, OutboundError):
        return error.message if error.local_fault else None
    if isinstance(error, MemoryError):
        return _LACKING[errno.ENOMEM]
    return reason_of(error) if isinstance(error, OSError) and error.errno in _ALWAYS_OURS else None


def connect_error(error: OSError, where: str, *, has_left: bool = False) -> OutboundError:
    """Tell a fault of ours from one of the target, for a connection to `where` that was not made.

    `has_left`: a packet had left when the error came, so that "unreachable" is what the network says.
    """
    code = error.errno or 0
    ours = _LACKING.get(code) or (None if has_left else _NO_WAY_OUT.get(code))
    if ours is not None:
        return LocalFault(f"{ours} ({where})")
    known = _TARGET_ERRNOS.get(code) or (error.strerror or type(error).__name__).lower()
    return ConnectFailed(f"{known} ({where})")


def lost_error(error: OSError) -> OutboundError:
    """Tell a fault of ours from one of the target, for a connection that stood."""
    ours = local_reason(error)
    if ours is not None:
        return LocalFault(ours)
    return ConnectionLost(_TARGET_ERRNOS.get(error.errno or 0) or reason_of(error))


def timed_out(phase: Phase, host: str) -> OutboundError:
    """Return the error for a time that ran out: a name that nobody resolved in time says nothing of the target."""
    if phase is Phase.RESOLVING:
        return ResolverUnavailable(f"no resolver answered in time for {host}")
    return TimedOut(phase)


_MOMENTS = {
    Phase.HANDSHAKING: "during the TLS handshake",
    Phase.WAITING: "before the answer",
    Phase.READING: "in the middle of the answer",
}


def say_when(error: OutboundError, phase: Phase) -> None:
    """Complete the reason of a connection that the system says was lost: what it says does not tell when."""
    if isinstance(error, ConnectionLost) and isinstance(error.__cause__, OSError) and phase in _MOMENTS:
        error.message = f"{error.message} {_MOMENTS[phase]}"
