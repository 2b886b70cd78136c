"""Log lines: JSON for machines, words for people, the request's id in both."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator

import msgspec
import pytest

from core.log import configure_logging, get_logger, request_id


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _restored_root_logger() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = handlers, level


def test_a_file_gets_one_json_object_a_line_with_its_fields() -> None:
    stream = io.StringIO()
    configure_logging("info", stream)

    get_logger("core.example").warning("thing.happened", monitor="mon_1", count=2)

    entry = msgspec.json.decode(stream.getvalue())
    assert entry.pop("time").endswith("Z")
    assert entry == {
        "level": "warning",
        "event": "thing.happened",
        "logger": "core.example",
        "monitor": "mon_1",
        "count": 2,
    }


def test_a_terminal_gets_a_line_for_people() -> None:
    stream = Terminal()
    configure_logging("info", stream)

    get_logger("core.example").info("thing.happened", monitor="mon_1")

    assert stream.getvalue().split(maxsplit=1)[1] == "info    thing.happened monitor=mon_1\n"


def test_every_line_within_a_request_carries_its_id() -> None:
    stream = io.StringIO()
    configure_logging("info", stream)
    token = request_id.set("req_1")
    try:
        get_logger("core.example").info("thing.happened")
    finally:
        request_id.reset(token)

    assert msgspec.json.decode(stream.getvalue())["request"] == "req_1"


def test_an_exception_is_logged_with_its_traceback() -> None:
    stream = io.StringIO()
    configure_logging("info", stream)

    get_logger("core.example").exception("thing.failed", raised=ValueError("broken"))

    assert "ValueError: broken" in msgspec.json.decode(stream.getvalue())["traceback"]


def test_a_library_speaks_under_one_event() -> None:
    stream = io.StringIO()
    configure_logging("info", stream)

    logging.getLogger("somebody").warning("%s is odd", "this")

    entry = msgspec.json.decode(stream.getvalue())
    assert (entry["event"], entry["message"]) == ("library.said", "this is odd")
