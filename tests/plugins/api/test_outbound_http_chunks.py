"""Bodies in chunks: read the same however they are cut, and refused where they are malformed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.api.outbound import ProtocolFailed
from plugins.api.outbound.http_chunks import ChunkedBody


def in_chunks(*chunks: bytes) -> bytes:
    return b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in (*chunks, b""))


@given(st.lists(st.binary(min_size=1, max_size=50), max_size=10), st.integers(1, 30), st.binary(max_size=9))
def test_a_body_reads_the_same_however_it_arrives(chunks: list[bytes], size: int, behind: bytes) -> None:
    wire = in_chunks(*chunks) + behind
    body = ChunkedBody(most_chunks=100)

    for start in range(0, len(wire), size):
        if not body.is_whole:
            body.feed(wire[start : start + size])

    assert body.is_whole
    assert bytes(body.data) == b"".join(chunks)


@pytest.mark.parametrize(
    ("wire", "data"),
    [
        (b"3;name=value;other\r\nabc\r\n0\r\n\r\n", b"abc"),
        (b"0003 \r\nabc\r\n0\r\nX-Trailer: 1\r\n\r\n", b"abc"),
        (b"3\nabc\n0\n\n", b"abc"),
        (b"A\r\n0123456789\r\n00\r\n\r\n", b"0123456789"),
    ],
)
def test_what_servers_may_add_is_passed_over(wire: bytes, data: bytes) -> None:
    body = ChunkedBody(most_chunks=100)
    body.feed(wire)

    assert (bytes(body.data), body.is_whole) == (data, True)


@pytest.mark.parametrize(
    "wire",
    [
        b"\r\n",
        b"x\r\n",
        b"-1\r\n",
        b"+3\r\n",
        b"0x3\r\nabc\r\n",
        b"3\r\nabcd\r\n",
        b"3\r\nabc3\r\n",
        b"11111111111111111\r\n",
        b"1;" + b"x" * 5_000,
        b" 3\r\nabc\r\n",
    ],
)
def test_a_malformed_chunk_is_refused(wire: bytes) -> None:
    with pytest.raises(ProtocolFailed, match=r"^not a valid HTTP answer: malformed chunk$"):
        ChunkedBody(most_chunks=100).feed(wire)


def test_a_trailer_without_an_end_is_refused() -> None:
    body = ChunkedBody(most_chunks=100)
    body.feed(b"0\r\n")

    with pytest.raises(ProtocolFailed, match="trailer of the answer is larger than 4096 bytes"):
        body.feed(b"X: y\r\n" * 20_000)


def test_the_end_that_has_not_come_is_waited_for() -> None:
    body = ChunkedBody(most_chunks=100)
    body.feed(b"3\r\nabc\r\n0\r\n")

    assert not body.is_whole


def test_chunks_are_counted() -> None:
    body = ChunkedBody(most_chunks=3)
    body.feed(in_chunks(b"a", b"b", b"c", b"d"))

    assert (bytes(body.data), body.is_whole, body.has_room) == (b"abc", False, False)
