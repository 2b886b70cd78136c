"""The page's own programs, unchanged but for the address, the key and the ids; and its examples beside our answers."""

from __future__ import annotations

import asyncio
import json
import re
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from core.ids import Prefix, encode_id
from tests.graphql_schema.conftest import Tenant
from tests.rest_compat.statusapp.asking import told

PAGE = (Path(__file__).parents[2] / "contract" / "pages" / "statusapp-api.md").read_text()
HOST = "https://ops.statusapp.io"
JOB = "abc123"


def blocks(language: str) -> list[str]:
    """Return the programs of a language, in the page's order."""
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)


def block(language: str, mark: str) -> str:
    """Return the one program of a language that has the mark in it."""
    (found,) = [each for each in blocks(language) if mark in each]
    return found


def examples(route: str) -> list[Any]:
    """Return the JSON that the page shows below a route, up to the next one."""
    _, _, after = PAGE.partition(f"```http\n{route}\n")
    part = after.partition("```http\n")[0]
    shown = re.findall(r"^```json\n(.*?)^```", part, re.DOTALL | re.MULTILINE)
    return [json.loads(each.replace("[...]", "[]")) for each in shown]


def is_like(answer: Any, example: Any, *, is_whole: bool = True) -> bool:
    """Tell whether an answer has the keys and types of an example; more keys too, unless it is the whole."""
    if isinstance(example, dict):
        keys = answer.keys() == example.keys() if is_whole else answer.keys() >= example.keys()
        return keys and all(is_like(answer[name], each, is_whole=is_whole) for name, each in example.items())
    if isinstance(example, list):
        return isinstance(answer, list) and all(
            is_like(each, example[0], is_whole=is_whole) for each in answer if example
        )
    return example is None or type(answer) is type(example)


async def run(*command: str, env: dict[str, str] | None = None, cwd: Path | None = None) -> str:
    """Run a program and return what it prints; fail where it fails."""
    process = await asyncio.create_subprocess_exec(
        *command,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={"PATH": "/usr/local/bin:/usr/bin:/bin", **(env or {})},
        cwd=cwd,
    )
    output, faults = await process.communicate()
    assert process.returncode == 0, faults.decode()
    return output.decode()


async def names(owner: Tenant) -> list[str]:
    return [each["name"] for each in (await told(owner, "GET", "/monitors"))["monitors"]]


async def reports(owner: Tenant) -> list[tuple[str, str | None]]:
    rows = await owner.fetch("SELECT kind, message FROM pings ORDER BY arrived_at")
    return [(row["kind"], row["message"]) for row in rows]


@pytest.fixture
async def job(owner: Tenant) -> str:
    """A heartbeat with the address that the page's programs ping."""
    await owner.add_heartbeat("job", token=JOB)
    return JOB


async def test_the_python_client_of_the_page_runs(address, owner, job, tmp_path) -> None:
    await owner.add_monitor("up already")
    program = block("python", "class StatusAppClient").replace(HOST, address)
    program += f"""
client.ping_heartbeat({JOB!r})
client.ping_heartbeat({JOB!r}, "1.2 GB")
assert client.get_monitor(monitor["id"])["id"] == monitor["id"]
client.delete_monitor(monitor["id"])
"""

    printed = await run(sys.executable, "-c", program, env={"STATUSAPP_API_KEY": owner.secret})

    assert re.search(r"^Created monitor: mon_\w{26}$", printed, re.MULTILINE)
    assert "  - up already: UP" in printed
    assert "Production API" not in await names(owner)
    assert await reports(owner) == [("SUCCESS", None), ("SUCCESS", "1.2 GB")]


@pytest.mark.parametrize(
    ("work", "expected"),
    [
        ("pass", [("START", None), ("SUCCESS", None)]),
        ("raise ValueError('no disk')", [("START", None), ("FAIL", "no disk")]),
    ],
)
async def test_the_python_job_of_the_page_reports(address, owner, job, work, expected) -> None:
    program = block("python", "def run_job").replace(HOST, address)

    await run(sys.executable, "-c", f"def do_work():\n    {work}\n{program}\nrun_job()\n")

    assert await reports(owner) == expected


@pytest.mark.node
async def test_the_node_client_of_the_page_runs_with_its_best_practices(address, owner, tmp_path) -> None:
    await owner.add_monitors([f"m{number}" for number in range(120)])
    client = block("javascript", "async function statusAppAPI").replace(HOST, address)
    practices = [
        block("javascript", mark)
        for mark in (
            "const API_KEY",
            "apiRequestWithRetry",
            "CACHE_TTL",
            "getAllMonitors",
            "Process monitors",
        )
    ]
    told_at_the_end = """
const all = await getAllMonitors();
const kept = await getCachedMonitors();
const again = await apiRequestWithRetry(() => getMonitors({ limit: 1 }));
console.log(JSON.stringify([all.length, kept === await getCachedMonitors(), again.pagination.total, API_KEY.length]));
try { await createMonitor({ url: 'https://api.example.com' }); } catch (error) { console.log(error.message); }
"""
    program = tmp_path / "client.mjs"
    program.write_text("\n".join([client, *practices, told_at_the_end]))

    printed = await run("node", str(program), env={"STATUSAPP_API_KEY": owner.secret})

    created, figures, *_ = printed.splitlines()
    assert re.fullmatch(r"Created monitor: mon_\w{26}", created)
    assert json.loads(figures) == [121, True, 121, len(owner.secret)]
    assert "Production API" in await names(owner)


