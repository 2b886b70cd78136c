"""Bodies become texts by the charset that their answer names."""

from __future__ import annotations

import httpx
import pytest

from plugins.probes.http.body_text import charset_of, text_of

PAGE_CHARSETS = [
    *(
        "utf-8",
        "utf8",
        "utf-16",
        "utf-16le",
        "us-ascii",
        "latin1",
        "koi8-r",
        "shift_jis",
        "euc-jp",
        "iso-2022-jp",
    ),
    *("gb2312", "gbk", "gb18030", "big5", "euc-kr"),
    *(f"windows-{number}" for number in (874, *range(1250, 1259))),
    *(f"iso-8859-{number}" for number in (*range(1, 12), 13, 14, 15, 16)),
]


async def turn() -> None:
    pass


@pytest.mark.parametrize("charset", PAGE_CHARSETS)
async def test_every_charset_of_pages_is_known(charset: str) -> None:
    python_name = charset_of(f"text/html; charset={charset}")
    response = httpx.Response(
        200, headers={"content-type": f"text/html; charset={charset}"}, content="up".encode(python_name)
    )

    assert python_name != "utf-8" or charset in ("utf-8", "utf8")
    assert await text_of(response, turn) == "up"


async def test_a_letter_on_the_edge_of_two_slices_is_whole_and_the_work_takes_turns() -> None:
    turns = 0

    async def take_turn() -> None:
        nonlocal turns
        turns += 1

    text = "x" + "é" * 100_000
    assert await text_of(httpx.Response(200, content=text.encode()), take_turn) == text
    assert turns > 1


async def test_what_does_not_belong_in_the_charset_is_replaced_and_a_byte_order_mark_left_out() -> None:
    response = httpx.Response(200, content=b"\xef\xbb\xbfa\xffb")

    assert await text_of(response, turn) == "a\ufffdb"


@pytest.mark.parametrize("body", ["é".encode("utf-16"), "é".encode("utf-16-le"), b"\xfe\xff\x00\xe9"])
async def test_utf_16_is_read_in_its_order_and_low_byte_first_where_it_does_not_say_it(body: bytes) -> None:
    response = httpx.Response(200, headers={"content-type": "text/plain; charset=utf-16"}, content=body)

    assert await text_of(response, turn) == "é"
