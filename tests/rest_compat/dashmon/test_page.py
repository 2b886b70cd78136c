"""The page's own programs, unchanged but for the address, the token, the cookie and the id."""

from __future__ import annotations

import asyncio
import re
import shutil
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from core.access.principal import Role
from core.ids import Prefix, encode_id
from core.secret_text import digest_of
from tests.graphql_schema.personas import signed_in

PAGE = (Path(__file__).parents[2] / "contract" / "pages" / "dashmon-api.txt").read_text()
SNIPPET = "fetch('/api/projects', { credentials: 'include' })\n.then(r => r.json())\n.then(console.log);"
CURL = re.findall(r"^curl (?:.*\\\n)*.*$", PAGE, re.MULTILINE)


async def run(line: str) -> str:
    process = await asyncio.create_subprocess_shell(line, stdout=asyncio.subprocess.PIPE)
    output, _ = await process.communicate()
    assert process.returncode == 0
    return output.decode()


def test_these_are_all_the_programs_of_the_page() -> None:
    assert len(CURL) == 9
    assert SNIPPET in PAGE


@pytest.mark.parametrize("line", CURL, ids=lambda line: re.findall(r"online(\S+?)\"?$", line)[0])
async def test_a_curl_line_of_the_page_is_answered(address, owner, line) -> None:
    person = await signed_in(owner, Role.ADMIN)
    device_id = await owner.add_monitor("The shop")
    await owner.add_checks(device_id, [timedelta(minutes=number) for number in range(1, 4)])
    replaced = {
        "https://dashmon.online": address,
        "<YOUR_TOKEN>": owner.secret,
        "<COOKIE>": person.headers["Cookie"].partition("=")[2],
        "<DEVICE_ID>": encode_id(Prefix.MONITOR, device_id),
        "workspace_owner": encode_id(Prefix.USER, owner.user_id),
    }
    for written, meant in replaced.items():
        line = line.replace(written, meant)

    output = await run(f"{line} --silent --show-error --include")

    head, body = output.split("\r\n\r\n")
    assert " 200 " in head.splitlines()[0]
    assert "\nx-request-id: req_" in head.lower()
    assert "error" not in msgspec.json.decode(body)


@pytest.mark.skipif(shutil.which("node") is None, reason="there is no node")
async def test_the_browsers_snippet_gets_the_projects(address, owner) -> None:
    secret = "a-session"
    session = {"user_id": owner.user_id, "workspace_id": owner.workspace_id, "created_at": owner.now}
    await owner.insert(
        "sessions", id=owner.next_id(), secret_sha256=digest_of(secret), last_seen_at=owner.now, **session
    )
    # Node has no cookies and no page: what a browser adds is added here.
    shim = (
        "const plain = fetch; globalThis.fetch = (path, options) => "
        f"plain('{address}' + path, {{...options, headers: {{cookie: 'dashmon_session={secret}'}}}});"
        "console.log = value => process.stdout.write(JSON.stringify(value));"
    )
    program = f"{shim}\n{SNIPPET}"
    process = await asyncio.create_subprocess_exec("node", "-e", program, stdout=asyncio.subprocess.PIPE)
    output, _ = await process.communicate()

    (project,) = msgspec.json.decode(output)["projects"]
    assert project["name"] == "Default"


async def test_a_request_keeps_the_id_that_it_brings(address, owner) -> None:
    headers = f'-H "Authorization: Bearer {owner.secret}" -H "X-Request-Id: ticket-4711"'

    for path, status in (("projects", 200), ("projects/unknown/devices/unknown", 404), ("nothing", 404)):
        head = (await run(f"curl -s -i {headers} {address}/api/{path}")).lower()
        assert f" {status} " in head.splitlines()[0]
        assert "\nx-request-id: ticket-4711" in head
