"""The address of a client, where proxies stand between."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.client_address import client_address, trusted_proxies

TRUSTED = trusted_proxies("10.0.0.0/8, ::1, 192.0.2.7")


@pytest.mark.parametrize(
    ("peer", "forwarded_for", "client"),
    [
        ("203.0.113.5", "", "203.0.113.5"),
        ("203.0.113.5", "198.51.100.1", "203.0.113.5"),  # a stranger claims to be a proxy
        ("10.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "6.6.6.6, 198.51.100.1", "198.51.100.1"),  # a client that forged the beginning
        ("10.0.0.1", "198.51.100.1, 10.0.0.2", "198.51.100.1"),
        ("10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "unknown", "10.0.0.1"),
        ("10.0.0.1", "198.51.100.1, rubbish", "10.0.0.1"),
        ("::1", "2001:db8::5", "2001:db8::5"),
        ("::ffff:10.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("192.0.2.7", "[2001:db8::5]:1234", "2001:db8::5"),
        ("192.0.2.7", "[2001:db8::5]", "2001:db8::5"),
        ("192.0.2.7", "198.51.100.1:1234", "198.51.100.1"),
        (None, "198.51.100.1", "unknown"),
    ],
)
def test_only_what_trusted_proxies_added_is_believed(
    peer: str | None, forwarded_for: str, client: str
) -> None:
    assert client_address(peer, forwarded_for, TRUSTED) == client


@given(text=st.text(), peer=st.ip_addresses())
def test_without_trusted_proxies_the_peer_is_the_client_whatever_it_says(text: str, peer: object) -> None:
    assert client_address(str(peer), text, ()) == str(peer)


@given(text=st.text())
def test_nothing_that_is_forwarded_breaks_it(text: str) -> None:
    assert client_address("10.0.0.1", text, TRUSTED)


@pytest.mark.parametrize("text", ["proxy.example.org", "10.0.0.1/8", "10.0.0.0/33", "10.0.0.0-10.0.0.9"])
def test_what_is_no_network_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"10\.|proxy"):
        trusted_proxies(text)
