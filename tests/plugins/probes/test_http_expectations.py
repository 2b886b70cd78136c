"""What is expected of a body, held against real answers."""

from __future__ import annotations

import asyncio
import gzip
import json
from time import thread_time
from typing import Any

import pytest

from plugins.api.config import ConfigErrors, parse
from plugins.api.outcome import Assertion, CheckStatus, Outcome, RootCause
from plugins.probes.http import HttpConfig
from plugins.probes.http.body_text import MAX_BODY_BYTES
from tests.plugins.conftest import ServeWeb
from tests.plugins.probes.http_looks import answer, look

pytestmark = pytest.mark.usefixtures("no_descriptor_is_left_open")

BODY = {
    "status": "degraded",
    "checks": [{"name": "disk space", "free": 12.5}],
    "token": "abcdefgh",
    "at": None,
}


def asserted(path: str, operator: str, value: str | None = None) -> dict[str, Any]:
    return {"path": path, "operator": operator} | ({} if value is None else {"value": value})


def of_body(outcome: Outcome) -> list[tuple[str, bool, str | None, str | None]]:
    return [
        (each.name, each.passed, each.expected, each.actual)
        for each in outcome.assertions
        if each.name != "status"
    ]


async def test_each_expectation_is_told_with_what_was_found_and_the_first_that_failed_is_the_reason(
    serve_web: ServeWeb,
) -> None:
    web = await serve_web(answer(json.dumps(BODY).encode(), "Content-Type: application/json"))

    outcome = await look(
        web.url(),
        bodyContains="disk",
        bodyLacks="degraded",
        json=[
            asserted("$.status", "EQUALS", "ok"),
            asserted("$.checks[0].free", "GREATER_THAN", "10"),
            asserted("$['checks'][-1].name", "MATCHES", "^disk\\s"),
            asserted("$.checks", "EXISTS"),
            asserted("$.at", "NOT_EQUALS", "never"),
            asserted("$.nothing", "NOT_EQUALS", "x"),
            asserted("$.token", "EQUALS", "other"),
            asserted("$.checks", "MATCHES", "."),
        ],
    )

    assert (outcome.status, outcome.root_cause) == (CheckStatus.DOWN, RootCause.APPLICATION_ERROR)
    assert outcome.message == (
        'bodyLacks: expected no "degraded" in the body, found a body with it; 4 more assertions failed'
    )
    assert outcome.assertions[0] == Assertion(name="status", passed=True, expected="200-299", actual="200")
    assert of_body(outcome) == [
        ("bodyContains", True, '"disk" in the body', "a body with it"),
        ("bodyLacks", False, 'no "degraded" in the body', "a body with it"),
        ("json $.status", False, "ok", "degraded"),
        ("json $.checks[0].free", True, "more than 10", "12.5"),
        ("json $['checks'][-1].name", True, "something that matches ^disk\\s", "disk space"),
        ("json $.checks", True, "anything", "a list of 1 items"),
        ("json $.at", True, "anything but never", "null"),
        ("json $.nothing", False, "anything but x", "nothing there"),
        ("json $.token", False, "other", "***"),
        ("json $.checks", False, "something that matches .", "a list of 1 items"),
    ]
    assert outcome.evidence is not None
    assert outcome.evidence["body"] == json.dumps(BODY)


async def test_an_answer_that_is_as_expected_is_up_without_evidence(serve_web: ServeWeb) -> None:
    web = await serve_web(answer(b'{"status": "ok"}'))

    outcome = await look(web.url(), bodyContains="ok", json=[asserted("$.status", "EQUALS", "ok")])

    assert (outcome.status, outcome.message, outcome.evidence) == (CheckStatus.UP, None, None)
    assert len(outcome.assertions) == 3


async def test_a_status_that_is_not_accepted_is_the_reason_and_the_body_is_judged_beside_it(
    serve_web: ServeWeb,
) -> None:
    web = await serve_web(answer(b"no", status="500 Oops"))

    outcome = await look(web.url(), bodyContains="yes", degradedAboveMs=60_000)

    assert outcome.message == (
        "answered with HTTP 500 Internal Server Error, expected 200-299; 1 more assertion failed"
    )
    assert outcome.root_cause is RootCause.SERVER_ERROR
    assert [each.name for each in outcome.assertions] == ["status", "bodyContains", "latency"]


async def test_a_body_is_read_by_its_charset_and_unpacked(serve_web: ServeWeb) -> None:
    latin = await serve_web(answer("Käse".encode("latin-1"), "Content-Type: text/html; charset=latin-1"))
    packed = await serve_web(answer(gzip.compress("Käse".encode()), "Content-Encoding: gzip"))
    utf16 = await serve_web(answer('{"a": "é"}'.encode("utf-16"), "Content-Type: a/json; charset=utf-16"))

    assert (await look(latin.url(), bodyContains="Käse")).status is CheckStatus.UP
    assert (await look(packed.url(), bodyContains="Käse")).status is CheckStatus.UP
    assert (await look(utf16.url(), json=[asserted("$.a", "EQUALS", "é")])).status is CheckStatus.UP


