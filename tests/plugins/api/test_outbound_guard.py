"""The guard on its way out: no name, no spelling and no second answer leads to a forbidden address."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import IPv4Address
from pathlib import Path

import httpx
import pytest

from plugins.api.config import ConfigErrors, parse
from plugins.api.outbound import AddressPolicy, AddressRefused, NameNotFound, Outbound, ProtocolFailed
from plugins.probes.http import HttpConfig
from tests.plugins.conftest import NameServer, ServeWeb

pytestmark = pytest.mark.usefixtures("no_descriptor_is_left_open")

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
METADATA = ("169.254.169.254", "fd00:ec2::254", "100.100.100.200", "168.63.129.16")
FORBIDDEN = (
    *METADATA,
    "169.254.7.7",
    "fe80::7",
    "0.0.0.0",
    "0.1.2.3",
    "::",
    "224.0.0.1",
    "ff02::1",
    "255.255.255.255",
    "::ffff:169.254.169.254",
    "64:ff9b::a9fe:a9fe",
    "2002:a9fe:a9fe::1",
)


def record_of(address: str) -> tuple[str, str]:
    return "web.test", "AAAA" if ":" in address else "A"


async def get(outbound: Outbound, url: str) -> httpx.Response:
    return await outbound.request(httpx.Request("GET", url), timeout_seconds=5)


@pytest.mark.parametrize("address", FORBIDDEN)
async def test_a_name_of_a_forbidden_address_is_refused_however_it_is_known(
    address: str, name_server: NameServer, tmp_path: Path
) -> None:
    name_server.records = {record_of(address): [address]}
    name_server.aliases = {"alias.test": "second.test", "second.test": "web.test"}
    outbound = Outbound(resolver=name_server.resolver(tmp_path, hosts=f"{address} pinned.test\n"))

    for name in ("web.test", "WEB.TEST.", "alias.test", "pinned.test"):
        with pytest.raises(AddressRefused, match=r"^target refused: "):
            await outbound.resolve(name, 80)
        with pytest.raises(AddressRefused):
            await get(outbound, f"http://{name}/")


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "10.1.2.3", "192.168.1.1", "fd12::1", "172.20.0.1"])
async def test_a_name_of_a_private_address_follows_the_operators_policy(
    address: str, name_server: NameServer, tmp_path: Path
) -> None:
    name_server.records = {record_of(address): [address]}
    resolver = name_server.resolver(tmp_path)

    assert await Outbound(resolver=resolver).resolve("web.test", 80)
    with pytest.raises(AddressRefused, match="private targets are not allowed here"):
        await Outbound(AddressPolicy(private_targets=False), resolver=resolver).resolve("web.test", 80)


async def test_of_mixed_answers_only_the_allowed_addresses_are_ever_used(
    serve_web: ServeWeb, name_server: NameServer, tmp_path: Path
) -> None:
    web = await serve_web(OK)
    name_server.records = {
        ("web.test", "A"): ["169.254.169.254", "127.0.0.1", "100.100.100.200"],
        ("web.test", "AAAA"): ["fd00:ec2::254", "::ffff:169.254.169.254"],
    }
    outbound = Outbound(resolver=name_server.resolver(tmp_path))

    response = await get(outbound, web.url(host="web.test"))

    assert await outbound.resolve("web.test", web.port) == (IPv4Address("127.0.0.1"),)
    assert response.extensions["address"] == IPv4Address("127.0.0.1")


async def test_the_connection_goes_to_the_address_judged_though_the_name_changes(
    serve_web: ServeWeb, name_server: NameServer, tmp_path: Path
) -> None:
    web = await serve_web(OK)
    name_server.records, name_server.ttl = {("web.test", "A"): ["127.0.0.1"]}, 0
    outbound = Outbound(resolver=name_server.resolver(tmp_path))

    response = await get(outbound, web.url(host="web.test"))
    asked_once = name_server.asked.count(("web.test", "A"))
    name_server.records["web.test", "A"] = ["169.254.169.254"]
    with pytest.raises(AddressRefused, match="cloud metadata address"):
        await get(outbound, web.url(host="web.test"))

    assert response.extensions["address"] == IPv4Address("127.0.0.1")
    assert asked_once == 1
    assert len(web.requests) == 1


OURS = ("127.0.0.1", "::ffff:127.0.0.1", "2130706433", "0x7f.1", "127.1", "db.test", "also.test", "LOCALHOST")


@pytest.mark.parametrize("own", ["127.0.0.1", "::ffff:7f00:1", "localhost", "db.test", "0.0.0.0", "::", ""])
@pytest.mark.parametrize("target", OURS)
async def test_what_is_ours_is_refused_by_each_of_its_names_and_spellings(
    own: str, target: str, serve_web: ServeWeb, name_server: NameServer, tmp_path: Path
) -> None:
    web = await serve_web(OK)
    name_server.records = {("db.test", "A"): ["127.0.0.1"], ("also.test", "AAAA"): ["::ffff:127.0.0.1"]}
    resolver = name_server.resolver(tmp_path, hosts="127.0.0.1 localhost\n")
    outbound = Outbound(AddressPolicy(own_endpoints=frozenset({(own, web.port)})), resolver=resolver)

    with pytest.raises(AddressRefused, match=f"Tocsin's own at port {web.port}"):
        await outbound.open_stream(target, web.port)
    with pytest.raises(AddressRefused):
        await outbound.open_datagram(target, web.port)
    assert web.requests == []


async def test_what_is_ours_on_every_address_is_refused_by_the_wrapped_ones_too() -> None:
    with own_address() as address:
        outbound = Outbound(AddressPolicy(own_endpoints=frozenset({("0.0.0.0", 8400)})))

        for form in (address, f"::ffff:{address}", f"64:ff9b::{address}", str(int(IPv4Address(address)))):
            with pytest.raises(AddressRefused, match="Tocsin's own"):
                await outbound.open_stream(form, 8400)


@contextmanager
def own_address() -> Iterator[str]:
    """The address that packets to the outside would come from; none is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("198.51.100.1", 9))
        except OSError:
            pytest.skip("this machine has loopback only")
        yield str(probe.getsockname()[0])


