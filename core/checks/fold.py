"""The pure fold of one region's state with one look.

The recorder does the same in SQL, many monitors at a time; a property test holds the two together.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from core.checks.region_state import NO_STREAK, RegionState, Streak
from core.monitors.status import MonitorStatus
from plugins.api.outcome import CheckStatus

_IMPAIRED = frozenset({CheckStatus.DOWN, CheckStatus.DEGRADED})


@dataclass(frozen=True, kw_only=True, slots=True)
class Look:
    """As much of a finding as the fold needs. `asks_expiry`: it asks for an EXPIRY incident.

    `reach`: how long after its slot it covers its region, None for passive kinds. `recorded_at`: when it is
    folded, None for in time.
    """

    slot: datetime
    status: CheckStatus
    config_revision: int = 1
    asks_expiry: bool = False
    reach: timedelta | None = None
    recorded_at: datetime | None = None

    @property
    def is_known(self) -> bool:
        """Whether it saw its target, whatever it saw."""
        return self.status is not CheckStatus.UNKNOWN


@dataclass(frozen=True, kw_only=True, slots=True)
class Confirmation:
    """How many looks in a row confirm a failure, and a recovery. Passive kinds confirm at once: 1 and 1."""

    failures_to_open: int
    successes_to_close: int


def fold(state: RegionState | None, look: Look, confirmation: Confirmation) -> RegionState:
    """Return the state after the look.

    A look that is not newer than the last one, or of an older configuration, changes nothing; the first of a
    newer configuration starts anew. UNKNOWN is an opinion at once, and ends every streak; so does a time without
    coverage, which is as good as a look that saw nothing.
    """
    if state is not None and _is_stale(state, look):
        return state
    before = state if state is not None and state.config_revision == look.config_revision else _blank(look)
    sees_again = look.is_known and before.covered_until is not None and look.slot > before.covered_until
    ground = _blinded(before) if sees_again else before
    down = ground.down.advanced(look.status is CheckStatus.DOWN, look.slot)
    impaired = ground.impaired.advanced(look.status in _IMPAIRED, look.slot)
    clear = ground.clear.advanced(look.is_known and look.status is not CheckStatus.DOWN, look.slot)
    up = ground.up.advanced(look.status is CheckStatus.UP, look.slot)
    opinion = _opinion(
        ground.opinion, look.status, confirmation, down=down, impaired=impaired, clear=clear, up=up
    )
    asking, is_expiring = _expiry(ground, look, confirmation)
    is_news = (
        opinion is not ground.opinion
        or is_expiring is not ground.is_expiring
        or sees_again
        or _was_given_up(before, look)
    )
    covered_until = _covered_until(before, look)
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
        opinion_slot=look.slot if is_news else before.opinion_slot,
        is_expiring=is_expiring,
        covered_until=covered_until,
        blind_from=_blind_from(before, look, opinion, covered_until, sees_again=sees_again),
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


def _blinded(state: RegionState) -> RegionState:
    """Return the state as a look that saw nothing would have left it, where coverage ended."""
    return replace(
        state,
        opinion=MonitorStatus.UNKNOWN,
        down=NO_STREAK,
        impaired=NO_STREAK,
        clear=NO_STREAK,
        up=NO_STREAK,
        asking=NO_STREAK,
    )


def _was_given_up(before: RegionState, look: Look) -> bool:
    """Return whether the region may have been taken for blind when this look, of before that, came in late."""
    return (
        look.is_known
        and before.opinion is not MonitorStatus.UNKNOWN
        and before.covered_until is not None
        and look.recorded_at is not None
        and before.covered_until <= look.recorded_at
    )


def _covered_until(before: RegionState, look: Look) -> datetime | None:
    if look.is_known:
        return None if look.reach is None else look.slot + look.reach
    return look.slot if before.covered_until is None else min(before.covered_until, look.slot)


def _blind_from(
    before: RegionState,
    look: Look,
    opinion: MonitorStatus,
    covered_until: datetime | None,
    *,
    sees_again: bool,
) -> datetime | None:
    """Return where the blindness began that lasts after the look, or that the look ends.

    A region that sees again, but has not confirmed yet what it sees, is as good as blind.
    """
    has_no_opinion = before.opinion is MonitorStatus.UNKNOWN
    if not look.is_known:
        return before.blind_from if has_no_opinion else covered_until
    if sees_again:
        return (before.blind_from if has_no_opinion else None) or before.covered_until
    return before.blind_from if opinion is MonitorStatus.UNKNOWN else None


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