async def test_what_is_no_json_fails_every_assertion_about_it(serve_web: ServeWeb) -> None:
    web = await serve_web(answer(b"<html>"))

    outcome = await look(web.url(), json=[asserted("$.a", "EXISTS"), asserted("$", "NOT_EQUALS", "x")])

    assert outcome.status is CheckStatus.DOWN
    assert [actual for *_, actual in of_body(outcome)] == ["a body that is not JSON"] * 2


async def test_a_body_that_goes_on_beyond_what_is_read_is_judged_as_far_and_said_to_be_longer(
    serve_web: ServeWeb,
) -> None:
    text = b'{"a": 1' + b" " * MAX_BODY_BYTES + b"}end"
    web = await serve_web(answer(text))

    outcome = await look(web.url(), bodyContains="end", bodyLacks="end", json=[asserted("$.a", "EXISTS")])

    part = f"the first {MAX_BODY_BYTES} bytes of a longer body without it"
    assert of_body(outcome) == [
        ("bodyContains", False, '"end" in the body', part),
        ("bodyLacks", True, 'no "end" in the body', part),
        ("json $.a", False, "anything", f"a body of more than {MAX_BODY_BYTES} bytes"),
    ]


async def test_long_values_are_cut_in_what_is_told(serve_web: ServeWeb) -> None:
    web = await serve_web(answer(json.dumps({"a": "x" * 200_000}).encode()))

    outcome = await look(
        web.url(), json=[asserted("$.a", "EQUALS", "y" * 1_000), asserted("$.a", "MATCHES", "y")]
    )

    assert len(outcome.message or "") < 400
    (_, _, _, equal), (_, _, expected, matched) = of_body(outcome)
    assert equal == matched == "x" * 100 + "…"
    assert expected == "something that matches y (of its first 4000 characters)"


@pytest.mark.parametrize(
    ("items", "value", "holds"),
    [
        (["a", "b"], "b", True),
        ([1, 2.0], "2", True),
        ([[1], {"a": 1}], '{"a": 1}', True),
        (["abc"], "b", False),
        ([True], "1", False),
        ([0] * 9_000 + [7], "7", True),
        ([], "", False),
    ],
)
async def test_a_list_contains_what_one_of_its_items_equals(
    serve_web: ServeWeb, items: list[Any], value: str, holds: bool
) -> None:
    web = await serve_web(answer(json.dumps(items).encode()))

    outcome = await look(web.url(), json=[asserted("$", "CONTAINS", value)])

    assert (outcome.status is CheckStatus.UP) is holds


HOSTILE_BODIES = [
    b"[" * MAX_BODY_BYTES,
    b"[" + b"1," * (MAX_BODY_BYTES // 2 - 2) + b"1]",
    b"[" + b"1.2345678901e-300," * 14_000 + b"1]",
    b'{"a":"' + "é".encode() * 100_000 + b'"}',
    b"\x81" * MAX_BODY_BYTES,
    json.dumps({"a": "a" * 200_000}).encode(),
]


@pytest.mark.parametrize("charset", ["utf-8", "windows-1252", "utf-16"])
async def test_no_body_keeps_the_loop_from_turning(serve_web: ServeWeb, charset: str) -> None:
    gaps, looking = [0.0], True

    async def watch() -> None:
        before = thread_time()
        while looking:
            await asyncio.sleep(0)
            gaps.append(thread_time() - before)
            before = thread_time()

    webs = [
        await serve_web(answer(body, f"Content-Type: application/json; charset={charset}"))
        for body in HOSTILE_BODIES
    ]
    wanted = [asserted("$.a", "MATCHES", pattern) for pattern in ("(a*)*b", "(.*.*.*.*)*x", "(?:.*a){40}b")]
    wanted += [asserted("$", "CONTAINS", "[2]")] * 15
    watching = asyncio.create_task(watch())
    try:
        outcomes = await asyncio.gather(
            *(look(web.url(), bodyContains="zz", bodyLacks="a" * 999 + "b", json=wanted) for web in webs)
        )
    finally:
        looking = False
        await watching

    assert {outcome.status for outcome in outcomes} == {CheckStatus.DOWN}
    assert max(gaps) < 0.25


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"bodyContains": ""}, "bodyContains"),
        ({"bodyContains": "x" * 1_001}, "bodyContains"),
        ({"bodyLacks": "x" * 1_001}, "bodyLacks"),
        ({"json": [asserted("$.a", "EXISTS")] * 21}, "json"),
        ({"json": [asserted("$..a", "EXISTS")]}, "json.0.path"),
        ({"json": [asserted("$.a", "RHYMES")]}, "json.0.operator"),
        ({"json": [asserted("$.a", "MATCHES", "(")]}, "json.0.value"),
        ({"method": "HEAD", "bodyContains": "x"}, "bodyContains"),
        ({"method": "HEAD", "json": [asserted("$.a", "EXISTS")]}, "json"),
        ({"certificateDaysLeft": 0}, "certificateDaysLeft"),
        ({"certificateDaysLeft": 366}, "certificateDaysLeft"),
        ({"certificateDaysLeft": 14}, "certificateDaysLeft"),
    ],
)
def test_what_cannot_be_judged_is_refused_at_its_path(fields: dict[str, Any], path: str) -> None:
    with pytest.raises(ConfigErrors) as raised:
        parse(HttpConfig, {"url": "http://web.test/", **fields})

    assert [".".join(issue.path) for issue in raised.value.issues] == [path]