TRICKS = [
    "http://169.254.169.254@web.test/",
    "http://web.test@169.254.169.254/",
    "http://web.test:80@169.254.169.254/",
    "http://web.test%2f@169.254.169.254/",
    "http://web.test\\@169.254.169.254/",
    "http://169.254.169.254\\@web.test/",
    "http://web.test#@169.254.169.254/",
    "http://web.test?@169.254.169.254/",
    "http:///169.254.169.254/",
    "http:/169.254.169.254/",
    "http:169.254.169.254/",
    "http://169.254.169.254:80:80/",
    "http://[169.254.169.254]/",
    "http://[::ffff:169.254.169.254]/",
    "http://[::ffff:169.254.169.254%25eth0]/",
    "http://[fe80::1%25lo]/",
    "http://169.254.169.254./",
    "http://169.254.169.254%00/",
    "http://169.254.169.254%2e/",
    "http://169%2e254.169.254/",
    "http://\uff11\uff16\uff19.254.169.254/",
    "http://\u2460\u2465\u2468.254.169.254/",
    "http://169\u3002254\u3002169\u3002254/",
    "http://169\uff0e254\uff0e169\uff0e254/",
    "http://0xA9.0xFE.0xA9.0xFE/",
    "http://0251.0376.0251.0376/",
    "http://2852039166/",
    "http://169.16689662/",
    "http://0/",
    "http://0x/",
    "http://0.0.0.0:80/",
    "http://[::]/",
    "http://[::%25lo]/",
    "http://[ff02::1]/",
    "http://169.254.169.254\t/",
    "http://\t169.254.169.254/",
    "http://169.254.\n169.254/",
    "http://ⓛocalhost.169.254.169.254/",
]


@pytest.mark.parametrize("url", TRICKS)
async def test_no_spelling_of_an_address_leads_to_it(
    url: str, name_server: NameServer, tmp_path: Path
) -> None:
    """Whoever reads the address last is the connection: what it reads is what was judged."""
    outbound = Outbound(resolver=name_server.resolver(tmp_path))

    with pytest.raises((AddressRefused, NameNotFound, ProtocolFailed, httpx.InvalidURL)):
        await get(outbound, url)


@pytest.mark.parametrize("url", TRICKS)
async def test_what_a_configuration_accepts_is_the_host_that_is_judged(
    url: str, name_server: NameServer, tmp_path: Path
) -> None:
    try:
        config = parse(HttpConfig, {"url": url})
    except ConfigErrors:
        return
    outbound = Outbound(resolver=name_server.resolver(tmp_path))

    with pytest.raises((AddressRefused, NameNotFound)):
        await get(outbound, config.url.partition("#")[0])
