"""Names resolved by a real name server on loopback."""

from __future__ import annotations

import asyncio
import socket
from ipaddress import ip_address
from pathlib import Path

import dns.rcode
import pytest

from plugins.api.outbound import NameNotFound, Resolver, ResolverUnavailable
from plugins.api.outbound.hosts_file import parse_hosts
from plugins.api.outbound.resolver_rules import SystemRules, read_rules
from tests.plugins.conftest import NameServer

pytestmark = pytest.mark.usefixtures("no_descriptor_is_left_open")


def addresses(*texts: str) -> tuple[object, ...]:
    return tuple(ip_address(text) for text in texts)


async def test_addresses_of_both_families_are_found(name_server: NameServer, tmp_path: Path) -> None:
    name_server.records = {
        ("web.test", "A"): ["192.0.2.7", "192.0.2.8"],
        ("web.test", "AAAA"): ["2001:db8::7"],
    }

    found = await name_server.resolver(tmp_path).addresses("Web.Test")

    # Name servers turn the records of one type round.
    assert set(found) == set(addresses("192.0.2.7", "192.0.2.8", "2001:db8::7"))


async def test_an_alias_is_followed(name_server: NameServer, tmp_path: Path) -> None:
    name_server.records = {("host.test", "A"): ["192.0.2.7"]}
    name_server.aliases = {"web.test": "host.test"}

    assert await name_server.resolver(tmp_path).addresses("web.test.") == addresses("192.0.2.7")


async def test_a_name_that_does_not_exist_is_not_found(name_server: NameServer, tmp_path: Path) -> None:
    with pytest.raises(NameNotFound, match=r"^nobody\.test does not exist$") as raised:
        await name_server.resolver(tmp_path).addresses("nobody.test")

    assert not raised.value.local_fault


async def test_a_name_without_an_address_is_told_apart_from_one_that_does_not_exist(
    name_server: NameServer, tmp_path: Path
) -> None:
    name_server.records = {("mail.test", "MX"): ["10 web.test."]}

    with pytest.raises(NameNotFound, match=r"^mail\.test has no address$"):
        await name_server.resolver(tmp_path).addresses("mail.test")


async def test_a_resolver_that_does_not_answer_is_a_fault_of_ours(
    name_server: NameServer, tmp_path: Path
) -> None:
    name_server.records = {("web.test", "A"): None, ("web.test", "AAAA"): None}

    with pytest.raises(ResolverUnavailable, match="no answer from the resolver") as raised:
        await name_server.resolver(tmp_path).addresses("web.test")

    assert raised.value.local_fault
    assert name_server.asked.count(("web.test", "A")) == 2


async def test_a_resolver_that_is_not_there_is_told_at_once(tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]

    async with asyncio.timeout(1):
        with pytest.raises(ResolverUnavailable, match="connection refused"):
            await Resolver(hosts=tmp_path / "none", servers=[("127.0.0.1", port)]).addresses("web.test")


async def test_a_second_resolver_is_asked_where_the_first_does_not_answer(
    name_server: NameServer, tmp_path: Path
) -> None:
    name_server.records = {("web.test", "A"): ["192.0.2.7"]}
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        servers = [("127.0.0.1", silent.getsockname()[1]), ("127.0.0.1", name_server.port)]
        resolver = Resolver(hosts=tmp_path / "none", servers=servers, seconds_a_try=0.1)

        assert await resolver.addresses("web.test") == addresses("192.0.2.7")


async def test_a_broken_zone_is_the_targets_fault_if_the_resolver_works_for_others(
    name_server: NameServer, tmp_path: Path
) -> None:
    name_server.records = {
        ("web.test", "A"): dns.rcode.SERVFAIL,
        ("web.test", "AAAA"): dns.rcode.SERVFAIL,
        (".", "NS"): ["ns.test."],
    }

    with pytest.raises(NameNotFound, match="SERVFAIL"):
        await name_server.resolver(tmp_path).addresses("web.test")


async def test_a_resolver_that_fails_for_every_name_is_a_fault_of_ours(
    name_server: NameServer, tmp_path: Path
) -> None:
    name_server.records = {
        ("web.test", "A"): dns.rcode.SERVFAIL,
        ("web.test", "AAAA"): dns.rcode.SERVFAIL,
        (".", "NS"): dns.rcode.SERVFAIL,
    }

    with pytest.raises(ResolverUnavailable, match="SERVFAIL"):
        await name_server.resolver(tmp_path).addresses("web.test")


async def test_one_family_that_fails_or_is_late_does_not_hide_the_other(
    name_server: NameServer, tmp_path: Path
) -> None:
    name_server.records = {
        ("late.test", "A"): ["192.0.2.7"],
        ("late.test", "AAAA"): None,
        ("broken.test", "A"): ["192.0.2.8"],
        ("broken.test", "AAAA"): dns.rcode.SERVFAIL,
    }
    resolver = name_server.resolver(tmp_path)

    assert await resolver.addresses("late.test") == addresses("192.0.2.7")
    assert await resolver.addresses("broken.test") == addresses("192.0.2.8")


async def test_names_that_are_slow_stall_no_other(name_server: NameServer, tmp_path: Path) -> None:
    slow = [f"slow{number}.test" for number in range(100)]
    name_server.records = {(name, kind): None for name in slow for kind in ("A", "AAAA")}
    name_server.records["quick.test", "A"] = ["192.0.2.7"]
    resolver = name_server.resolver(tmp_path, seconds_a_try=5.0)
    waiting = [asyncio.create_task(resolver.addresses(name)) for name in slow]
    async with asyncio.timeout(4):
        while len(name_server.asked) < len(waiting):
            await asyncio.sleep(0)

    assert await resolver.addresses("quick.test") == addresses("192.0.2.7")
    assert not any(task.done() for task in waiting)
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)


