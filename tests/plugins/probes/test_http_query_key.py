"""A key in the query of an address, put there and taken away."""

from __future__ import annotations

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.probes.http.query_key import QueryKey, has_parameter

KEY = QueryKey(name="a key", value="s/cr&t+=")
WORDS = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=20)


def test_a_key_is_put_at_the_end_of_the_query_once() -> None:
    url = KEY.put_in(httpx.URL("http://web.test/path?page=2"))

    assert str(url) == "http://web.test/path?page=2&a%20key=s%2Fcr%26t%2B%3D"
    assert KEY.put_in(url) == url
    assert has_parameter(str(url), "a key")


def test_only_the_key_is_taken_away() -> None:
    url = httpx.URL("http://web.test/path?page=2&other=s%2fcr%26t%2B%3D&a+key=mine")

    assert str(KEY.taken_from(url)) == "http://web.test/path?page=2&a+key=mine"
    assert str(KEY.taken_from(KEY.put_in(httpx.URL("http://web.test/path")))) == "http://web.test/path"


@given(WORDS, WORDS, st.sampled_from(["http://web.test/", "http://web.test/?", "http://web.test/?a=b&c"]))
def test_what_was_put_in_is_found_and_taken_out_again(name: str, value: str, address: str) -> None:
    key = QueryKey(name=name, value=value)
    url = key.put_in(httpx.URL(address))

    assert key.is_in(url)
    assert not key.is_in(key.taken_from(url))


def test_the_value_is_not_shown() -> None:
    assert "s/cr" not in repr(KEY)


@pytest.mark.parametrize(("url", "has"), [("http://web.test/?k=1", True), ("http://web.test/?kk=1", False)])
def test_a_parameter_is_found_by_its_name(url: str, has: bool) -> None:
    assert has_parameter(url, "k") is has
