"""The pure fold of one region's state with one look.

The recorder does the same in SQL, many monitors at a time; a property test holds the two together.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from core.checks.region_state import NO_STREAK, RegionState, Streak
from core.monitors.status import MonitorStatus
from plugins.api.outcome import CheckStatus

_IMPAIRED = frozenset({CheckStatus.DOWN, CheckStatus.DEGRADED})


@dataclass(frozen=True, kw_only=True, slots=True)
class Look:
    """As much of a finding as the fold needs. `asks_expiry`: it asks for an EXPIRY incident."""

    slot: datetime
    status: CheckStatus
    config_revision: int = 1
    asks_expiry: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Confirmation:
    """How many looks in a row confirm a failure, and a recovery. Passive kinds confirm at once: 1 and 1."""

    failures_to_open: int
    successes_to_close: int


def fold(state: RegionState | None, look: Look, confirmation: Confirmation) -> RegionState:
    """Return the state after the look.

    A look that is not newer than the last one, or of an older configuration, changes nothing; the first of a
    newer configuration starts anew. UNKNOWN is an opinion at once, and ends every streak.
    """
    if state is not None and _is_stale(state, look):
        return state
    before = state if state is not None and state.config_revision == look.config_revision else _blank(look)
    known = look.status is not CheckStatus.UNKNOWN
    down = before.down.advanced(look.status is CheckStatus.DOWN, look.slot)
    impaired = before.impaired.advanced(look.status in _IMPAIRED, look.slot)
    clear = before.clear.advanced(known and look.status is not CheckStatus.DOWN, look.slot)
    up = before.up.advanced(look.status is CheckStatus.UP, look.slot)
    opinion = _opinion(
        before.opinion, look.status, confirmation, down=down, impaired=impaired, clear=clear, up=up
    )
    asking, is_expiring = _expiry(before, look, confirmation)
    flipped = opinion is not before.opinion or is_expiring is not before.is_expiring
    return RegionState(
        config_revision=look.config_revision,
        last_slot=look.slot,
        last_status=look.status,
        down=down,
        impaired=impaired,
        clear=clear,
        up=up,
        asking=asking,
        opinion=opinion,
        opinion_slot=look.slot if flipped else before.opinion_slot,
        is_expiring=is_expiring,
    )


def is_unconfirmed(state: RegionState) -> bool:
    """Whether the state ends in failures that have neither been confirmed nor refuted."""
    if state.opinion is MonitorStatus.DOWN:
        return False
    return state.down.length > 0 or (
        state.impaired.length > 0 and state.opinion is not MonitorStatus.DEGRADED
    )


def _is_stale(state: RegionState, look: Look) -> bool:
    if state.config_revision == look.config_revision:
        return look.slot <= state.last_slot
    return look.config_revision < state.config_revision


def _blank(look: Look) -> RegionState:
    return RegionState(config_revision=look.config_revision, last_slot=look.slot, last_status=look.status)


def _opinion(
    before: MonitorStatus,
    status: CheckStatus,
    confirmation: Confirmation,
    *,
    down: Streak,
    impaired: Streak,
    clear: Streak,
    up: Streak,
) -> MonitorStatus:
    """Return the opinion after a look. The first rule that applies decides; the order is the rule."""
    opens, closes = confirmation.failures_to_open, confirmation.successes_to_close
    rules = (
        (status is CheckStatus.UNKNOWN, MonitorStatus.UNKNOWN),
        (down.length >= opens, MonitorStatus.DOWN),
        (before is MonitorStatus.DOWN and clear.length < closes, MonitorStatus.DOWN),
        (impaired.length >= opens, MonitorStatus.DEGRADED),
        (before is MonitorStatus.DEGRADED and up.length < closes, MonitorStatus.DEGRADED),
        (before in (MonitorStatus.DOWN, MonitorStatus.DEGRADED), MonitorStatus.UP),
        (status is CheckStatus.UP, MonitorStatus.UP),
    )
    return next((opinion for applies, opinion in rules if applies), before)


def _expiry(before: RegionState, look: Look, confirmation: Confirmation) -> tuple[Streak, bool]:
    """Return the streak of looks that ask for EXPIRY, and whether it is confirmed.

    A look that could not see the certificate or the domain (DOWN, UNKNOWN) refutes nothing.
    """
    if look.status is CheckStatus.UNKNOWN:
        return NO_STREAK, before.is_expiring
    if look.asks_expiry:
        asking = before.asking.advanced(True, look.slot)
        return asking, before.is_expiring or asking.length >= confirmation.failures_to_open
    if look.status is CheckStatus.DOWN:
        return before.asking, before.is_expiring
    return NO_STREAK, False
