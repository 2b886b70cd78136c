"""The page's own programs, unchanged but for the address, the key and the id; and its examples beside our answers."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.graphql_schema.conftest import Tenant
from tests.rest_compat.shapes import shape_of

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
