"""A certificate that nears its end asks for an EXPIRY incident, and says nothing of the status."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from plugins.api.outbound import Outbound
from plugins.api.outcome import CheckStatus, IncidentKind, RootCause
from plugins.probes.http.certificate_end import CertificateEnd, held_against
from tests.plugins.conftest import Authority, ServeWeb
from tests.plugins.probes.http_looks import answer, context, look

pytestmark = pytest.mark.usefixtures("no_descriptor_is_left_open")

NOW = datetime(2026, 2, 16, 11, 23, tzinfo=UTC)


def ends_in(**time: float) -> datetime:
    return datetime.now(UTC) + timedelta(**time)


async def test_a_certificate_that_nears_its_end_is_up_and_asks_for_an_incident(
    serve_web: ServeWeb, authority: Authority
) -> None:
    end = ends_in(days=9, hours=1)
    web = await serve_web(answer(), tls=authority.server_context("localhost", not_after=end))
    url, shared = web.url(scheme="https", host="localhost"), context(Outbound(authorities=authority.path))

    near = await look(url, shared, certificateDaysLeft=14)
    far = await look(url, shared, certificateDaysLeft=9)
    unasked = await look(url, shared)
    unverified = await look(url, certificateDaysLeft=14, verifyTls=False)

    assert (near.status, near.incident_kind, near.root_cause) == (
        CheckStatus.UP,
        IncidentKind.EXPIRY,
        RootCause.SSL_CERTIFICATE,
    )
    assert near.message == f"certificate of localhost ends on {end:%Y-%m-%d} (9 days left)"
    certificate = near.assertions[-1]
    assert (certificate.name, certificate.passed) == ("certificate", False)
    assert (certificate.expected, certificate.actual) == ("valid for at least 14 days", "9 days left")
    assert (far.status, far.incident_kind, far.message, far.evidence) == (CheckStatus.UP, None, None, None)
    assert far.assertions[-1].passed
    assert [each.name for each in unasked.assertions] == ["status"]
    assert unverified.incident_kind is IncidentKind.EXPIRY


async def test_an_answer_that_is_slow_too_says_both_and_one_that_failed_asks_for_nothing_else(
    serve_web: ServeWeb, authority: Authority
) -> None:
    tls = authority.server_context("localhost", not_after=ends_in(days=2, hours=1))
    slow = await serve_web(answer(b"x"), tls=tls)
    url, shared = slow.url(scheme="https", host="localhost"), context(Outbound(authorities=authority.path))
    answer_is_slow = 1  # a TLS handshake alone takes longer than a millisecond

    degraded = await look(url, shared, certificateDaysLeft=14, degradedAboveMs=answer_is_slow)
    down = await look(url, shared, certificateDaysLeft=14, bodyContains="y")

    assert (degraded.status, degraded.incident_kind) == (CheckStatus.DEGRADED, IncidentKind.EXPIRY)
    assert "slower than 1 ms; certificate of localhost ends on" in (degraded.message or "")
    assert (down.status, down.incident_kind) == (CheckStatus.DOWN, None)
    assert not down.assertions[-1].passed


async def test_the_certificate_that_ends_first_of_all_on_the_way_counts(
    serve_web: ServeWeb, authority: Authority
) -> None:
    far = authority.server_context("localhost", not_after=ends_in(days=90, hours=1))
    near = authority.server_context("localhost", not_after=ends_in(days=3, hours=1))
    last = await serve_web(answer(), tls=far)
    location = last.url(scheme="https", host="localhost")
    first = await serve_web(answer(b"", f"Location: {location}", status="302 Found"), tls=near)
    shared = context(Outbound(authorities=authority.path))

    outcome = await look(first.url(scheme="https", host="localhost"), shared, certificateDaysLeft=30)

    assert outcome.incident_kind is IncidentKind.EXPIRY
    assert "(3 days left)" in (outcome.message or "")


@pytest.mark.parametrize(
    ("left", "days", "passed", "actual"),
    [
        (timedelta(days=14), 14, True, "14 days left"),
        (timedelta(days=14, seconds=-1), 14, False, "13 days left"),
        (timedelta(days=1, hours=5), 14, False, "1 day left"),
        (timedelta(hours=5), 1, False, "0 days left"),
        (timedelta(seconds=-1), 1, False, "ended"),
    ],
)
def test_whole_days_are_counted(left: timedelta, days: int, passed: bool, actual: str) -> None:
    found = held_against(CertificateEnd(host="web.test", at=NOW + left), days, NOW)

    assert (found.passed, found.actual) == (passed, actual)
