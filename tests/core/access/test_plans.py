"""What plans allow: the table, and the rules that read it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.access.plans import TERMS, Allowance, Capability, Load, Plan, is_premium
from core.errors import OverLimit, PremiumRequired, WriteLocked

plans = st.sampled_from(Plan)
loads = st.builds(
    Load, monitors=st.integers(0, 1_500), members=st.integers(0, 70), frequent_monitors=st.integers(0, 1)
)
allowances = st.builds(Allowance, plan=plans, load=loads)


def fits(allowance: Allowance) -> bool:
    try:
        allowance.require_fit()
    except WriteLocked:
        return False
    return True


def test_a_larger_plan_allows_whatever_a_smaller_one_does() -> None:
    for smaller, larger in zip(Plan, list(Plan)[1:], strict=False):
        less, more = TERMS[smaller], TERMS[larger]
        assert more.monitors >= less.monitors
        assert more.members >= less.members
        assert more.status_pages >= less.status_pages
        assert more.min_interval_seconds <= less.min_interval_seconds
        assert more.retention_days >= less.retention_days
        assert more.requests_per_hour >= less.requests_per_hour
        assert more.capabilities >= less.capabilities


def test_requests_are_those_of_the_statusapp_page() -> None:
    per_hour = {plan: TERMS[plan].requests_per_hour for plan in Plan}
    assert per_hour == {
        Plan.FREE: 1_000,
        Plan.STARTER: 1_000,
        Plan.PROFESSIONAL: 5_000,
        Plan.BUSINESS: 10_000,
        Plan.ENTERPRISE: 100_000,
    }


@given(allowances, st.sampled_from(Capability))
def test_whatever_is_paid_for_includes_every_premium_capability(
    allowance: Allowance, capability: Capability
) -> None:
    if is_premium(allowance.plan):
        allowance.require_capability(capability)
    else:
        with pytest.raises(PremiumRequired) as refused:
            allowance.require_capability(capability, "probe")
        assert (refused.value.code, refused.value.path) == ("PREMIUM_REQUIRED", ("probe",))


@given(allowances)
def test_a_workspace_that_may_have_one_more_fits_and_fits_with_it(allowance: Allowance) -> None:
    try:
        allowance.require_one_more_monitor()
    except OverLimit:
        assert allowance.load.monitors >= allowance.terms.monitors
        return
    one_more = Load(
        monitors=allowance.load.monitors + 1,
        members=allowance.load.members,
        frequent_monitors=allowance.load.frequent_monitors,
    )
    assert fits(allowance) == fits(Allowance(plan=allowance.plan, load=one_more))


@given(allowances)
def test_one_more_member_is_let_in_exactly_where_there_is_room(allowance: Allowance) -> None:
    has_room = allowance.load.members < allowance.terms.members
    if has_room:
        allowance.require_one_more_member()
    else:
        with pytest.raises(OverLimit, match="members"):
            allowance.require_one_more_member()


@given(allowances)
def test_a_workspace_without_anything_fits_every_plan(allowance: Allowance) -> None:
    assert fits(Allowance(plan=allowance.plan, load=Load()))
    assert fits(allowance) == (allowance.excess is None)


@pytest.mark.parametrize(
    ("load", "cause"),
    [
        (Load(monitors=11), "it has more than the 10 monitors of the plan FREE"),
        (Load(members=4), "it has more than the 3 members of the plan FREE"),
        (
            Load(frequent_monitors=1),
            "monitors run more often than each 300 s, the least interval of the plan FREE",
        ),
    ],
)
def test_what_is_too_much_is_named(load: Load, cause: str) -> None:
    with pytest.raises(WriteLocked) as refused:
        Allowance(plan=Plan.FREE, load=load).require_fit()

    assert refused.value.code == "OVER_LIMIT"
    assert refused.value.message == f"the workspace takes no changes until it fits its plan: {cause}"


@given(plans, st.integers(1, 86_400) | st.none())
def test_an_interval_is_at_least_that_of_the_plan(plan: Plan, interval: int | None) -> None:
    allowance = Allowance(plan=plan, load=Load())
    if interval is None or interval >= TERMS[plan].min_interval_seconds:
        allowance.require_interval(interval)
    else:
        with pytest.raises(OverLimit) as refused:
            allowance.require_interval(interval)
        assert refused.value.path == ("intervalSeconds",)
