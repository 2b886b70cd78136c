"""What of headers and bodies is shown."""

from __future__ import annotations

from plugins.probes.http.redaction import printable, redacted_headers


def test_headers_that_authorize_are_left_out_and_addresses_redacted() -> None:
    headers = [
        ("content-type", "text/html"),
        ("set-cookie", "id=1"),
        ("www-authenticate", "Basic"),
        ("x-api-key", "1"),
        ("location", "/next?token=abc"),
    ]

    assert redacted_headers(headers) == [["content-type", "text/html"], ["location", "/next?token=***"]]


def test_control_characters_are_replaced_and_lines_kept() -> None:
    assert printable("a\x00b\x1b[31m\nc\td\ud800") == "a\ufffdb\ufffd[31m\nc\td\ufffd"


def test_what_turns_the_reading_direction_or_breaks_lines_unseen_is_replaced() -> None:
    assert (
        printable("\u202egpj.exe \u2066a\u2069 b\u2028c \u0627")
        == "\ufffdgpj.exe \ufffda\ufffd b\ufffdc \u0627"
    )


def test_addresses_in_headers_are_made_printable_too() -> None:
    assert redacted_headers([("location", "/\u202ea\x1bb")]) == [["location", "/\ufffda\ufffdb"]]
