"""What may be asked of the watch for regressions."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from core.issues import Issues
from core.monitors.monitor_input import RegressionInput
from core.regressions.policy import DEFAULT_POLICY, RegressionPolicy, regression_policy_of
from core.unset import UNSET

STRICT = RegressionPolicy(is_enabled=True, threshold_percent=25, period_days=30)


def accept(wanted, present=STRICT, *, is_passive=False) -> tuple[RegressionPolicy, list[tuple[str, str]]]:
    issues = Issues()
    policy = regression_policy_of(wanted, present, issues, is_passive=is_passive)
    return policy, [(".".join(issue.path), issue.rule) for issue in issues.found]


def test_what_is_absent_stays_and_what_is_null_goes_back_to_its_default() -> None:
    assert accept(UNSET) == (STRICT, [])
    assert accept(RegressionInput()) == (STRICT, [])
    assert accept(None) == (DEFAULT_POLICY, [])
    assert accept(RegressionInput(is_enabled=None, threshold_percent=None, period_days=None)) == (
        DEFAULT_POLICY,
        [],
    )
    assert accept(RegressionInput(period_days=1))[0] == RegressionPolicy(
        is_enabled=True, threshold_percent=25, period_days=1
    )


def test_a_passive_kind_is_not_watched() -> None:
    off = RegressionPolicy(threshold_percent=25, period_days=30)

    assert accept(UNSET, is_passive=True) == (off, [])
    assert accept(RegressionInput(is_enabled=False), is_passive=True) == (off, [])
    assert accept(RegressionInput(is_enabled=True), is_passive=True)[1] == [("regression.enabled", "invalid")]


@given(st.integers(-1000, 1000), st.integers(-100, 100))
def test_numbers_keep_their_bounds(threshold: int, days: int) -> None:
    policy, issues = accept(RegressionInput(threshold_percent=threshold, period_days=days))

    refused = {path for path, _ in issues}
    assert ("regression.thresholdPercent" in refused) is not (25 <= threshold <= 200)
    assert ("regression.periodDays" in refused) is not (1 <= days <= 30)
    assert policy.columns() == {
        "regression_enabled": True,
        "regression_threshold_percent": threshold,
        "regression_period_days": days,
    }
