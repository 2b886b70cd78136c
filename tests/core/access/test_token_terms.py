"""What a new token may be."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.access.grants import ALL_GRANTS
from core.access.permission import may
from core.access.plans import Plan
from core.access.principal import Grant, Principal, Role, TokenPermission, TokenScope
from core.access.token_terms import expiry_of_token, grants_within, name_of_token
from core.issues import Issues
from core.unset import UNSET

NOW = datetime(2026, 2, 16, 11, 23, tzinfo=UTC)
OWNER = Principal(
    workspace_id=UUID(int=1),
    user_id=UUID(int=2),
    token_id=UUID(int=3),
    role=Role.OWNER,
    grants=ALL_GRANTS,
    plan=Plan.FREE,
)
permissions = st.sampled_from(TokenPermission)
grants = st.builds(Grant, scope=st.sampled_from(TokenScope), permission=permissions)
makers = st.builds(
    replace,
    st.just(OWNER),
    role=st.sampled_from(Role),
    grants=st.frozensets(grants),
    token_id=st.sampled_from([None, UUID(int=3)]),
)


def told(issues: Issues) -> list[tuple[str, str]]:
    return [(".".join(issue.path), issue.rule) for issue in issues.found]


@given(makers, st.lists(grants, min_size=1, max_size=27))
def test_nobody_grants_what_he_lacks_and_each_such_grant_is_named(
    maker: Principal, wanted: list[Grant]
) -> None:
    issues = Issues()

    kept = grants_within(maker, wanted, issues)

    lacking = [place for place, one in enumerate(wanted) if not may(maker, one.scope, one.permission)]
    assert told(issues) == [(f"grants.{place}.permission", "maximum") for place in lacking]
    assert lacking or all(may(maker, one.scope, one.permission) for one in kept)


def test_the_furthest_grant_of_a_scope_counts() -> None:
    wanted = [Grant(scope=TokenScope.TEAM, permission=permission) for permission in (1, 3, 2)]
    wanted = [replace(one, permission=TokenPermission(one.permission)) for one in wanted]

    assert grants_within(OWNER, wanted, Issues()) == {
        Grant(scope=TokenScope.TEAM, permission=TokenPermission.DELETE)
    }


def test_a_refused_grant_says_how_far_its_maker_may_go() -> None:
    issues = Issues()
    reader = replace(OWNER, grants=frozenset({Grant(scope=TokenScope.TEAM, permission=TokenPermission.READ)}))
    wanted = [
        Grant(scope=scope, permission=TokenPermission.WRITE) for scope in (TokenScope.TEAM, TokenScope.TOKENS)
    ]

    grants_within(reader, wanted, issues)

    assert [(issue.message, issue.expected, issue.received) for issue in issues.found] == [
        (
            "grants.0.permission must not open TEAM further than its maker may go: READ",
            "READ",
            "WRITE",
        ),
        (
            "grants.1.permission must not open TOKENS further than its maker may go: nothing",
            "nothing",
            "WRITE",
        ),
    ]


@pytest.mark.parametrize(("count", "rule"), [(0, "min_length"), (28, "max_length")])
def test_no_grants_and_too_many_are_refused(count: int, rule: str) -> None:
    issues = Issues()
    wanted = [Grant(scope=TokenScope.TEAM, permission=TokenPermission.READ)] * count

    assert grants_within(OWNER, wanted, issues) == frozenset()
    assert told(issues) == [("grants", rule)]


def test_a_token_lives_for_a_year_unless_said_otherwise_and_null_is_for_ever() -> None:
    issues = Issues()

    assert expiry_of_token(UNSET, NOW, issues) == NOW + timedelta(days=365)
    assert expiry_of_token(None, NOW, issues) is None
    assert expiry_of_token(NOW + timedelta(hours=1), NOW, issues) == NOW + timedelta(hours=1)
    assert expiry_of_token(NOW + timedelta(days=3650), NOW, issues) == NOW + timedelta(days=3650)
    assert issues.found == []


@pytest.mark.parametrize(
    ("ahead", "rule"),
    [
        (timedelta(0), "minimum"),
        (timedelta(days=-1), "minimum"),
        (timedelta(days=3650, milliseconds=1), "maximum"),
        (timedelta(days=365 * 5000), "maximum"),
    ],
)
def test_an_expiry_that_is_past_or_too_far_is_refused(ahead: timedelta, rule: str) -> None:
    issues = Issues()

    expiry_of_token(NOW + ahead, NOW, issues)

    assert told(issues) == [("expiresAt", rule)]
    [issue] = issues.found
    assert issue.message.startswith("expiresAt must ")
    assert issue.received == (NOW + ahead).isoformat(timespec="seconds")


@pytest.mark.parametrize(
    ("name", "rules"),
    [
        (" CI ", []),
        ("", ["min_length"]),
        ("x" * 201, ["max_length"]),
        ("a\nb", ["invalid"]),
        ("TOCSIN_OWNER_TOKEN", ["reserved"]),
        (" TOCSIN_OWNER_TOKEN ", ["reserved"]),
    ],
)
def test_a_name_is_one_line_and_not_that_of_the_settings_token(name: str, rules: list[str]) -> None:
    issues = Issues()

    kept = name_of_token(name, issues)

    assert told(issues) == [("name", rule) for rule in rules]
    assert kept == name.strip()
