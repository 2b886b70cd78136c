"""One attempt to deliver a message, and how it ended."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable
from dataclasses import dataclass

from core.deliveries.canonical_json import clean_text
from plugins.api.notifier import DeliveryError, Receipt

LONGEST_ERROR = 500


@dataclass(frozen=True, kw_only=True, slots=True)
class Attempt:
    """How an attempt ended: with a receipt, or with an error."""

    response_time_ms: float
    receipt: Receipt | None = None
    error: DeliveryError | None = None

    @property
    def status_code(self) -> int | None:
        """The status of the answer, where there was one and it had one."""
        said = self.receipt or self.error
        return said.status_code if said is not None else None

    @property
    def may_be_received(self) -> bool:
        """Whether it failed in a way that leaves open whether the recipient got the message."""
        return self.error is not None and self.error.may_be_received

    @property
    def error_text(self) -> str | None:
        """Why the message was not delivered, in one line."""
        return None if self.error is None else clean_text(str(self.error.message))[:LONGEST_ERROR]


async def attempt_delivery(sending: Awaitable[Receipt], *, timeout_seconds: float) -> Attempt:
    """Wait for the sending, for as long as it may take, and return how it ended."""
    began = time.perf_counter()
    try:
        async with asyncio.timeout(timeout_seconds) as deadline:
            receipt = await sending
        return Attempt(response_time_ms=_milliseconds_since(began), receipt=receipt)
    except DeliveryError as error:
        failure = error
    except TimeoutError as error:
        failure = DeliveryError(
            f"no answer within {timeout_seconds:g} seconds" if deadline.expired() else repr(error),
            may_be_received=True,
        )
    except Exception as error:  # A notifier may raise anything; it counts as a passing failure
        failure = DeliveryError(f"{type(error).__name__}: {error}", may_be_received=True)
    return Attempt(response_time_ms=_milliseconds_since(began), error=failure)


def _milliseconds_since(began: float) -> float:
    return (time.perf_counter() - began) * 1000