async def test_many_who_ask_for_one_name_share_one_question(name_server: NameServer, tmp_path: Path) -> None:
    name_server.records = {("web.test", "A"): ["192.0.2.7"]}
    resolver = name_server.resolver(tmp_path)

    found = await asyncio.gather(*(resolver.addresses("web.test") for _ in range(20)))

    assert set(found) == {addresses("192.0.2.7")}
    assert name_server.asked.count(("web.test", "A")) == 1


async def test_one_who_stops_waiting_does_not_stop_the_others(
    name_server: NameServer, tmp_path: Path
) -> None:
    name_server.records = {("web.test", "A"): ["192.0.2.7"]}
    resolver = name_server.resolver(tmp_path)
    impatient = asyncio.create_task(resolver.addresses("web.test"))
    patient = asyncio.create_task(resolver.addresses("web.test"))
    await asyncio.sleep(0)
    impatient.cancel()

    assert await patient == addresses("192.0.2.7")
    assert impatient.cancelled()


async def test_an_answer_that_does_not_fit_is_fetched_over_tcp(
    name_server: NameServer, tmp_path: Path
) -> None:
    name_server.records = {("web.test", "A"): [f"192.0.2.{number}" for number in range(1, 200)]}
    name_server.cuts_answers = True

    assert len(await name_server.resolver(tmp_path).addresses("web.test")) == 199


async def test_short_names_are_searched_in_the_systems_domains(
    name_server: NameServer, tmp_path: Path
) -> None:
    name_server.records = {("intranet.corp.test", "A"): ["192.0.2.7"]}
    resolver = name_server.resolver(tmp_path, search=("lab.test", "corp.test"))

    assert await resolver.addresses("intranet") == addresses("192.0.2.7")
    assert [name for name, kind in name_server.asked if kind == "A"] == [
        "intranet.lab.test",
        "intranet.corp.test",
    ]


async def test_a_full_name_is_searched_in_no_domain(name_server: NameServer, tmp_path: Path) -> None:
    name_server.records = {("intranet.corp.test", "A"): ["192.0.2.7"]}

    with pytest.raises(NameNotFound):
        await name_server.resolver(tmp_path, search=("corp.test",)).addresses("intranet.")


async def test_the_hosts_file_comes_first(name_server: NameServer, tmp_path: Path) -> None:
    name_server.records = {("web.test", "A"): ["192.0.2.7"]}
    resolver = name_server.resolver(tmp_path, hosts="10.0.0.1 web.test www # ours\n")

    assert await resolver.addresses("WEB.test") == addresses("10.0.0.1")
    assert name_server.asked == []


async def test_localhost_is_never_asked_of_a_name_server(name_server: NameServer, tmp_path: Path) -> None:
    resolver = name_server.resolver(tmp_path)

    assert await resolver.addresses("localhost") == addresses("127.0.0.1", "::1")
    assert await resolver.addresses("app.localhost") == addresses("127.0.0.1", "::1")
    assert name_server.asked == []


@pytest.mark.parametrize(
    "host",
    ["", ".", "a..b", "-", "a b", "a/b", "x" * 64 + ".test", "%31.test", "\uff11\uff12\uff17.0.0.1", "a\0b"],
)
async def test_what_is_no_host_name_is_never_asked(
    host: str, name_server: NameServer, tmp_path: Path
) -> None:
    with pytest.raises(NameNotFound, match="is not a valid host name"):
        await name_server.resolver(tmp_path).addresses(host)

    assert name_server.asked == []


async def test_a_name_in_other_letters_is_asked_in_its_ascii_form(
    name_server: NameServer, tmp_path: Path
) -> None:
    name_server.records = {("xn--bcher-kva.test", "A"): ["192.0.2.7"]}

    assert await name_server.resolver(tmp_path).addresses("Bücher.test") == addresses("192.0.2.7")


async def test_a_cached_address_is_given_up_when_its_time_is_over(
    name_server: NameServer, tmp_path: Path
) -> None:
    name_server.records, name_server.ttl = {("web.test", "A"): ["192.0.2.7"]}, 0
    resolver = name_server.resolver(tmp_path)
    await resolver.addresses("web.test")
    name_server.records["web.test", "A"] = ["192.0.2.8"]

    assert await resolver.addresses("web.test") == addresses("192.0.2.8")


def test_a_hosts_file_is_read_with_its_comments_aliases_and_faults() -> None:
    names = parse_hosts("127.0.0.1 localhost\n::1\tlocalhost ip6-localhost\n# 1.1.1.1 x\nnonsense y\n\n")

    assert names == {"localhost": addresses("127.0.0.1", "::1"), "ip6-localhost": addresses("::1")}


def test_the_systems_rules_are_read(tmp_path: Path) -> None:
    path = tmp_path / "resolv.conf"
    path.write_text(
        "nameserver 192.0.2.53\nnameserver 2001:db8::53\nsearch corp.test lab.test\noptions ndots:2 timeout:3\n"
    )

    rules = read_rules(path)

    assert [str(server.address) for server in rules.servers] == ["192.0.2.53", "2001:db8::53"]
    assert [domain.to_text() for domain in rules.search] == ["corp.test.", "lab.test."]
    assert rules.seconds_a_try == 3
    assert [name.to_text() for name in rules.candidates("a.b")] == ["a.b.corp.test.", "a.b.lab.test.", "a.b."]
    assert rules.candidates("a.b.c")[0].to_text() == "a.b.c."


def test_without_rules_the_resolver_of_this_machine_is_asked(tmp_path: Path) -> None:
    rules = SystemRules(tmp_path / "none").current()

    assert [str(server) for server in rules.servers] == ["127.0.0.1 port 53"]
