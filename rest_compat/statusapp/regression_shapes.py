"""What is watched for regressions, in StatusApp's words."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any

import asyncpg
import msgspec

from core.moments import write_moment
from core.monitors.monitor_input import RegressionInput
from core.regressions.policy import LEAST_THRESHOLD_PERCENT, LONGEST_PERIOD_DAYS, MOST_THRESHOLD_PERCENT
from core.unset import UNSET, Unset
from plugins.api.config import Config, Meta
from rest_compat.renaming import Names
from rest_compat.statusapp.check_shapes import whole_milliseconds

REGRESSION_NAMES: Names = MappingProxyType(
    {
        ("regression", "enabled"): ("regressionEnabled",),
        ("regression", "thresholdPercent"): ("regressionThreshold",),
        ("regression", "periodDays"): ("regressionPeriod",),
    }
)
_FIELDS = {
    "regressionEnabled": "is_enabled",
    "regressionThreshold": "threshold_percent",
    "regressionPeriod": "period_days",
}


class RegressionBody(Config):
    """What to change; what is left out stays, and null is the default."""

    regression_enabled: Annotated[bool, Meta(description="By default false")] | None = None
    regression_threshold: (
        Annotated[
            int,
            Meta(
                ge=LEAST_THRESHOLD_PERCENT,
                le=MOST_THRESHOLD_PERCENT,
                description="How much slower than usual is too slow, in per cent; by default 50",
            ),
        ]
        | None
    ) = None
    regression_period: (
        Annotated[
            int,
            Meta(ge=1, le=LONGEST_PERIOD_DAYS, description="The days that say what is usual; by default 7"),
        ]
        | None
    ) = None


class ShownRegression(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """When a monitor counts as slower than usual, in per cent and days; what is usual, in milliseconds, once it is known."""

    regression_enabled: bool
    regression_threshold: int
    regression_period: int
    baseline_response_time: int | None
    baseline_calculated_at: str | None


def shown_regression(row: asyncpg.Record) -> ShownRegression:
    """Return what a row of core.monitors.reading says."""
    usual_us = row["usual_us"]
    return ShownRegression(
        regression_enabled=row["regression_enabled"],
        regression_threshold=row["regression_threshold_percent"],
        regression_period=row["regression_period_days"],
        baseline_response_time=whole_milliseconds(usual_us),
        baseline_calculated_at=None if usual_us is None else write_moment(row["reckoned_at"]),
    )


def wanted_regression(data: Mapping[str, Any]) -> RegressionInput | Unset:
    """Return what the fields of a body say; UNSET if they say nothing."""
    said = {name: data[given] for given, name in _FIELDS.items() if given in data}
    return RegressionInput(**said) if said else UNSET
