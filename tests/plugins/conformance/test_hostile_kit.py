"""The kit of hostile peers passes kinds that survive them, and names what is wrong with those that do not."""

from __future__ import annotations

import asyncio
from typing import Annotated

import pytest

from tocsin import CheckStatus, Config, ConformanceError, Meta, OutboundError, Outcome, Probe, ProbeContext
from tocsin.hostile import CONNECTION_PEERS, HANDSHAKE_PEERS, HOST, WEB_PEERS, HostilePeer, hostile_checks

pytestmark = pytest.mark.usefixtures("no_descriptor_is_left_open")


class PortConfig(Config):
    """A port of this machine."""

    port: Annotated[int, Meta(ge=1, le=65_535, description="The port")]


async def read_greeting(config: PortConfig, context: ProbeContext) -> Outcome:
    try:
        async with await context.outbound.open_stream(HOST, config.port, timeout_seconds=0.4) as stream:
            async with asyncio.timeout(0.4):
                greeting = await stream.receive(100)
    except OutboundError as error:
        return Outcome(status=CheckStatus.DOWN, message=error.message)
    except TimeoutError:
        return Outcome(status=CheckStatus.DOWN, message="timed out while waiting for the greeting")
    return Outcome(status=CheckStatus.UP if greeting else CheckStatus.DOWN, message="no greeting")


async def hang(config: PortConfig, context: ProbeContext) -> Outcome:
    async with await context.outbound.open_stream(HOST, config.port):
        await asyncio.Event().wait()
    raise AssertionError


async def leave_a_task(config: PortConfig, context: ProbeContext) -> Outcome:
    left.append(asyncio.create_task(asyncio.Event().wait()))
    return await read_greeting(config, context)


async def blame_itself(_config: PortConfig, _context: ProbeContext) -> Outcome:
    return Outcome(status=CheckStatus.UNKNOWN, message="no idea")


async def say_two_lines(_config: PortConfig, _context: ProbeContext) -> Outcome:
    return Outcome(status=CheckStatus.DOWN, message="one\ntwo")


left: list[asyncio.Task[object]] = []


def kind(check: object) -> Probe[PortConfig]:
    return Probe(
        key="port",
        title="Port",
        description="Reads a greeting",
        config=PortConfig,
        check=check,  # type: ignore[arg-type]
        target=lambda config: str(config.port),
    )


async def run(check: object, peer: HostilePeer = CONNECTION_PEERS[2]) -> None:
    (only,) = hostile_checks(kind(check), lambda port: {"port": port}, peers=[peer], timeout_seconds=0.5)
    await only.run()


@pytest.mark.parametrize("peer", CONNECTION_PEERS, ids=str)
async def test_a_kind_that_keeps_its_time_survives(peer: HostilePeer) -> None:
    await run(read_greeting, peer)


@pytest.mark.parametrize(
    ("check", "complaint"),
    [
        (leave_a_task, "must leave no task behind"),
        (blame_itself, "a hostile peer is no fault of Tocsin's own side"),
        (say_two_lines, "the message must be a text of one line"),
    ],
)
async def test_a_kind_that_does_not_is_told_why(check: object, complaint: str) -> None:
    with pytest.raises(ConformanceError, match=complaint):
        await run(check)
    while left:
        left.pop().cancel()


async def test_a_kind_that_outstays_its_time_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("plugins.conformance.hostile.survival.PATIENCE_SECONDS", 0.1)

    with pytest.raises(ConformanceError, match=r"must give an outcome within its timeout of 0\.5 s"):
        await run(hang, CONNECTION_PEERS[1])


def test_each_peer_has_a_name_of_its_own() -> None:
    names = [peer.name for peer in (*CONNECTION_PEERS, *HANDSHAKE_PEERS, *WEB_PEERS)]

    assert len(set(names)) == len(names)
