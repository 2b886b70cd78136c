"""Where a region is: what is taken, and that everything wrong is told at once."""

from __future__ import annotations

import pytest

from core.errors import InvalidInput
from core.scheduling.region_description import RegionDescription, describe

FRANKFURT = RegionDescription(
    city="Frankfurt", country="Germany", country_code="DE", latitude=50.11, longitude=8.68
)


def test_what_is_told_is_taken_and_the_rest_stays() -> None:
    told = {"city": " Frankfurt ", "country_code": "de", "latitude": "50.11", "longitude": "8.68"}
    assert describe("eu", told, RegionDescription(country="Germany")) == FRANKFURT
    assert describe("eu", {}, FRANKFURT) == FRANKFURT


def test_an_empty_text_clears_a_field() -> None:
    told = dict.fromkeys(("city", "country", "country_code", "latitude", "longitude"), " ")
    assert describe("eu", told, FRANKFURT) == RegionDescription()


def test_everything_that_is_wrong_is_told_at_once() -> None:
    told = {
        "city": "x" * 201,
        "country": "a\x00b",
        "country_code": "XX",
        "latitude": "-90.1",
        "longitude": "east",
    }
    with pytest.raises(InvalidInput) as refused:
        describe("Eu_1", told, RegionDescription())

    assert [issue.message for issue in refused.value.issues] == [
        "KEY must be 1 to 40 lower-case letters, digits and inner hyphens",
        "--city must have at most 200 characters",
        "--country must not contain control characters",
        "--country-code must be two letters of ISO 3166-1, such as DE",
        "--latitude must be a number of degrees from -90 to 90",
        "--longitude must be a number of degrees from -180 to 180",
    ]


@pytest.mark.parametrize("text", ["nan", "inf", "-inf", "1e3", "50,1", "50°"])
def test_a_latitude_is_a_number_on_the_globe(text: str) -> None:
    with pytest.raises(InvalidInput, match="--latitude must be a number"):
        describe("eu", {"latitude": text}, FRANKFURT)


def test_a_latitude_does_not_come_without_a_longitude() -> None:
    with pytest.raises(InvalidInput, match="--longitude is required where --latitude is given"):
        describe("eu", {"latitude": "1"}, RegionDescription())
    with pytest.raises(InvalidInput, match="--latitude is required where --longitude is given"):
        describe("eu", {"latitude": ""}, FRANKFURT)
