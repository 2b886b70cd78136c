"""The GraphQL Foundation's audits of GraphQL over HTTP, against a whole server.

https://graphql.github.io/graphql-over-http/ · the npm package `graphql-http`, pinned in graphql_http/.
"""

from __future__ import annotations

import asyncio
import hashlib
import shutil
import subprocess
from pathlib import Path

import msgspec
import pytest

HERE = Path(__file__).with_name("graphql_http")
INSTALL = ["npm", "ci", "--no-audit", "--no-fund", "--prefer-offline"]
PATIENCE_SECONDS = 120


class Audit(msgspec.Struct, frozen=True, kw_only=True):
    """What one audit found."""

    id: str
    name: str
    status: str
    reason: str | None = None


@pytest.fixture
def audits(pytestconfig: pytest.Config) -> Path:
    """The audits' script beside the packages that it needs, which are installed once for each lock file."""
    if shutil.which("npm") is None:
        pytest.skip("not run, for want of npm")
    lock = hashlib.sha256((HERE / "package-lock.json").read_bytes()).hexdigest()
    assert pytestconfig.cache is not None
    folder = pytestconfig.cache.mkdir(f"graphql-http-{lock[:12]}")
    for name in ("package.json", "package-lock.json", "audits.mjs"):
        shutil.copyfile(HERE / name, folder / name)
    if not (folder / "node_modules" / "graphql-http").is_dir():
        installed = subprocess.run(INSTALL, cwd=folder, capture_output=True, text=True, check=False)
        if installed.returncode != 0:
            pytest.skip("not run, for want of the npm package graphql-http, which could not be installed")
    return folder / "audits.mjs"


@pytest.mark.node
async def test_every_audit_of_graphql_over_http_passes_for_whoever_is_not_signed_in(tocsin, audits):
    process = await asyncio.create_subprocess_exec(
        "node",
        str(audits),
        f"{tocsin.url}/graphql",
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await asyncio.wait_for(process.communicate(), PATIENCE_SECONDS)

    found = [msgspec.json.decode(line, type=Audit) for line in output.splitlines()]

    assert [f"{each.id} {each.name}: {each.reason}" for each in found if each.status != "ok"] == []
    assert len(found) == 61
    assert process.returncode == 0
