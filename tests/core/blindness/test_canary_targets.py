"""How an operator names canaries."""

from __future__ import annotations

import pytest

from core.blindness.canary_targets import WELL_KNOWN, CanaryTarget, canary_targets
from core.errors import StartupError
from core.settings import read_settings


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("none", []),
        ("1.1.1.1:443", [CanaryTarget(host="1.1.1.1", port=443)]),
        (
            "router.lan:80, [2606:4700:4700::1111]:443",
            [CanaryTarget(host="router.lan", port=80), CanaryTarget(host="2606:4700:4700::1111", port=443)],
        ),
        (
            "https://example.org/up,http://intra:8080",
            [
                CanaryTarget(host="example.org", port=443, url="https://example.org/up"),
                CanaryTarget(host="intra", port=8080, url="http://intra:8080"),
            ],
        ),
        ("http://intra/", [CanaryTarget(host="intra", port=80, url="http://intra/")]),
    ],
)
def test_canaries_are_ports_or_pages(text: str, expected: list[CanaryTarget]) -> None:
    assert list(canary_targets(text)) == expected


@pytest.mark.parametrize(
    "text",
    [
        "1.1.1.1",
        "1.1.1.1:",
        ":443",
        "host:port",
        "host:99999",
        "ftp://example.org/",
        "http://",
        "me@host:80",
        "host:80/path",
        "1.1.1.1:443,",
        "[::1",
    ],
)
def test_what_is_no_canary_is_refused_with_the_word_itself(text: str) -> None:
    with pytest.raises(StartupError, match="TOCSIN_CONNECTIVITY_TARGETS must be `none`, or host:port"):
        read_settings({"TOCSIN_CONNECTIVITY_TARGETS": text})


def test_by_default_hosts_of_several_operators_are_asked_by_their_addresses() -> None:
    settings, _ = read_settings({})

    assert settings.connectivity_targets == WELL_KNOWN
    assert len({target.host for target in canary_targets(WELL_KNOWN)}) == 4
