"""The sub-commands that need no database."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib import metadata
from pathlib import Path

import msgspec
import pytest

from core.cli import main
from core.cli.plugins import lines
from core.plugin_registry import PluginRegistry
from core.plugin_sources import PluginFailure

ROOT = Path(__file__).parents[3]


@pytest.fixture
def website() -> Iterator[str]:
    """A web server on loopback whose page /missing is missing."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(404 if self.path == "/missing" else 200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_version_is_that_of_the_distribution(capsys) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--version"])

    assert ended.value.code == 0
    assert capsys.readouterr().out == f"tocsin {metadata.version('tocsin')}\n"


def test_help_names_every_command_with_its_purpose(capsys) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])

    told = capsys.readouterr().out
    for command in ("serve", "worker", "migrate", "region", "workspace", "plugins", "check", "schema"):
        assert re.search(rf"^    {command}\b", told, re.MULTILINE)


def test_an_unknown_command_is_a_usage_error(capsys) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["dance"])

    assert ended.value.code == 2


def test_plugins_shows_what_is_loaded_and_from_where(capsys) -> None:
    assert main(["plugins"]) == 0

    assert "http (tocsin): probe http" in capsys.readouterr().out.splitlines()


def test_plugins_shows_what_failed_and_why() -> None:
    registry = PluginRegistry(
        failures=(
            PluginFailure(entry_point="mqtt", distribution="tocsin-mqtt", reason="no module named paho"),
        )
    )

    assert list(lines(registry)) == ["mqtt (tocsin-mqtt): failed: no module named paho"]


def test_schema_prints_the_committed_sdl(capsys) -> None:
    assert main(["schema"]) == 0

    assert capsys.readouterr().out == (ROOT / "docs/reference/schema.graphql").read_text()


def test_check_of_a_target_that_is_up_shows_its_phases(website: str, capsys) -> None:
    assert main(["check", "http", website + "/"]) == 0

    told = capsys.readouterr().out.splitlines()
    assert told[0].startswith(f"UP {website}/ 200 in ")
    assert [line.split()[0] for line in told[1:]] == ["connect", "first", "transfer", "total"]


def test_check_of_a_target_that_is_down_says_why_and_fails(website: str, capsys) -> None:
    assert main(["check", "http", f"{website}/missing", "--json"]) == 1

    told = msgspec.json.decode(capsys.readouterr().out)
    assert (told["status"], told["statusCode"]) == ("DOWN", 404)
    assert told["timings"]["totalMs"] > 0
    assert told["assertions"] == [{"name": "status", "passed": False, "expected": "200-299", "actual": "404"}]


@pytest.mark.parametrize(
    ("kind", "target", "told"),
    [
        ("dance", "x", "no probe kind is called dance: there are heartbeat, http"),
        ("heartbeat", "x", "heartbeat waits for its target to report"),
        ("http", "example.org", "must start with http:// or https://"),
    ],
)
def test_check_of_what_cannot_be_looked_at_is_a_usage_error(
    kind: str, target: str, told: str, capsys
) -> None:
    assert main(["check", kind, target]) == 2

    assert told in capsys.readouterr().err
