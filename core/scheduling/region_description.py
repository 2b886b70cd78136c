"""Where a region is, as an operator tells it, in words: pure rules."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields

from core.issues import Issues
from core.scheduling.countries import COUNTRY_CODES
from core.scheduling.region_key import region_key_fault
from core.text_rules import name_of

_KEY_PATH = ("KEY",)


@dataclass(frozen=True, kw_only=True, slots=True)
class RegionDescription:
    """Where a region is; what nobody has told is None. Latitude and longitude are degrees."""

    city: str | None = None
    country: str | None = None
    country_code: str | None = None
    latitude: float | None = None
    longitude: float | None = None


DESCRIBED = tuple(field.name for field in fields(RegionDescription))


def option(name: str) -> str:
    """Return the option of the command line by which a field is told."""
    return "--" + name.replace("_", "-")


def describe(key: str, told: Mapping[str, str], present: RegionDescription) -> RegionDescription:
    """Return the description after what was told, by field; an empty text clears a field.

    Raises InvalidInput with everything that is wrong.
    """
    issues = Issues()
    fault = region_key_fault(key)
    if fault:
        issues.refuse_value(_KEY_PATH, "pattern", fault, key)
    after = RegionDescription(
        city=_name("city", told, present.city, issues),
        country=_name("country", told, present.country, issues),
        country_code=_country_code(told, present.country_code, issues),
        latitude=_degrees("latitude", told, present.latitude, 90, issues),
        longitude=_degrees("longitude", told, present.longitude, 180, issues),
    )
    issues.raise_if_any()
    _refuse_half_a_place(after, issues)
    issues.raise_if_any()
    return after


def _name(field: str, told: Mapping[str, str], present: str | None, issues: Issues) -> str | None:
    if field not in told:
        return present
    return name_of(told[field], (option(field),), issues) if told[field].strip() else None


def _country_code(told: Mapping[str, str], present: str | None, issues: Issues) -> str | None:
    if "country_code" not in told:
        return present
    code = told["country_code"].strip().upper()
    if code and code not in COUNTRY_CODES:
        cause = "must be two letters of ISO 3166-1, such as DE"
        issues.refuse_value((option("country_code"),), "unknown", cause, told["country_code"])
    return code or None


def _degrees(
    field: str, told: Mapping[str, str], present: float | None, most: int, issues: Issues
) -> float | None:
    if field not in told:
        return present
    text = told[field].strip()
    if not text:
        return None
    try:
        degrees = float(text)
    except ValueError:
        degrees = math.nan
    if not -most <= degrees <= most:
        cause = f"must be a number of degrees from -{most} to {most}"
        issues.refuse_value((option(field),), "range", cause, text, expected=f"-{most} to {most}")
    return degrees


def _refuse_half_a_place(description: RegionDescription, issues: Issues) -> None:
    for given, missing in (("latitude", "longitude"), ("longitude", "latitude")):
        if getattr(description, given) is not None and getattr(description, missing) is None:
            issues.refuse((option(missing),), "required", f"is required where {option(given)} is given")