@pytest.mark.node
@pytest.mark.parametrize(
    ("work", "expected"),
    [
        ("", [("START", None), ("SUCCESS", None)]),
        ("throw new Error('no disk');", [("START", None), ("FAIL", "no disk")]),
    ],
)
async def test_the_node_job_of_the_page_reports(address, owner, job, tmp_path, work, expected) -> None:
    (tmp_path / "node_modules" / "node-fetch").mkdir(parents=True)
    (tmp_path / "node_modules" / "node-fetch" / "index.js").write_text("module.exports = globalThis.fetch;")
    program = tmp_path / "job.js"
    task = f"async function performTask() {{ {work} }}"
    program.write_text(
        "\n".join(
            [block("javascript", "node-fetch").replace(HOST, address), task, "runScheduledTask();"]
        ).replace("const fetch =", "globalThis.fetched =")
    )

    await run("node", str(program), cwd=tmp_path)

    assert await reports(owner) == expected


@pytest.mark.go
async def test_the_go_client_of_the_page_runs(address, owner, tmp_path) -> None:
    program = tmp_path / "client.go"
    program.write_text(block("go", "package main").replace(HOST, address))
    env = {
        "STATUSAPP_API_KEY": owner.secret,
        "HOME": str(tmp_path),
        "GOCACHE": str(tmp_path / "cache"),
        "GOPATH": str(tmp_path / "go"),
        "GOFLAGS": "-mod=mod",
        "GOPROXY": "off",
    }

    printed = await run("go", "run", str(program), env=env, cwd=tmp_path)

    assert re.fullmatch(r"Created monitor: mon_\w{26}\n", printed)
    assert await names(owner) == ["Production API"]


@pytest.mark.parametrize(
    ("backup", "expected"),
    [
        ("true", [("START", None), ("SUCCESS", None)]),
        ("false", [("START", None), ("FAIL", "Backup script failed")]),
    ],
)
async def test_the_crontab_of_the_page_reports(address, owner, job, backup, expected) -> None:
    program = block("bash", "#!/bin/bash").replace(HOST, address)

    await run("bash", "-c", program.replace("/usr/local/bin/backup.sh", backup))

    assert await reports(owner) == expected


async def test_every_curl_line_of_the_page_runs(address, owner, job) -> None:
    lines = [each for each in blocks("bash") if each.startswith("curl")]
    assert len(lines) == 6

    for line in lines:
        program = line.replace(HOST, address).replace("your_heartbeat_id", JOB)
        program = re.sub("your_api_key(_here)?", owner.secret, program)
        printed = await run("bash", "-c", program.replace("curl", "curl --silent --fail-with-body", 1))
        assert "error" not in json.loads(printed)

    assert "My API" in await names(owner)
    assert await reports(owner) == [("SUCCESS", None)]


async def test_every_example_of_the_page_has_the_keys_and_types_of_our_answers(owner) -> None:
    monitor_id = await owner.add_monitor("m", config={"url": "https://a.example", "presentation": "API"})
    await owner.fetch(
        "UPDATE regions SET country = 'Switzerland', country_code = 'CH', latitude = 47, longitude = 7"
    )
    await owner.add_checks(monitor_id, [timedelta(minutes=5)], status_code=200)
    await owner.add_incident(
        monitor_id,
        42,
        timedelta(hours=1),
        status="RESOLVED",
        resolved_at=owner.now,
        root_cause_detail="timeout",
        checks_failed=1,
        checks_total=1,
    )
    path = f"/monitors/{encode_id(Prefix.MONITOR, monitor_id)}"
    (listed,) = examples("GET /api/v1/monitors")
    body, _, made = examples("POST /api/v1/monitors\nContent-Type: application/json")
    regions = [each["id"] for each in (await told(owner, "GET", "/worker-regions"))["regions"]]
    made_here = await told(owner, "POST", "/monitors", 201, json={**body, "enabledWorkerRegionIds": regions})

    assert is_like(await told(owner, "GET", "/monitors"), listed)
    assert is_like(made_here, made, is_whole=False)
    for route, answer in {
        "POST /api/v1/monitors/{monitorId}/pause": await told(owner, "POST", f"{path}/pause"),
        "GET /api/v1/incidents": await told(owner, "GET", "/incidents"),
        "GET /api/v1/analytics": await told(owner, "GET", "/analytics"),
        "GET /api/v1/worker-regions": await told(owner, "GET", "/worker-regions"),
        "GET /api/v1/health": await told(owner, "GET", "/health"),
        "GET /api/v1/server/version": await told(owner, "GET", "/server/version"),
        "DELETE /api/v1/monitors/{monitorId}": await told(owner, "DELETE", f"/monitors/{made_here['id']}"),
    }.items():
        assert is_like(answer, examples(route)[0]), (route, answer)
    (settings,) = examples("GET /api/v1/monitors/{monitorId}/regression")
    assert is_like(
        await told(owner, "GET", f"{path}/regression"),
        {**settings, "baselineResponseTime": None, "baselineCalculatedAt": None},
    )
    (wanted,) = examples("PUT /api/v1/monitors/{monitorId}/regression\nContent-Type: application/json")
    assert (await told(owner, "PUT", f"{path}/regression", json=wanted)).items() >= wanted.items()
    (figures,) = examples("GET /api/v1/analytics/monitors/{monitorId}")
    answer = await told(owner, "GET", f"/analytics{path}")
    assert is_like({**answer, "responseTimeByRegion": {}}, {**figures, "responseTimeByRegion": {}})
    assert {type(each) for each in answer["responseTimeByRegion"].values()} == {int}
