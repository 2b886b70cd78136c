"""However large a change is, what is written down of it is not."""

from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from core.audit.bounding import LARGEST_VIEW_BYTES, bounded_view

texts = st.text(max_size=8) | st.integers(0, 90_000).map("x".__mul__)
views = st.dictionaries(
    st.text(max_size=8),
    st.recursive(
        texts | st.integers() | st.none(),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
        max_leaves=12,
    ),
    max_size=5,
)


def size_bytes(value: object) -> int:
    return len(msgspec.json.encode(value))


@given(views)
def test_a_view_is_never_larger_than_it_may_be_and_one_that_is_not_too_large_stays_as_it_is(view) -> None:
    kept = bounded_view(view)

    assert size_bytes(kept) <= LARGEST_VIEW_BYTES
    if size_bytes(view) <= LARGEST_VIEW_BYTES:
        assert kept == view


def test_of_a_large_configuration_only_its_large_parts_are_told_by_their_size() -> None:
    view = {
        "name": "shop",
        "probe": {"kind": "odd", "words": ["x" * 100] * 1_000, "url": "https://example.org"},
    }

    assert bounded_view(view) == {
        "name": "shop",
        "probe": {"kind": "odd", "words": "[103001 bytes]", "url": "https://example.org"},
    }


def test_of_what_is_large_in_a_thousand_small_parts_the_whole_is_told_by_its_size() -> None:
    assert bounded_view({str(number): "x" * 1_000 for number in range(1_000)}) == {"omitted": "1008891 bytes"}
