"""The guard: every form of an address is judged by what it stands for."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.api.outbound import AddressPolicy, MalformedAddress, judge, literal_address

ALLOW = AddressPolicy()
DENY = AddressPolicy(private_targets=False)

METADATA = "169.254.169.254"
METADATA_AS_NUMBER = int(IPv4Address(METADATA))


def refusal(host: str, policy: AddressPolicy = ALLOW, port: int = 80) -> str | None:
    address = literal_address(host)
    assert address is not None
    return judge(address, port, policy)


@pytest.mark.parametrize(
    "host",
    [
        "169.254.169.254",
        "169.254.169.254.",
        "2852039166",
        "0xa9fea9fe",
        "0XA9FEA9FE",
        "025177524776",
        "0251.0376.0251.0376",
        "0xa9.0xfe.0xa9.0xfe",
        "169.16689662",
        "169.254.43518",
        "169.254.0xa9fe",
        "[::ffff:169.254.169.254]",
        "::ffff:169.254.169.254",
        "::ffff:a9fe:a9fe",
        "::ffff:0:a9fe:a9fe",
        "::a9fe:a9fe",
        "64:ff9b::a9fe:a9fe",
        "64:ff9b:1::a9fe:a9fe",
        "64:ff9b:1:a9fe:a9:fe00::",
        "2002:a9fe:a9fe::1",
        "2001:0:a9fe:a9fe::1",
        "2001:0:4136:e378:8000:63bf:5601:5601",
        "fe80::5efe:a9fe:a9fe",
        "2606:4700::200:5efe:a9fe:a9fe",
        "::ffff:169.254.169.254%eth0",
        "fd00:ec2::254",
        "fd00:ec2::254%eth0",
        "100.100.100.200",
        "168.63.129.16",
        "fd20:ce::254",
    ],
)
def test_a_metadata_address_is_refused_in_every_form(host: str) -> None:
    reason = refusal(host)

    assert reason is not None
    assert "cloud metadata address" in reason or "link-local" in reason


@pytest.mark.parametrize(
    ("host", "reason"),
    [
        ("169.254.1.1", "a link-local address"),
        ("fe80::1", "a link-local address"),
        ("fe80::1%eth0", "a link-local address"),
        ("febf::1", "a link-local address"),
        ("0.0.0.0", "no address of a host"),
        ("0", "no address of a host"),
        ("0.1.2.3", "no address of a host"),
        ("::", "no address of a host"),
        ("::ffff:0.0.0.0", "no address of a host"),
        ("255.255.255.255", "no address of a host"),
        ("224.0.0.1", "a multicast address"),
        ("239.255.255.255", "a multicast address"),
        ("ff02::1", "a multicast address"),
    ],
)
def test_what_is_no_host_is_always_refused(host: str, reason: str) -> None:
    assert reason in (refusal(host) or "")
    assert reason in (refusal(host, DENY) or "")


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f.1",
        "0177.0.0.1",
        "127.255.255.254",
        "::1",
        "::ffff:127.0.0.1",
        "10.0.0.1",
        "172.16.0.1",
        "172.31.255.255",
        "192.168.1.1",
        "100.64.0.1",
        "198.18.0.1",
        "192.0.2.1",
        "240.0.0.1",
        "fc00::1",
        "fd12:3456::1",
        "fec0::1",
        "2001:db8::1",
        "64:ff9b::10.0.0.1",
        "2002:0a00:0001::1",
    ],
)
def test_what_is_not_public_follows_the_operators_policy(host: str) -> None:
    assert refusal(host, ALLOW) is None
    assert "private targets are not allowed" in (refusal(host, DENY) or "")


@pytest.mark.parametrize(
    "host", ["8.8.8.8", "1.1.1.1", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8"]
)
def test_a_public_address_is_allowed_by_either_policy(host: str) -> None:
    assert refusal(host, ALLOW) is None
    assert refusal(host, DENY) is None


def test_the_reason_names_what_an_address_stands_for() -> None:
    reason = refusal("64:ff9b::a9fe:a9fe")

    assert reason == "64:ff9b::a9fe:a9fe stands for 169.254.169.254, a cloud metadata address"


@pytest.mark.parametrize(
    ("own", "host", "is_refused"),
    [
        (("127.0.0.1", 8400), "127.0.0.1", True),
        (("127.0.0.1", 8400), "::ffff:127.0.0.1", True),
        (("::1", 8400), "::1", True),
        (("127.0.0.1", 8400), "127.0.0.2", False),
        (("127.0.0.1", 8401), "127.0.0.1", False),
        (("0.0.0.0", 8400), "127.0.0.2", True),
        (("::", 8400), "::1", True),
        (("0.0.0.0", 8400), "10.0.0.1", False),
        (("10.0.0.5", 8400), "10.0.0.5", True),
        (("256.1", 8400), "10.0.0.5", False),  # nobody is there
        (("::ffff:10.0.0.5", 8400), "10.0.0.5", True),
    ],
)
def test_our_own_listener_is_refused_at_its_port(own: tuple[str, int], host: str, is_refused: bool) -> None:
    policy = AddressPolicy(own_endpoints=frozenset({own}))

    assert (refusal(host, policy, port=8400) is not None) == is_refused


@pytest.mark.parametrize("host", ["example.com", "1e100.net", "a.b.c", "localhost", "x.0y"])
def test_a_name_is_no_address(host: str) -> None:
    assert literal_address(host) is None


@pytest.mark.parametrize(
    "host",
    [
        "256.1.1.1",
        "1.2.3.4.5",
        "08.1.1.1",
        "4294967296",
        "a.1",
        "1..2",
        "1:2:3",
        "9" * 5000,
        ":::",
        "x" * 600,
    ],
)
def test_a_host_that_only_looks_like_an_address_is_refused(host: str) -> None:
    with pytest.raises(MalformedAddress):
        literal_address(host)


def wrapped(address: IPv4Address, around: int) -> dict[str, IPv6Address]:
    """Every form in which IPv6 holds the IPv4 address; `around` fills the bits that the form leaves free."""
    number, low, high = int(address), around & 0xFFFFFFFF, around & 0xFFFF
    forms = {
        "v4-mapped": 0xFFFF << 32 | number,
        "v4-translated": 0xFFFF << 48 | number,
        "NAT64": 0x64FF9B << 96 | number,
        "local NAT64, /48": 0x64FF9B0001 << 80 | number >> 16 << 64 | (number & 0xFFFF) << 40 | around & 0xFF,
        "local NAT64, /56": 0x64FF9B0001 << 80
        | (high & 0xFF) << 72
        | number >> 24 << 64
        | (number & 0xFFFFFF) << 32,
        "local NAT64, /64": 0x64FF9B0001 << 80 | high << 64 | number << 24,
        "local NAT64, /96": 0x64FF9B0001 << 80 | number,
        "6to4": 0x2002 << 112 | number << 80 | around & (1 << 80) - 1,
        "Teredo client": 0x20010000 << 96 | low << 64 | number ^ 0xFFFFFFFF,
        "Teredo server": 0x20010000 << 96 | number << 64 | low,
        "ISATAP": 0x26064700 << 96 | high << 64 | 0x5EFE << 32 | number,
        "ISATAP, universal": 0x26064700 << 96 | high << 64 | 0x2005EFE << 32 | number,
    }
    # ::/96 below 2 is "no address" and our own machine.
    return {name: IPv6Address(value) for name, value in forms.items()} | (
        {"v4-compatible": IPv6Address(number)} if number > 1 else {}
    )


@given(
    st.one_of(
        st.ip_addresses(v=4, network="169.254.0.0/16"),
        st.ip_addresses(v=4, network="224.0.0.0/4"),
        st.ip_addresses(v=4, network="10.0.0.0/8"),
        st.ip_addresses(v=4, network="127.0.0.0/8"),
        st.sampled_from([IPv4Address("100.100.100.200"), IPv4Address("168.63.129.16")]),
        st.ip_addresses(v=4),
    ),
    st.integers(0, 2**80 - 1),
)
def test_every_wrapping_of_an_ipv4_address_is_refused_where_the_address_is(
    address: IPv4Address, around: int
) -> None:
    for policy in (ALLOW, DENY):
        if judge(address, 80, policy) is None or address in IPv4Network("0.0.0.0/8"):
            continue
        for form, each in wrapped(address, around).items():
            assert judge(each, 80, policy) is not None, form
            assert judge(IPv6Address(f"{each}%eth0"), 80, policy) is not None, form


@given(st.ip_addresses(v=4), st.integers(0, 2**80 - 1))
def test_every_wrapping_of_our_own_address_is_refused_at_our_port(address: IPv4Address, around: int) -> None:
    policy = AddressPolicy(own_endpoints=frozenset({(str(address), 8400)}))
    if address in IPv4Network("0.0.0.0/8"):
        return

    for form, each in wrapped(address, around).items():
        assert judge(each, 8400, policy) is not None, form


@given(st.ip_addresses(v=6), st.text("abcdefgh0123456789", min_size=1, max_size=8))
def test_a_zone_changes_no_judgement(address: IPv6Address, zone: str) -> None:
    for policy in (ALLOW, DENY):
        zoned = judge(IPv6Address(f"{address}%{zone}"), 80, policy)
        assert (zoned is None) == (judge(address, 80, policy) is None)


@given(st.ip_addresses())
def test_what_a_strict_policy_allows_an_open_one_allows_too(address: IPv4Address | IPv6Address) -> None:
    if judge(address, 443, DENY) is None:
        assert judge(address, 443, ALLOW) is None


@given(st.ip_addresses())
def test_what_a_strict_policy_allows_is_public(address: IPv4Address | IPv6Address) -> None:
    if judge(address, 443, DENY) is None:
        special = (address.is_loopback, address.is_link_local, address.is_multicast, address.is_unspecified)
        assert not any(special)
        assert address.version == 6 or address.is_global


@given(st.integers(min_value=0, max_value=2**32 - 1))
def test_an_address_reads_the_same_in_every_base(number: int) -> None:
    address = IPv4Address(number)

    for host in (str(number), hex(number), f"0{number:o}", str(address)):
        assert literal_address(host) == address


@given(st.text(max_size=40))
def test_reading_a_host_never_breaks(host: str) -> None:
    try:
        address = literal_address(host)
    except MalformedAddress:
        return
    assert address is None or isinstance(address, IPv4Address | IPv6Address)
