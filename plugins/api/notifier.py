"""The contract of a notifier kind: a configuration class and one coroutine that delivers one message."""

from __future__ import annotations

import enum
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from plugins.api.config import Config
from plugins.api.mail import Mailer
from plugins.api.outbound import Outbound
from plugins.api.outcome import IncidentKind

ConfigT = TypeVar("ConfigT", bound=Config)


class MessageEvent(enum.StrEnum):
    """Why somebody is told."""

    MONITOR_DOWN = "MONITOR_DOWN"
    MONITOR_UP = "MONITOR_UP"
    DEGRADED = "DEGRADED"
    EXPIRY = "EXPIRY"
    REGRESSION = "REGRESSION"
    RECOVERED = "RECOVERED"
    REMINDER = "REMINDER"
    TEST = "TEST"


class Audience(enum.StrEnum):
    """Who reads the messages of a kind.

    PEOPLE are spared a failure that is over before it was delivered; MACHINES get every message, in order.
    """

    PEOPLE = "PEOPLE"
    MACHINES = "MACHINES"


@dataclass(frozen=True, kw_only=True, slots=True)
class MessageMonitor:
    """The monitor as it was at the moment of the event. `type` is its kind in the StatusApp dialect."""

    id: str
    name: str
    kind: str
    type: str
    target: str
    status: str


@dataclass(frozen=True, kw_only=True, slots=True)
class MessageIncident:
    """The incident as it was at the moment of the event."""

    id: str
    number: str
    kind: IncidentKind
    severity: str
    started_at: datetime
    resolved_at: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class MessageCheck:
    """The check that decided the event."""

    status_code: int | None = None
    response_time_ms: float | None = None
    error: str | None = None
    region: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """One message owed to one recipient.

    `idempotency_key` is the same over all attempts. `reference` is what `send` returned for the first
    message of the same incident to the same recipient; None for the first. A TEST message has neither
    monitor nor incident. `summary` is one line, ready to show.
    """

    event: MessageEvent
    idempotency_key: str
    recipient: str
    at: datetime
    summary: str
    workspace: str
    monitor: MessageMonitor | None = None
    incident: MessageIncident | None = None
    check: MessageCheck | None = None
    reference: str | None = None
    link: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Receipt:
    """What the receiving service said: `reference` is handed to later messages of the incident."""

    reference: str | None = None
    status_code: int | None = None


class DeliveryError(Exception):
    """The message was not delivered.

    `permanent`: sending it again cannot help. `retry_after_seconds`: when the service asked to come back.
    `retry_for_seconds`: for how long it may help, where that is less than the day for which a message is owed.
    `status_code` is only shown: what it means for the message, the notifier alone can say.
    `may_be_received`: the recipient may have got it all the same, as when the connection broke before the answer.
    """

    def __init__(
        self,
        message: str,
        *,
        permanent: bool = False,
        retry_after_seconds: float | None = None,
        retry_for_seconds: float | None = None,
        status_code: int | None = None,
        may_be_received: bool = False,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.permanent = permanent
        self.retry_after_seconds = retry_after_seconds
        self.retry_for_seconds = retry_for_seconds
        self.status_code = status_code
        self.may_be_received = may_be_received


@dataclass(frozen=True, kw_only=True, slots=True)
class SendContext:
    """All that a notifier may use besides its configuration and the message.

    `mailer` sends e-mail through the operator's mail server; None where nothing can be sent.
    """

    timeout_seconds: float
    outbound: Outbound
    mailer: Mailer | None = None


@dataclass(frozen=True, kw_only=True)
class Notifier(Generic[ConfigT]):
    """A kind of notifier.

    `send` delivers one message or raises DeliveryError; anything else it raises is a passing failure.
    `recipients` names whom one event is owed to: a message and a delivery for each.
    """

    key: str
    title: str
    description: str
    config: type[ConfigT]
    send: Callable[[ConfigT, Message, SendContext], Awaitable[Receipt]]
    recipients: Callable[[ConfigT], Sequence[str]]
    audience: Audience = Audience.PEOPLE
