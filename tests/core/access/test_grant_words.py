"""Grants in three dialects: exact where the dialect can say them, and never more than is stored where it cannot."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.access.grant_words import (
    WORDS,
    dashmon_access_level,
    grant_of_names,
    grant_of_phrase,
    grants_of_access_level,
    grants_of_permissions,
    onlineornot_phrases,
    statusapp_permissions,
)
from core.access.grants import ALL_GRANTS, on_every_scope, strongest
from core.access.principal import Grant, TokenPermission, TokenScope
from core.issues import Issues

READ, WRITE, DELETE = TokenPermission
grant_sets = st.frozensets(
    st.builds(Grant, scope=st.sampled_from(TokenScope), permission=st.sampled_from(TokenPermission))
)
# Grants that open every scope, which few random ones do.
full_sets = st.tuples(*(st.sampled_from(TokenPermission) for _ in TokenScope)).map(
    lambda permissions: frozenset(
        Grant(scope=scope, permission=permission)
        for scope, permission in zip(TokenScope, permissions, strict=True)
    )
)
any_grants = grant_sets | full_sets
ORDER_OF_LEVELS = [None, "read_only", "read_write"]
ORDER_OF_PERMISSIONS = ["", "read", "read,write", "read,write,delete"]


def of_level(level: str | None) -> frozenset[Grant]:
    return frozenset() if level is None else grants_of_access_level(level, ("accessLevel",), Issues())


def of_permissions(text: str) -> frozenset[Grant]:
    return grants_of_permissions(text, ("permissions",), Issues()) if text else frozenset()


def reaches(grants: frozenset[Grant], other: frozenset[Grant]) -> bool:
    """Return whether whatever the other grants open, these open too."""
    have = strongest(grants)
    return all(scope in have and permission <= have[scope] for scope, permission in strongest(other).items())


def refused(issues: Issues) -> list[tuple[tuple[str, ...], str, str | None]]:
    return [(issue.path, issue.rule, issue.received) for issue in issues.found]


def test_the_words_are_those_of_the_reference_pages() -> None:
    [reads] = onlineornot_phrases([Grant(scope=TokenScope.UPTIME_CHECKS, permission=READ)])

    assert reads == "uptime_checks (read)"
    assert {words.dashmon for words in WORDS.values()} == {"read_only", "read_write"}
    assert statusapp_permissions(on_every_scope(WRITE)) == "read,write"


@pytest.mark.parametrize(
    ("grants", "level", "permissions"),
    [
        (ALL_GRANTS, "read_write", "read,write,delete"),
        (on_every_scope(WRITE), "read_only", "read,write"),
        (on_every_scope(READ), "read_only", "read"),
        (frozenset(), None, ""),
        (ALL_GRANTS - {Grant(scope=TokenScope.TEAM, permission=DELETE)}, None, ""),
        (
            ALL_GRANTS - {Grant(scope=TokenScope.TEAM, permission=DELETE)}
            | {Grant(scope=TokenScope.TEAM, permission=READ)},
            "read_only",
            "read",
        ),
        ({Grant(scope=TokenScope.UPTIME_CHECKS, permission=DELETE)}, None, ""),
    ],
)
def test_a_coarser_dialect_shows_the_least_that_a_token_can_do_everywhere(grants, level, permissions) -> None:
    assert dashmon_access_level(grants) == level
    assert statusapp_permissions(grants) == permissions


@given(any_grants)
def test_phrases_say_exactly_what_is_granted(grants: frozenset[Grant]) -> None:
    issues = Issues()

    read_back = [grant_of_phrase(phrase, ("permissions",), issues) for phrase in onlineornot_phrases(grants)]

    assert strongest([grant for grant in read_back if grant]) == strongest(grants)
    assert issues.found == []


@pytest.mark.parametrize("level", ["read_only", "read_write"])
def test_an_access_level_comes_back_as_it_was_given(level: str) -> None:
    assert dashmon_access_level(of_level(level)) == level


@pytest.mark.parametrize("permissions", ["read", "read,write", "read,write,delete"])
def test_permissions_come_back_as_they_were_given(permissions: str) -> None:
    assert statusapp_permissions(of_permissions(permissions)) == permissions


@pytest.mark.parametrize("permissions", ["delete,write,read", " read , write,delete ", "read,delete,write"])
def test_permissions_may_come_in_any_order(permissions: str) -> None:
    assert of_permissions(permissions) == ALL_GRANTS


@given(any_grants)
def test_what_is_shown_is_never_wider_than_what_is_stored(grants: frozenset[Grant]) -> None:
    assert reaches(grants, of_level(dashmon_access_level(grants)))
    assert reaches(grants, of_permissions(statusapp_permissions(grants)))


@given(any_grants, any_grants)
def test_a_token_that_may_do_more_is_never_shown_as_less(
    grants: frozenset[Grant], more: frozenset[Grant]
) -> None:
    wider = grants | more

    assert ORDER_OF_LEVELS.index(dashmon_access_level(grants)) <= ORDER_OF_LEVELS.index(
        dashmon_access_level(wider)
    )
    assert ORDER_OF_PERMISSIONS.index(statusapp_permissions(grants)) <= ORDER_OF_PERMISSIONS.index(
        statusapp_permissions(wider)
    )


@given(any_grants)
def test_who_may_read_everywhere_is_shown_the_most_that_never_exceeds_it(grants: frozenset[Grant]) -> None:
    fitting = [text for text in ORDER_OF_PERMISSIONS if reaches(grants, of_permissions(text))]

    assert statusapp_permissions(grants) == fitting[-1]


@pytest.mark.parametrize(
    ("scope", "permission"), [("UPTIME_CHECKS", "READ"), ("uptime_checks", "read"), ("Uptime_Checks", "Read")]
)
def test_names_are_understood_in_either_case(scope: str, permission: str) -> None:
    issues = Issues()

    assert grant_of_names(scope, permission, ("grants", "0"), issues) == Grant(
        scope=TokenScope.UPTIME_CHECKS, permission=READ
    )
    assert issues.found == []


def test_names_that_are_unknown_are_all_told() -> None:
    issues = Issues()

    assert grant_of_names("TELEPORT", "FLY", ("grants", "0"), issues) is None
    assert refused(issues) == [
        (("grants", "0", "scope"), "enum", "TELEPORT"),
        (("grants", "0", "permission"), "enum", "FLY"),
    ]


@pytest.mark.parametrize(
    "phrase", ["", "uptime_checks", "uptime_checks(read)", "(read)", "uptime_checks (read) "]
)
def test_what_is_no_phrase_is_refused(phrase: str) -> None:
    issues = Issues()

    assert grant_of_phrase(phrase, ("permissions", "0"), issues) is None
    assert refused(issues) == [(("permissions", "0"), "pattern", phrase)]


@pytest.mark.parametrize("level", ["", "read", "READ_ONLY", "read_write "])
def test_an_unknown_access_level_is_refused_and_grants_nothing(level: str) -> None:
    issues = Issues()

    assert grants_of_access_level(level, ("accessLevel",), issues) == frozenset()
    assert refused(issues) == [(("accessLevel",), "enum", level)]


@pytest.mark.parametrize("permissions", ["", "write", "read,delete", "delete", "read,fly", "read,,write"])
def test_permissions_with_a_gap_or_unknown_ones_are_refused_and_grant_nothing(permissions: str) -> None:
    issues = Issues()

    assert grants_of_permissions(permissions, ("permissions",), issues) == frozenset()
    assert refused(issues) == [(("permissions",), "enum", permissions)]
