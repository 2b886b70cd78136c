"""What the http kind makes of hostile peers is what its page says, in time, in bounded memory, without a trace."""

from __future__ import annotations

import asyncio
import re
import ssl
import tracemalloc
from dataclasses import dataclass
from pathlib import Path

import pytest

from plugins.api.outbound import Outbound
from plugins.api.outcome import CheckStatus, Outcome
from plugins.api.probe import ProbeContext
from plugins.conformance import ConformanceCheck
from plugins.conformance.hostile import (
    CONNECTION_PEERS,
    HANDSHAKE_PEERS,
    HOST,
    WEB_PEERS,
    HostilePeer,
    hostile_checks,
)
from plugins.probes.http import HTTP, HttpConfig
from tests.plugins.conftest import Authority
from tests.plugins.hostile_certificates import bad_certificates

pytestmark = pytest.mark.usefixtures("no_descriptor_is_left_open")

PAGE = Path(__file__).parents[3] / "docs/reference/http-outcomes.md"
PATIENT_SECONDS, IMPATIENT_SECONDS = 30.0, 4.0
GRACE_SECONDS = 5.0
MOST_TRACED_BYTES = 4_000_000
REPEATS = 50


@dataclass(frozen=True)
class Row:
    """A row of the page: what the peer does, and what comes of it."""

    status: str
    reason: str
    root_cause: str


def page_rows() -> dict[str, Row]:
    rows = {}
    for line in PAGE.read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("|") and len(cells) == 4 and cells[1] in CheckStatus.__members__:
            rows[cells[0]] = Row(*cells[1:])
    return rows


def row_of(outcome: Outcome) -> Row:
    """Return the outcome as the page writes it: without the port and the limit of this run."""
    reason = re.sub(r"port \d+", "port N", outcome.message or "")
    reason = re.sub(r"limit [\d.]+ s", "limit N s", reason)
    cause = outcome.root_cause.value if outcome.root_cause else ""
    return Row(CheckStatus(outcome.status).name, reason, cause)


async def look(
    url: str, *, timeout_seconds: float = PATIENT_SECONDS, outbound: Outbound | None = None
) -> Outcome:
    """Look once; fail unless there is an outcome before the caller's own deadline."""
    context = ProbeContext(
        timeout_seconds=timeout_seconds,
        outbound=outbound or Outbound(),
        run_blocking=asyncio.to_thread,
        memory={},
    )
    async with asyncio.timeout(timeout_seconds + GRACE_SECONDS):
        outcome = await HTTP.check(HttpConfig(url=url), context)
    assert outcome.status is CheckStatus.UP or len((outcome.message or "").splitlines()) == 1
    return outcome


def timeout_for(peer: HostilePeer) -> float:
    return IMPATIENT_SECONDS if peer.keeps_waiting else PATIENT_SECONDS


async def looked_at(
    peer: HostilePeer,
    *,
    scheme: str = "http",
    tls: ssl.SSLContext | None = None,
    outbound: Outbound | None = None,
) -> Row:
    async with peer.served(tls=tls) as port:
        host = "localhost" if tls else HOST
        return row_of(
            await look(f"{scheme}://{host}:{port}/", timeout_seconds=timeout_for(peer), outbound=outbound)
        )


QUICK_WEB_PEERS = [peer for peer in WEB_PEERS if not peer.keeps_waiting]
SLOW_WEB_PEERS = [peer for peer in WEB_PEERS if peer.keeps_waiting]
QUICK_HANDSHAKE_PEERS = [peer for peer in HANDSHAKE_PEERS if not peer.keeps_waiting]
SLOW_HANDSHAKE_PEERS = [peer for peer in HANDSHAKE_PEERS if peer.keeps_waiting]
NEVER_ACCEPTS = CONNECTION_PEERS[0]


@pytest.mark.parametrize("peer", QUICK_WEB_PEERS, ids=str)
async def test_a_hostile_web_server_comes_to_what_the_page_says(peer: HostilePeer) -> None:
    assert await looked_at(peer) == page_rows()[peer.name]


