"""What a plugin returns is made fit to be stored."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.checks.cleaning import LARGEST_JSON_BYTES, LONGEST_LINE, clean_outcome
from plugins.api.outcome import Assertion, CheckStatus, Outcome, RootCause, Timings


def test_a_message_is_one_storable_line() -> None:
    outcome = clean_outcome(Outcome(status=CheckStatus.DOWN, message="a\x00b\r\nc\ud800d" + "e" * 5000))

    assert outcome.message is not None
    assert outcome.message.startswith("a b c dee")
    assert len(outcome.message) == LONGEST_LINE


def test_a_failure_without_a_reason_says_so() -> None:
    assert clean_outcome(Outcome(status=CheckStatus.DOWN, message=" \n")).message == "no reason was given"
    assert clean_outcome(Outcome(status=CheckStatus.UP, message="")).message is None


@pytest.mark.parametrize("number", [math.nan, math.inf, -1.0])
def test_a_time_that_is_none_is_left_out(number: float) -> None:
    outcome = clean_outcome(
        Outcome(
            status=CheckStatus.UP,
            response_time_ms=number,
            timings=Timings(total_ms=number, dns_ms=number, tls_ms=2),
        )
    )

    assert (outcome.response_time_ms, outcome.timings) == (None, Timings(total_ms=0.0, tls_ms=2.0))


def test_codes_and_hints_keep_to_their_types() -> None:
    outcome = clean_outcome(
        Outcome(status=3, status_code=70_000, root_cause="DNS_FAILURE", incident_kind=None)  # type: ignore[arg-type]  # a careless plugin's
    )

    assert outcome.status is CheckStatus.DOWN
    assert outcome.root_cause is RootCause.DNS_FAILURE
    assert outcome.status_code is None


@pytest.mark.parametrize("returned", [None, "UP", 1, {"status": "UP"}])
def test_what_is_no_outcome_is_refused(returned: Any) -> None:
    with pytest.raises(TypeError, match="instead of an outcome"):
        clean_outcome(returned)


def test_evidence_too_large_is_left_out() -> None:
    outcome = clean_outcome(
        Outcome(status=CheckStatus.DOWN, message="x", evidence={str(n): "x" * 1000 for n in range(200)})
    )

    assert outcome.evidence == {"omitted": "larger than can be kept"}


def test_assertions_are_cut() -> None:
    long = Assertion(name="n" * 5000, passed=False, expected="e\x00" * 5000, actual=None)

    outcome = clean_outcome(Outcome(status=CheckStatus.DOWN, message="x", assertions=(long,) * 500))

    assert len(outcome.assertions) == 100
    assert {len(outcome.assertions[0].name), len(outcome.assertions[0].expected or "")} == {LONGEST_LINE}


_ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary() | st.dates(),
    lambda items: st.lists(items) | st.dictionaries(st.text() | st.integers(), items) | st.tuples(items),
    max_leaves=20,
)


@given(st.dictionaries(st.text(), _ANYTHING))
def test_evidence_becomes_strict_json(evidence: dict[str, Any]) -> None:
    outcome = clean_outcome(Outcome(status=CheckStatus.UP, evidence=evidence, facts=evidence))

    text = json.dumps(outcome.evidence, allow_nan=False)
    assert "\\u0000" not in text
    assert len(text.encode()) <= 6 * LARGEST_JSON_BYTES
    assert outcome.facts == outcome.evidence


def test_evidence_that_holds_itself_ends() -> None:
    evidence: dict[str, Any] = {}
    evidence["again"] = evidence

    json.dumps(clean_outcome(Outcome(status=CheckStatus.UP, evidence=evidence)).evidence)
