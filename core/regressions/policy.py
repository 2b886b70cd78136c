"""Whether a monitor is watched for regressions, how much slower is too slow, and than when."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from core.issues import Issues
from core.monitors.monitor_input import RegressionInput
from core.unset import UNSET, Unset, given

LEAST_THRESHOLD_PERCENT = 25
MOST_THRESHOLD_PERCENT = 200
LONGEST_PERIOD_DAYS = 30


@dataclass(frozen=True, kw_only=True, slots=True)
class RegressionPolicy:
    """A monitor's policy; the defaults are the contract's."""

    is_enabled: bool = False
    threshold_percent: int = 50
    period_days: int = 7

    def columns(self) -> dict[str, Any]:
        """Return the columns of the monitor's row."""
        return {
            "regression_enabled": self.is_enabled,
            "regression_threshold_percent": self.threshold_percent,
            "regression_period_days": self.period_days,
        }


DEFAULT_POLICY = RegressionPolicy()


def regression_policy_of(
    wanted: RegressionInput | Unset | None, present: RegressionPolicy, issues: Issues, *, is_passive: bool
) -> RegressionPolicy:
    """Return the policy after the input; note an issue for each number out of its bounds.

    A PASSIVE kind answers nothing that could become slower: it is never watched.
    """
    if wanted is None:
        return DEFAULT_POLICY
    asked = RegressionInput() if wanted is UNSET else wanted
    default = DEFAULT_POLICY
    is_enabled = given(asked.is_enabled, present.is_enabled and not is_passive, default.is_enabled)
    if is_enabled and is_passive:
        issues.refuse(("regression", "enabled"), "invalid", "must be false where the kind is PASSIVE")
    result = RegressionPolicy(
        is_enabled=is_enabled,
        threshold_percent=given(
            asked.threshold_percent, present.threshold_percent, default.threshold_percent
        ),
        period_days=given(asked.period_days, present.period_days, default.period_days),
    )
    issues.bound(
        ("regression", "thresholdPercent"),
        result.threshold_percent,
        LEAST_THRESHOLD_PERCENT,
        MOST_THRESHOLD_PERCENT,
    )
    issues.bound(("regression", "periodDays"), result.period_days, 1, LONGEST_PERIOD_DAYS)
    return result