@pytest.mark.parametrize("peer", QUICK_WEB_PEERS, ids=str)
async def test_a_hostile_web_server_comes_to_the_same_by_tls(peer: HostilePeer, authority: Authority) -> None:
    tls, outbound = authority.server_context("localhost"), Outbound(authorities=authority.path)

    row = await looked_at(peer, scheme="https", tls=tls, outbound=outbound)

    assert row == page_rows()[peer.name]


@pytest.mark.parametrize("peer", QUICK_HANDSHAKE_PEERS, ids=str)
async def test_a_hostile_handshake_comes_to_what_the_page_says(peer: HostilePeer) -> None:
    assert await looked_at(peer, scheme="https") == page_rows()[peer.name]


async def test_a_peer_that_keeps_us_waiting_is_given_up_in_time(authority: Authority) -> None:
    tls, outbound = authority.server_context("localhost"), Outbound(authorities=authority.path)
    plain = (NEVER_ACCEPTS, *SLOW_WEB_PEERS)
    # Making the TLS context takes its time, once.
    await looked_at(QUICK_HANDSHAKE_PEERS[0], scheme="https", outbound=outbound)

    found = await asyncio.gather(
        *(looked_at(peer) for peer in plain),
        *(looked_at(peer, scheme="https", tls=tls, outbound=outbound) for peer in SLOW_WEB_PEERS),
        *(looked_at(peer, scheme="https", outbound=outbound) for peer in SLOW_HANDSHAKE_PEERS),
    )

    peers = (*plain, *SLOW_WEB_PEERS, *SLOW_HANDSHAKE_PEERS)
    assert {peer.name: row for peer, row in zip(peers, found, strict=True)} == {
        peer.name: page_rows()[peer.name] for peer in peers
    }


async def test_a_bad_certificate_of_each_sort_comes_to_what_the_page_says(authority: Authority) -> None:
    outbound = Outbound(authorities=authority.path)
    server = HostilePeer(name="is well but for its certificate", behave=_answer)
    found = {}
    for fault, tls in bad_certificates(authority.ca):
        found[fault] = await looked_at(server, scheme="https", tls=tls, outbound=outbound)

    assert found == {fault: page_rows()[fault] for fault in found}


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")


@pytest.mark.parametrize(
    "check", hostile_checks(HTTP, lambda port: {"url": f"http://{HOST}:{port}/"}), ids=str
)
async def test_the_kit_finds_nothing_plain(check: ConformanceCheck) -> None:
    await check.run()


@pytest.mark.parametrize(
    "check", hostile_checks(HTTP, lambda port: {"url": f"https://{HOST}:{port}/"}), ids=str
)
async def test_the_kit_finds_nothing_by_tls(check: ConformanceCheck) -> None:
    await check.run()


def test_the_page_names_every_peer_and_no_other(authority: Authority) -> None:
    known = [NEVER_ACCEPTS.name, *(peer.name for peer in (*WEB_PEERS, *HANDSHAKE_PEERS))]
    known += [fault for fault, _ in bad_certificates(authority.ca)]

    assert sorted(page_rows()) == sorted(known)


@pytest.mark.parametrize(
    "peer",
    [
        peer
        for peer in QUICK_WEB_PEERS
        if re.search("bomb|without end|1 MB|10,000|to itself|60,000", peer.name)
    ],
    ids=str,
)
async def test_what_comes_in_takes_no_more_memory_than_its_bound(peer: HostilePeer) -> None:
    async with peer.served() as port:
        url = f"http://{HOST}:{port}/"
        await look(url)
        tracemalloc.start()
        try:
            first = await _traced_after(url, 2)
            last = await _traced_after(url, REPEATS)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()

    assert peak < MOST_TRACED_BYTES
    assert last - first < 500_000


async def _traced_after(url: str, looks: int) -> int:
    for _ in range(looks):
        await look(url)
    return tracemalloc.get_traced_memory()[0]
