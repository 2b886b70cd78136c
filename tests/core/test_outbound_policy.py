"""What is ours is no target: the listener and each address of the database."""

from __future__ import annotations

import dataclasses
import socket

import pytest

from core.outbound_policy import outbound_for
from core.settings import PrivateTargets, Settings, SignUpRule
from plugins.api.outbound import AddressRefused


def settings(**values: object) -> Settings:
    return dataclasses.replace(Settings(), listen_host="192.0.2.1", listen_port=8400, **values)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("url", "target", "port"),
    [
        ("postgresql://me:word@192.0.2.7/tocsin", "192.0.2.7", 5432),
        ("postgresql://me:word@192.0.2.7:5433/tocsin", "::ffff:192.0.2.7", 5433),
        ("postgresql://me@127.0.0.1:5433/tocsin", "127.0.0.1", 5433),
        ("postgresql://me@127.0.0.1:5433/tocsin", "127.0.0.2", 5433),
        ("postgresql://me@localhost/tocsin", "127.0.0.1", 5432),
        ("postgresql://me@[::1]/tocsin", "127.0.0.1", 5432),
        ("postgresql://me@192.0.2.7:5433,192.0.2.8:5434/tocsin", "192.0.2.8", 5434),
    ],
)
async def test_the_database_is_refused_by_each_of_its_addresses(url: str, target: str, port: int) -> None:
    outbound = outbound_for(settings(database_url=url))

    with pytest.raises(AddressRefused, match=f"Tocsin's own at port {port}"):
        await outbound.resolve(target, port)
    assert await outbound.resolve(target, port + 10)


async def test_a_database_of_this_machine_is_refused_by_the_machines_other_addresses() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("198.51.100.1", 9))
        except OSError:
            pytest.skip("this machine has loopback only")
        own = str(probe.getsockname()[0])
    outbound = outbound_for(settings(database_url="postgresql://me@localhost/tocsin"))

    with pytest.raises(AddressRefused, match="Tocsin's own at port 5432"):
        await outbound.resolve(own, 5432)


async def test_the_listener_is_refused() -> None:
    with pytest.raises(AddressRefused, match="Tocsin's own at port 8400"):
        await outbound_for(settings()).resolve("192.0.2.1", 8400)


async def test_a_database_behind_a_socket_of_files_takes_no_address() -> None:
    outbound = outbound_for(settings(database_url="postgresql:///tocsin?host=/run/postgresql"))

    assert await outbound.resolve("127.0.0.1", 5432)


def test_every_server_of_the_database_is_refused() -> None:
    own = Settings(database_url="postgresql://user:secret@one:5433,[2001:db8::2]/name")

    assert outbound_for(own)._policy.own_endpoints == {
        ("127.0.0.1", 8400),
        ("one", 5433),
        ("2001:db8::2", 5432),
    }


@pytest.mark.parametrize(
    ("sign_up", "said", "is_allowed"),
    [
        (SignUpRule.INVITE, None, True),
        (SignUpRule.CLOSED, None, True),
        (SignUpRule.OPEN, None, False),
        (SignUpRule.OPEN, PrivateTargets.ALLOW, True),
        (SignUpRule.INVITE, PrivateTargets.DENY, False),
    ],
)
async def test_private_addresses_are_no_targets_once_strangers_may_sign_up_unless_said(
    sign_up: SignUpRule, said: PrivateTargets | None, is_allowed: bool
) -> None:
    outbound = outbound_for(settings(sign_up=sign_up, private_targets=said))

    if is_allowed:
        assert await outbound.resolve("10.1.2.3", 80)
    else:
        with pytest.raises(AddressRefused):
            await outbound.resolve("10.1.2.3", 80)
