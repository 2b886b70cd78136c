"""The kit passes kinds that keep the contract, and names what is wrong with those that do not."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Annotated, Any

import pytest

from tocsin import (
    CheckStatus,
    Config,
    ConformanceCheck,
    ConformanceError,
    DeliveryError,
    Expectation,
    Message,
    Meta,
    Notifier,
    Outcome,
    Probe,
    ProbeContext,
    ProbeMode,
    Receipt,
    Secret,
    SendContext,
    check_notifier,
    check_probe,
    notifier_checks,
    probe_checks,
)


class DoorConfig(Config):
    """A door that must be shut."""

    host: Annotated[str, Meta(min_length=1, description="Where the door is")]
    code: Annotated[Secret, Meta(description="What opens it")]


async def look(_config: DoorConfig, _context: ProbeContext) -> Outcome:
    return Outcome(status=CheckStatus.DOWN, message="the door is open", evidence={"angle": 90})


DOOR = Probe(
    key="door",
    title="Door",
    description="Looks at a door",
    config=DoorConfig,
    check=look,
    target=lambda config: config.host,
)
DOORS = [{"host": "cellar", "code": "open sesame"}]


async def ring(_config: DoorConfig, message: Message, _context: SendContext) -> Receipt:
    if message.check is None:
        raise DeliveryError("nobody hears the bell", permanent=True)
    return Receipt(reference="ding")


BELL = Notifier(
    key="bell",
    title="Bell",
    description="Rings a bell",
    config=DoorConfig,
    send=ring,
    recipients=lambda config: [config.host],
)


@pytest.mark.parametrize("check", probe_checks(DOOR, DOORS), ids=str)
async def test_a_good_probe_passes_each_check(check: ConformanceCheck) -> None:
    await check.run()


@pytest.mark.parametrize("check", notifier_checks(BELL, DOORS), ids=str)
async def test_a_good_notifier_passes_each_check(check: ConformanceCheck) -> None:
    await check.run()


async def test_a_good_passive_probe_passes_on_every_signal() -> None:
    passive = replace(
        DOOR,
        mode=ProbeMode.PASSIVE,
        expect=lambda _config, since: Expectation(due_at=since + timedelta(seconds=60), grace_seconds=5),
        interval_seconds=lambda _config: 60,
    )

    names = [check.name for check in probe_checks(passive, DOORS)]
    await check_probe(passive, DOORS)

    assert "door example 1 on MISSED gives an outcome" in names
    assert "door example 1 knows its deadline" in names


def looking(outcome: Callable[[DoorConfig], Any]) -> Probe[DoorConfig]:
    async def check(config: DoorConfig, _context: ProbeContext) -> Outcome:
        found: Outcome = outcome(config)
        return found

    return replace(DOOR, check=check)


class PinConfig(Config):
    pin: Secret


class DoorsConfig(Config):
    doors: Annotated[tuple[PinConfig, ...], Meta(description="Each with its pin")] = ()


class BoundlessConfig(Config):
    count: int


@pytest.mark.parametrize(
    ("probe", "examples", "complaint"),
    [
        (replace(DOOR, key="Door"), DOORS, "key must be lowerCamelCase"),
        (replace(DOOR, key="unknown"), DOORS, 'the key "unknown" is reserved'),
        (replace(DOOR, title=" "), DOORS, "title is empty"),
        (replace(DOOR, mode=ProbeMode.PASSIVE), DOORS, "expect belongs to PASSIVE kinds"),
        (replace(DOOR, config=BoundlessConfig), [], "count: an int needs bounds"),
        (replace(DOOR, config=PinConfig), [], "a description is missing for pin"),
        (replace(DOOR, config=DoorsConfig), [], "a description is missing for PinConfig.pin"),
        (DOOR, [{"host": "cellar", "code": "short"}], "give the example secrets of 8 characters"),
        (DOOR, [{"host": ""}], "code is required"),
        (replace(DOOR, target=lambda config: config.code), DOORS, "the target must not hold a secret"),
        (replace(DOOR, target=lambda _config: "two\nlines"), DOORS, "the target must be a text of one line"),
        (replace(DOOR, host=lambda config: config.code), DOORS, "the host must not hold a secret"),
        (looking(lambda _config: None), DOORS, "check must return an Outcome, not NoneType"),
        (looking(lambda _config: Outcome(status=CheckStatus.DOWN)), DOORS, "the message must be a text"),
        (
            looking(lambda config: Outcome(status=CheckStatus.UP, evidence={"tried": config.code})),
            DOORS,
            "the outcome must not hold a secret",
        ),
        (
            looking(lambda config: Outcome(status=CheckStatus.UP, facts={"seen": {1, 2}})),
            DOORS,
            "the outcome must be JSON-able",
        ),
        (looking(lambda _config: 1 / 0), DOORS, "gives an outcome: division by zero"),
    ],
)
async def test_a_probe_that_breaks_the_contract_is_told_so(
    probe: Probe[Any], examples: list[dict[str, Any]], complaint: str
) -> None:
    with pytest.raises(ConformanceError, match=complaint):
        await check_probe(probe, examples)


async def test_a_probe_that_will_not_be_cancelled_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("plugins.conformance.checks.PATIENCE_SECONDS", 0.1)
    released, ended = asyncio.Event(), asyncio.Event()

    async def look_stubbornly(_config: DoorConfig, _context: ProbeContext) -> Outcome:
        while not released.is_set():
            with contextlib.suppress(asyncio.CancelledError):
                await released.wait()
        ended.set()
        return Outcome(status=CheckStatus.UP)

    checks = probe_checks(replace(DOOR, check=look_stubbornly), DOORS)
    (check,) = [check for check in checks if check.name.endswith("ends when cancelled")]

    with pytest.raises(ConformanceError, match=r"must end within 0\.1 s of its cancellation"):
        await check.run()

    released.set()
    await ended.wait()


async def send_badly(config: DoorConfig, _message: Message, _context: SendContext) -> Receipt:
    raise DeliveryError(f"refused with {config.code}")


async def send_nothing(_config: DoorConfig, _message: Message, _context: SendContext) -> Any:
    return None


async def send_with_a_bug(_config: DoorConfig, message: Message, _context: SendContext) -> Receipt:
    raise KeyError(message.idempotency_key)


@pytest.mark.parametrize(
    ("notifier", "complaint"),
    [
        (replace(BELL, send=send_badly), "the error's message must not hold a secret"),
        (replace(BELL, send=send_nothing), "send must return a Receipt, not NoneType"),
        (replace(BELL, send=send_with_a_bug), "sends TEST or says why not: 'dlv_conformance'"),
        (replace(BELL, recipients=lambda _config: []), "there must be a recipient"),
        (replace(BELL, recipients=lambda config: [config.code]), "a recipient must not hold a secret"),
        (replace(BELL, recipients=lambda _config: ["a", "a"]), "a recipient must be named once"),
    ],
)
async def test_a_notifier_that_breaks_the_contract_is_told_so(
    notifier: Notifier[Any], complaint: str
) -> None:
    with pytest.raises(ConformanceError, match=complaint):
        await check_notifier(notifier, DOORS)
