"""The kit for notifiers."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from plugins.api.config import parse
from plugins.api.notifier import (
    DeliveryError,
    Message,
    MessageCheck,
    MessageEvent,
    MessageIncident,
    MessageMonitor,
    Notifier,
    Receipt,
    SendContext,
)
from plugins.api.outbound import Outbound
from plugins.api.outcome import IncidentKind
from plugins.conformance.checks import (
    ConformanceCheck,
    make_check,
    require,
    require_line,
    require_no_secret,
    require_prompt_end,
    run_all,
)
from plugins.conformance.config import Example, config_checks, kind_checks

TIMEOUT_SECONDS = 3.0
MOMENT = datetime(2026, 2, 16, 11, 23, tzinfo=UTC)
HOSTILE_NAME = 'Überwachung "x" <b>&\\ \u2028 🔔 {0} %s $1\r\nBcc: x@example.org'


async def check_notifier(notifier: Notifier[Any], examples: Sequence[Example]) -> None:
    """Run every check of a notifier kind; raise one ConformanceError that tells all failures.

    `examples` are configurations as a client writes them, secrets of at least 8 characters included. Messages
    are sent to each, so their services should be on this machine; whether they answer does not matter.
    """
    await run_all(notifier_checks(notifier, examples))


def notifier_checks(notifier: Notifier[Any], examples: Sequence[Example]) -> list[ConformanceCheck]:
    """Return the checks of a notifier kind, each to be run as a test of its own; see `check_notifier`."""
    return [
        *kind_checks(notifier),
        *config_checks(notifier, examples),
        *_delivery_checks(notifier, examples),
    ]


def _delivery_checks(notifier: Notifier[Any], examples: Sequence[Example]) -> Iterator[ConformanceCheck]:
    for number, example in enumerate(examples, start=1):
        label = f"{notifier.key} example {number}"
        yield make_check(f"{label} names its recipients", _names_its_recipients, notifier, example)
        for event in MessageEvent:
            yield make_check(f"{label} sends {event} or says why not", _sends, notifier, example, event)
        yield make_check(f"{label} ends when cancelled", _ends_when_cancelled, notifier, example)


def _names_its_recipients(notifier: Notifier[Any], example: Example) -> None:
    config = parse(notifier.config, example)
    recipients = notifier.recipients(config)
    require(len(recipients) > 0, "there must be a recipient")
    require(len(set(recipients)) == len(recipients), "a recipient must be named once")
    for recipient in recipients:
        require_line(recipient, "a recipient")
        require_no_secret(recipient, config, "a recipient")


async def _sends(notifier: Notifier[Any], example: Example, event: MessageEvent) -> None:
    config = parse(notifier.config, example)
    for recipient in notifier.recipients(config):
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                receipt = await notifier.send(config, _message(event, recipient), _context())
        except DeliveryError as error:
            require_line(error.message, "the error's message")
            require_no_secret(error.message, config, "the error's message")
        except TimeoutError:
            continue  # the caller tries again
        else:
            require(isinstance(receipt, Receipt), f"send must return a Receipt, not {type(receipt).__name__}")


async def _ends_when_cancelled(notifier: Notifier[Any], example: Example) -> None:
    async def send() -> Receipt:
        config = parse(notifier.config, example)
        recipient = notifier.recipients(config)[0]
        return await notifier.send(config, _message(MessageEvent.MONITOR_DOWN, recipient), _context())

    await require_prompt_end(send(), after_seconds=0.05)


def _context() -> SendContext:
    return SendContext(timeout_seconds=TIMEOUT_SECONDS, outbound=Outbound())


def _message(event: MessageEvent, recipient: str) -> Message:
    is_test = event is MessageEvent.TEST
    return Message(
        event=event,
        idempotency_key="dlv_conformance",
        recipient=recipient,
        at=MOMENT,
        summary=" ".join(f"{HOSTILE_NAME} is down".split()),
        workspace="Conformance",
        monitor=None if is_test else _MONITOR,
        incident=None if is_test else _INCIDENT,
        check=None if is_test else _CHECK,
        link="https://tocsin.example/incidents/inc_conformance",
    )


_MONITOR = MessageMonitor(
    id="mon_conformance",
    name=HOSTILE_NAME,
    kind="http",
    type="WEBSITE",
    target="https://example.org",
    status="DOWN",
)
_INCIDENT = MessageIncident(
    id="inc_conformance",
    number="INC-2026-0042",
    kind=IncidentKind.OUTAGE,
    severity="HIGH",
    started_at=MOMENT,
)
_CHECK = MessageCheck(status_code=503, response_time_ms=12.5, error="answered 503", region="local")
