"""A check of the kit, and what several of them need."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from dataclasses import dataclass
from typing import Any

from plugins.api.config import Config, secret_values

SHORTEST_SECRET = 8
PATIENCE_SECONDS = 5.0


class ConformanceError(AssertionError):
    """A kind breaks a rule of the contract."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ConformanceCheck:
    """One rule, applied to one kind or to one of its examples; `run` raises ConformanceError."""

    name: str
    run: Callable[[], Awaitable[None]]

    def __str__(self) -> str:
        """Name the check, as a test's id."""
        return self.name


def make_check(name: str, rule: Callable[..., Any], *arguments: Any) -> ConformanceCheck:
    """Return a check of a rule, which is a function or a coroutine function of the arguments."""

    async def run() -> None:
        outcome = rule(*arguments)
        if asyncio.iscoroutine(outcome):
            await outcome

    return ConformanceCheck(name=name, run=run)


async def run_all(checks: Iterable[ConformanceCheck]) -> None:
    """Run the checks; raise one ConformanceError that tells every failure."""
    failures = []
    for check in checks:
        try:
            await check.run()
        except Exception as error:  # whatever a kind raises is told with the others
            failures.append(f"{check.name}: {error or type(error).__name__}")
    if failures:
        raise ConformanceError("\n".join(failures))


def require(holds: bool, rule: str) -> None:
    """Raise ConformanceError unless the rule holds."""
    if not holds:
        raise ConformanceError(rule)


def require_json(value: object, what: str) -> None:
    """Raise ConformanceError unless the value can be written as strict JSON."""
    try:
        json.dumps(value, allow_nan=False).encode()
    except (TypeError, ValueError) as error:
        raise ConformanceError(f"{what} must be JSON-able: {error}") from error


def require_line(text: object, what: str) -> None:
    """Raise ConformanceError unless the value is a text of one line."""
    is_line = isinstance(text, str) and bool(text.strip()) and len(text.splitlines()) == 1
    require(is_line, f"{what} must be a text of one line, not {text!r}")


def require_no_secret(shown: object, config: Config, what: str) -> None:
    """Raise ConformanceError if what is shown holds one of the configuration's secrets."""
    text = shown if isinstance(shown, str) else json.dumps(shown, ensure_ascii=False, default=str)
    leaked = [secret for secret in secret_values(config) if secret in text]
    require(not leaked, f"{what} must not hold a secret")


async def require_prompt_end(work: Coroutine[Any, Any, Any], *, after_seconds: float) -> None:
    """Cancel the coroutine as a deadline does; raise ConformanceError if it does not end promptly."""
    task = asyncio.ensure_future(work)
    await asyncio.wait([task], timeout=after_seconds)
    task.cancel()
    done, _ = await asyncio.wait([task], timeout=PATIENCE_SECONDS)
    require(bool(done), f"must end within {PATIENCE_SECONDS:g} s of its cancellation")
    if not task.cancelled():
        task.exception()
