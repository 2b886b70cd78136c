"""How sure Tocsin must be before it calls a failure a failure, and a recovery a recovery."""

from __future__ import annotations

from dataclasses import dataclass

from core.issues import Issues
from core.monitors.monitor_input import ConfirmationInput
from core.unset import UNSET, Unset, given

MOST_LOOKS = 100
LONGEST_RECHECK_SECONDS = 3_600


@dataclass(frozen=True, kw_only=True, slots=True)
class Confirmation:
    """A monitor's policy; the defaults are the contract's."""

    failures_to_open: int = 2
    successes_to_close: int = 1
    regions_to_agree: int = 1
    recheck_seconds: int = 20


DEFAULT_CONFIRMATION = Confirmation()


def confirmation_of(
    wanted: ConfirmationInput | Unset | None, present: Confirmation, issues: Issues
) -> Confirmation:
    """Return the policy after the input; note an issue for each number out of its bounds."""
    if wanted is UNSET:
        return present
    if wanted is None:
        return DEFAULT_CONFIRMATION
    default = DEFAULT_CONFIRMATION
    result = Confirmation(
        failures_to_open=given(wanted.failures_to_open, present.failures_to_open, default.failures_to_open),
        successes_to_close=given(
            wanted.successes_to_close, present.successes_to_close, default.successes_to_close
        ),
        regions_to_agree=given(wanted.regions_to_agree, present.regions_to_agree, default.regions_to_agree),
        recheck_seconds=given(wanted.recheck_seconds, present.recheck_seconds, default.recheck_seconds),
    )
    issues.bound(("confirmation", "failuresToOpen"), result.failures_to_open, 1, MOST_LOOKS)
    issues.bound(("confirmation", "successesToClose"), result.successes_to_close, 1, MOST_LOOKS)
    issues.bound(("confirmation", "regionsToAgree"), result.regions_to_agree, 1, MOST_LOOKS)
    issues.bound(("confirmation", "recheckSeconds"), result.recheck_seconds, 1, LONGEST_RECHECK_SECONDS)
    return result
