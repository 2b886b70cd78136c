"""Bytes that a receiver gets back when it stringifies what it parsed."""

from __future__ import annotations

import json
import shutil
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.deliveries.canonical_json import canonical_json

HOSTILE_NAMES = [
    "plain",
    'quotes " and \\ backslashes \\u0041 / </script>',
    "control \x01\x08\x09\x0a\x0b\x0c\x0d\x1f\x7f\x80",
    "line\u2028and paragraph\u2029separators, a BOM \ufeff, a noncharacter \uffff",
    "emoji 🐘 and e\u0301, right to left \u202e",
    "nul\x00inside",
    "lone \ud800 and \udfff",
    "__proto__",
    "",
    "1e999",
]

texts = st.text(st.characters())
numbers = st.integers(-(2**53) + 1, 2**53 - 1)
names = texts.filter(lambda name: not name.replace("\x00", "").isdigit())
values = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=4),
    max_leaves=20,
)


@given(values)
def test_parsing_and_writing_again_gives_the_same_bytes(value) -> None:
    written = canonical_json(value)

    assert canonical_json(json.loads(written)) == written


@given(values)
def test_the_bytes_are_compact_utf_8_without_nul_and_lone_surrogates(value) -> None:
    text = canonical_json(value).decode()

    assert "\\u0000" not in text
    assert json.dumps(json.loads(text), ensure_ascii=False, separators=(",", ":")) == text


@pytest.mark.parametrize("value", [0.5, float("nan"), 2**53, -(2**53), {"7": 1}, {"\x007": 1}, b"bytes"])
def test_what_javascript_writes_otherwise_is_refused(value) -> None:
    with pytest.raises(ValueError):
        canonical_json(value)


@pytest.mark.node
@pytest.mark.skipif(shutil.which("node") is None, reason="Node.js is not installed")
def test_node_stringifies_what_it_parsed_to_the_same_bytes() -> None:
    script = """
        const lines = require('fs').readFileSync(0, 'utf8').split('\\n');
        process.stdout.write(lines.map(line => JSON.stringify(JSON.parse(line))).join('\\n'));
    """
    written = [canonical_json({"name": name, name + "x": [name, 1, None, True]}) for name in HOSTILE_NAMES]

    answer = subprocess.run(
        ["node", "-e", script], input=b"\n".join(written), stdout=subprocess.PIPE, check=True, timeout=60
    )

    assert answer.stdout.split(b"\n") == written
