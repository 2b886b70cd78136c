"""The page's own programs, unchanged but for the address, the key and the id; and its examples beside our answers."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from core.asgi import create_app
from core.inherited_socket_server import InheritedSocketServer
from core.supervision.listening_socket import BACKLOG, listen
from tests.graphql_schema.conftest import Tenant

PAGE = (Path(__file__).parents[2] / "contract" / "pages" / "onlineornot-tokens-api.txt").read_text()


@dataclass(frozen=True, kw_only=True)
class Program:
    """A curl line of the page, and the answer that it shows for it."""

    line: str
    example: dict[str, Any]

    def __str__(self) -> str:
        method = re.search(r"--request (\w+)", self.line)
        path = re.search(r"onlineornot\.com(\S+)", self.line)
        assert method is not None
        assert path is not None
        return f"{method[1]} {path[1]}"


def programs() -> list[Program]:
    found = re.findall(r"^(curl .*?)\n\nResponse\n\n(\{.*?^\})", PAGE, re.DOTALL | re.MULTILINE)
    return [Program(line=line, example=msgspec.json.decode(example)) for line, example in found]


@pytest.fixture
async def address(services) -> AsyncIterator[str]:
    """The address of a server with every face."""
    listener = listen("127.0.0.1", 0)
    port = listener.getsockname()[1]
    server = InheritedSocketServer(create_app(services), listener.detach(), BACKLOG)
    started = asyncio.Event()
    serving = asyncio.create_task(server.run(started.set))
    await started.wait()
    yield f"http://127.0.0.1:{port}"
    server.end()
    await serving


def test_the_page_has_a_program_for_each_of_its_routes() -> None:
    assert len({str(program) for program in programs()}) == 6


@pytest.mark.parametrize("program", programs(), ids=str)
async def test_a_program_of_the_page_runs_and_gets_what_the_page_shows(
    address, owner: Tenant, program
) -> None:
    await owner.fetch("UPDATE api_tokens SET expires_at = $1", owner.now + timedelta(days=1))
    token_id = (await owner.data("{ apiTokens { nodes { id } } }"))["apiTokens"]["nodes"][0]["id"]
    line = program.line.replace("https://api.onlineornot.com", address)
    line = line.replace("{access-token}", owner.secret).replace("a1b2c3d4", token_id)

    process = await asyncio.create_subprocess_shell(
        f"{line} --silent --show-error", stdout=asyncio.subprocess.PIPE
    )
    output, _ = await process.communicate()

    assert process.returncode == 0
    assert shape_of(msgspec.json.decode(output)) == shape_of(program.example)


def shape_of(value: Any) -> Any:
    """Return the keys and types of JSON; of a list those of its items."""
    if isinstance(value, dict):
        return {name: shape_of(each) for name, each in value.items()}
    if isinstance(value, list):
        return [shape_of(value[0])] if value else []
    return type(value).__name__
