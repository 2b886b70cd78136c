"""How a failure is confirmed: the policy after an input."""

from __future__ import annotations

import pytest

from core.issues import Issues
from core.monitors.confirmation import DEFAULT_CONFIRMATION, Confirmation, confirmation_of
from core.monitors.monitor_input import ConfirmationInput
from core.unset import UNSET

STORED = Confirmation(failures_to_open=3, successes_to_close=2, regions_to_agree=2, recheck_seconds=5)


def confirmed(wanted, present: Confirmation = STORED) -> tuple[Confirmation, list[str]]:
    issues = Issues()
    return confirmation_of(wanted, present, issues), [issue.path[-1] for issue in issues.found]


def test_absent_is_unchanged_and_null_is_the_default() -> None:
    assert confirmed(UNSET) == (STORED, [])
    assert confirmed(None) == (DEFAULT_CONFIRMATION, [])
    assert confirmed(ConfirmationInput(recheck_seconds=None)) == (
        Confirmation(failures_to_open=3, successes_to_close=2, regions_to_agree=2, recheck_seconds=20),
        [],
    )


@pytest.mark.parametrize("number", [0, -1, 10**6])
def test_every_number_out_of_bounds_is_told(number: int) -> None:
    wanted = ConfirmationInput(
        failures_to_open=number, successes_to_close=number, regions_to_agree=number, recheck_seconds=number
    )

    assert confirmed(wanted)[1] == ["failuresToOpen", "successesToClose", "regionsToAgree", "recheckSeconds"]
