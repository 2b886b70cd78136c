"""Frames as RFC 6455 has them, and what breaks its rules."""

from __future__ import annotations

import pytest

from core.websocket.frames import (
    CloseCode,
    Frame,
    FrameReader,
    Opcode,
    Violation,
    encode_close,
    encode_frame,
)

MASK = b"\x11\x22\x33\x44"


def masked(opcode: int, payload: bytes, *, is_final: bool = True, first: int | None = None) -> bytes:
    """Return a frame as a client sends it."""
    head = first if first is not None else (0x80 if is_final else 0) | opcode
    size = len(payload)
    if size <= 125:
        length = bytes([0x80 | size])
    elif size <= 0xFFFF:
        length = bytes([0x80 | 126]) + size.to_bytes(2)
    else:
        length = bytes([0x80 | 127]) + size.to_bytes(8)
    body = bytes(byte ^ MASK[place % 4] for place, byte in enumerate(payload))
    return bytes([head]) + length + MASK + body


def read(reader: FrameReader, sent: bytes) -> list[Frame]:
    """Return what is told once those bytes have come, without what stands for parts."""
    reader.feed(sent)
    frames = list(iter(reader.next, None))
    return [frame for frame in frames if frame.opcode is not Opcode.CONTINUATION]


@pytest.fixture
def reader() -> FrameReader:
    return FrameReader(most_bytes=100_000)


@pytest.mark.parametrize("size", [0, 1, 3, 4, 125, 126, 127, 65_535, 65_536, 99_999])
def test_a_message_of_any_length_is_read_however_it_is_cut(reader, size) -> None:
    payload = bytes(range(256)) * (size // 256 + 1)
    sent = masked(Opcode.BINARY, payload[:size]) + masked(Opcode.TEXT, "schön".encode())
    heard = []
    for start in range(0, len(sent), 997):
        heard += read(reader, sent[start : start + 997])

    assert [(frame.opcode, len(frame.payload)) for frame in heard] == [
        (Opcode.BINARY, size),
        (Opcode.TEXT, 6),
    ]
    assert heard[0].payload == payload[:size]
    assert heard[1].text == "schön"


def test_fragments_are_joined_and_control_frames_may_come_between(reader) -> None:
    sent = (
        masked(Opcode.TEXT, b"one ", is_final=False)
        + masked(Opcode.PING, b"?")
        + masked(Opcode.CONTINUATION, b"two ", is_final=False)
        + masked(Opcode.CONTINUATION, b"three")
    )
    heard = [frame for place in range(len(sent)) for frame in read(reader, sent[place : place + 1])]

    assert [(frame.opcode, frame.payload) for frame in heard] == [
        (Opcode.PING, b"?"),
        (Opcode.TEXT, b"one two three"),
    ]


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        (encode_frame(Opcode.TEXT, b"unmasked"), CloseCode.PROTOCOL_ERROR),
        (masked(0, b"", first=0xC1), CloseCode.PROTOCOL_ERROR),
        (masked(0, b"", first=0x83), CloseCode.PROTOCOL_ERROR),
        (masked(Opcode.CONTINUATION, b"of nothing"), CloseCode.PROTOCOL_ERROR),
        (masked(Opcode.TEXT, b"a", is_final=False) + masked(Opcode.TEXT, b"b"), CloseCode.PROTOCOL_ERROR),
        (masked(Opcode.PING, b"", is_final=False), CloseCode.PROTOCOL_ERROR),
        (masked(Opcode.PING, b"x" * 126), CloseCode.PROTOCOL_ERROR),
        (masked(Opcode.TEXT, b"x" * 100_001), CloseCode.TOO_BIG),
        (
            masked(Opcode.TEXT, b"x" * 60_000, is_final=False) + masked(Opcode.CONTINUATION, b"x" * 60_000),
            CloseCode.TOO_BIG,
        ),
        (bytes([0x81, 0xFF]) + (2**63).to_bytes(8), CloseCode.TOO_BIG),
        (bytes([0x81, 0xFE]) + (125).to_bytes(2), CloseCode.PROTOCOL_ERROR),
        (bytes([0x81, 0xFF]) + (0xFFFF).to_bytes(8), CloseCode.PROTOCOL_ERROR),
        (masked(Opcode.CLOSE, b"x"), CloseCode.PROTOCOL_ERROR),
        *(
            (masked(Opcode.CLOSE, code.to_bytes(2)), CloseCode.PROTOCOL_ERROR)
            for code in (0, 999, 1004, 1005, 1006, 1015, 2999, 5000, 65_535)
        ),
        (masked(Opcode.CLOSE, (1000).to_bytes(2) + b"\xff"), CloseCode.INVALID_DATA),
    ],
)
def test_whatever_breaks_the_rules_is_told_by_its_code(reader, sent, code) -> None:
    with pytest.raises(Violation) as refused:
        read(reader, sent)

    assert refused.value.code is code


@pytest.mark.parametrize("code", [1000, 1001, 1003, 1007, 1011, 1014, 3000, 4999])
def test_a_close_frame_says_a_code_and_perhaps_a_reason(reader, code) -> None:
    payload = code.to_bytes(2) + "Grüße".encode()

    assert read(reader, masked(Opcode.CLOSE, payload)) == [Frame(Opcode.CLOSE, payload)]
    assert read(reader, masked(Opcode.CLOSE, b"")) == [Frame(Opcode.CLOSE, b"")]


def test_a_control_frame_is_not_counted_into_the_message_around_it(reader) -> None:
    sent = (
        masked(Opcode.TEXT, b"x" * 99_999, is_final=False)
        + masked(Opcode.PING, b"?" * 125)
        + masked(Opcode.CONTINUATION, b"x")
    )

    assert [len(frame.payload) for frame in read(reader, sent)] == [125, 100_000]


def test_a_text_must_be_utf_8(reader) -> None:
    [frame] = read(reader, masked(Opcode.TEXT, b"\xff"))
    with pytest.raises(Violation) as refused:
        _ = frame.text

    assert refused.value.code is CloseCode.INVALID_DATA


def test_a_reason_that_is_too_long_is_cut_between_letters() -> None:
    frame = encode_close(4400, "ü" * 100)

    assert frame[1] == 2 + 122
    assert frame[4:].decode() == "ü" * 61
