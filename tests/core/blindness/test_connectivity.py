"""Many targets fail at once: a whole worker, real sockets, and canaries that answer or do not."""

from __future__ import annotations

import pytest

from core.blindness import canary_trust, connectivity
from core.blindness.connectivity import NO_CONNECTIVITY
from plugins.api.outcome import CheckStatus
from tests.core.blindness.conftest import Network

UP, DOWN, UNKNOWN = CheckStatus.UP, CheckStatus.DOWN, CheckStatus.UNKNOWN


async def test_more_than_half_fail_and_a_canary_answers_so_all_of_them_are_down_and_told(
    network: Network,
) -> None:
    await network.watch(8)
    async with network.worker():
        await network.until_status(list(network.sites), UP)
        failing = network.shut(6)
        await network.until_status(failing, DOWN)

        async def all_are_told() -> bool:
            return await network.count("deliveries WHERE status = 'DELIVERED'") >= 12

        await network.until(all_are_told)

    assert network.canary.calls > 0
    assert await network.count("incidents") == 6
    assert await network.count("monitor_states WHERE status = 1") == 2
    assert await network.count(f"checks WHERE error = '{NO_CONNECTIVITY}'") == 0


async def test_more_than_half_fail_and_no_canary_answers_so_nothing_is_known_and_nobody_told(
    network: Network,
) -> None:
    await network.watch(8)
    async with network.worker():
        await network.until_status(list(network.sites), UP)
        network.canary.shut()
        failing = network.shut(6)
        await network.until_status(failing, UNKNOWN)

        async def nothing_is_known_of_any() -> bool:
            return await network.count(f"checks WHERE error = '{NO_CONNECTIVITY}'") >= 12

        await network.until(nothing_is_known_of_any)

    assert await network.count("checks WHERE status = 3") == 0
    assert await network.count("incidents") == 0
    assert await network.count("deliveries") == 0
    assert network.receiver.calls == 0


async def test_when_the_network_is_back_all_is_as_before_and_no_late_failure_is_told(
    network: Network,
) -> None:
    await network.watch(6)
    async with network.worker():
        await network.until_status(list(network.sites), UP)
        network.canary.shut()
        failing = network.shut(6)
        await network.until_status(failing, UNKNOWN)
        for host in failing:
            network.sites[host].open()
        network.canary.open()
        await network.until_status(failing, UP)

    assert await network.count("checks WHERE status = 3") == 0
    assert await network.count("incidents") == 0
    assert network.receiver.calls == 0


async def test_when_a_canary_answers_again_what_still_fails_is_down(network: Network) -> None:
    await network.watch(6)
    async with network.worker():
        await network.until_status(list(network.sites), UP)
        network.canary.shut()
        failing = network.shut(6)
        await network.until_status(failing, UNKNOWN)
        assert await network.count("incidents") == 0

        network.canary.open()
        await network.until_status(failing, DOWN)

    assert await network.count("incidents") == 6


async def test_a_lone_failure_is_told_though_no_canary_answers_as_the_others_are_reached(
    network: Network,
) -> None:
    await network.watch(8)
    async with network.worker():
        await network.until_status(list(network.sites), UP)
        network.canary.shut()
        failing = network.shut(1)
        await network.until_status(failing, DOWN)

    assert await network.count("incidents") == 1
    assert await network.count(f"checks WHERE error = '{NO_CONNECTIVITY}'") == 0


async def test_of_fewer_than_five_hosts_all_must_fail_and_a_canary_have_answered_before(
    network: Network,
) -> None:
    await network.watch(3)
    async with network.worker():
        await network.until_status(list(network.sites), UP)
        network.canary.shut()
        failing = network.shut(3)
        await network.until_status(failing, UNKNOWN)
        for host in failing:
            network.sites[host].open()
        network.canary.open()
        await network.until_status(failing, UP)
        await network.until_status(network.shut(3), DOWN)

    assert await network.count(f"checks WHERE error = '{NO_CONNECTIVITY}'") > 0
    assert await network.count("incidents") == 3


async def test_of_fewer_than_five_hosts_one_that_fails_alone_is_down_whatever_the_canaries_say(
    network: Network,
) -> None:
    await network.watch(3)
    async with network.worker():
        await network.until_status(list(network.sites), UP)
        network.canary.shut()
        await network.until_status(network.shut(1), DOWN)
        # Others were reached without them: they say nothing of this network.
        await network.until_status(network.shut(3), DOWN)

    assert await network.count(f"checks WHERE error = '{NO_CONNECTIVITY}'") == 0
    assert await network.count("incidents") == 3


async def test_where_no_canary_ever_answered_fewer_than_five_hosts_are_judged_one_by_one(
    network: Network,
) -> None:
    network.canary.shut()
    await network.watch(4)
    async with network.worker():
        await network.until_status(list(network.sites), UP)
        await network.until_status(network.shut(4), DOWN)

    assert await network.count("incidents") == 4


async def test_a_worker_that_starts_without_a_network_knows_what_was_up_before(network: Network) -> None:
    await network.watch(6)
    async with network.worker():
        await network.until_status(list(network.sites), UP)
    network.canary.shut()
    failing = network.shut(6)
    async with network.worker():
        await network.until_status(failing, UNKNOWN)

        async def nothing_is_known_of_any() -> bool:
            return await network.count(f"checks WHERE error = '{NO_CONNECTIVITY}'") >= 6

        await network.until(nothing_is_known_of_any)

    assert await network.count("checks WHERE status = 3") == 0
    assert await network.count("incidents") == 0


async def test_canaries_that_can_be_reached_no_more_are_missed_no_longer_and_the_only_host_is_told(
    network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connectivity, "ASK_AGAIN_SECONDS", 0.0)
    monkeypatch.setattr(connectivity, "HOLD_SECONDS", 0.1)
    monkeypatch.setattr(canary_trust, "LONGEST_TIMEOUT_SECONDS", 0.5)
    await network.watch(1)
    async with network.worker():
        await network.until_status(list(network.sites), UP)
        network.canary.shut()
        looks = await network.count("checks")

        async def it_is_reached_for_long() -> bool:
            return await network.count("checks") >= looks + 4

        await network.until(it_is_reached_for_long)
        await network.until_status(network.shut(1), DOWN)

    assert await network.count(f"checks WHERE error = '{NO_CONNECTIVITY}'") == 0
    assert await network.count("incidents") == 1
