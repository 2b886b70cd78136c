"""What a new token may be: its name, its grants, how long it lives."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from core.access.grants import strongest
from core.access.permission import reach
from core.access.principal import Grant, Principal, TokenPermission, TokenScope
from core.issues import Issues
from core.text_rules import name_of
from core.unset import UNSET, Unset

LIFE = timedelta(days=365)
LONGEST_LIFE = timedelta(days=3650)
# The token that a setting fixes has its name, and whatever else has it is revoked when the setting changes.
FIXED_TOKEN_NAME = "TOCSIN_OWNER_TOKEN"  # noqa: S105  (a name, not a secret)

_MOST_GRANTS = len(TokenScope) * len(TokenPermission)


def is_live(revoked_at: datetime | None, expires_at: datetime | None, now: datetime) -> bool:
    """Return whether a token is neither revoked nor past its expiry."""
    return revoked_at is None and (expires_at is None or expires_at > now)


def name_of_token(name: str, issues: Issues) -> str:
    """Return the name; note each rule that it breaks."""
    kept = name_of(name, ("name",), issues)
    if kept == FIXED_TOKEN_NAME:
        issues.refuse(("name",), "reserved", f"must not be {FIXED_TOKEN_NAME}, which names a setting's token")
    return kept


def grants_within(maker: Principal, wanted: Sequence[Grant], issues: Issues) -> frozenset[Grant]:
    """Return the grants, the strongest of each scope; note an issue for each that its maker lacks."""
    if not wanted:
        issues.refuse(("grants",), "min_length", "must have at least 1 item", expected="1")
    if len(wanted) > _MOST_GRANTS:
        cause = f"must have at most {_MOST_GRANTS} items"
        issues.refuse_value(("grants",), "max_length", cause, len(wanted), expected=str(_MOST_GRANTS))
        return frozenset()
    for place, grant in enumerate(wanted):
        limit = reach(maker, grant.scope)
        if limit is None or grant.permission > limit:
            most = "nothing" if limit is None else limit.name
            cause = f"must not open {grant.scope.value} further than its maker may go: {most}"
            path = ("grants", str(place), "permission")
            issues.refuse_value(path, "maximum", cause, grant.permission.name, expected=most)
    kept = strongest(wanted)
    return frozenset(Grant(scope=scope, permission=permission) for scope, permission in kept.items())


def expiry_of_token(wanted: datetime | Unset | None, now: datetime, issues: Issues) -> datetime | None:
    """Return when the token expires: a year from now if unset, never if None; note an issue if past or too far."""
    if wanted is UNSET:
        return now + LIFE
    if wanted is not None and wanted <= now:
        expected = f"after {now:%Y-%m-%dT%H:%M:%SZ}"
        issues.refuse_value(
            ("expiresAt",), "minimum", "must lie in the future", _text(wanted), expected=expected
        )
    if wanted is not None and wanted > now + LONGEST_LIFE:
        cause = f"must be at most {LONGEST_LIFE.days} days from now, or null for never"
        expected = _text(now + LONGEST_LIFE)
        issues.refuse_value(("expiresAt",), "maximum", cause, _text(wanted), expected=expected)
    return wanted


def _text(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")
