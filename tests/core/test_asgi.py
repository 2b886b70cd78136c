"""The application takes the faces of what is installed, and tells nobody what is within."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from core.asgi import create_app
from core.bounded_body import MOST_BODY_BYTES
from core.errors import StartupError
from core.outbound_policy import outbound_for
from core.plugin_registry import load_plugins
from core.request_frame import RequestFrame
from core.services import Services, build_services
from core.settings import Settings

FACE = """
from litestar import Request, get, post

def face(services):
    @get("/strange/crash")
    async def crash() -> str:
        raise ValueError("SELECT secret FROM within")

    @post("/strange/length")
    async def length(request: Request) -> int:
        return len(await request.body())

    return [crash, length]
"""


@pytest.fixture
def services(database, clock) -> Services:
    settings = Settings(public_url="http://127.0.0.1:8400")
    return build_services(
        settings=settings,
        database=database,
        registry=load_plugins(),
        clock=clock,
        outbound=outbound_for(settings),
    )


def _install(folder: Path, target: str) -> None:
    """Make a distribution whose entry point is a face."""
    info = folder / "strange_face-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: strange-face\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[tocsin.faces]\nstrange = {target}\n")


@pytest.fixture
async def client(services, clock, tmp_path: Path, monkeypatch):
    """A client of an application with a stranger's face."""
    (tmp_path / "strange_face.py").write_text(FACE)
    _install(tmp_path, "strange_face:face")
    monkeypatch.syspath_prepend(tmp_path)
    app = RequestFrame(create_app(services), clock)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)  # on the loop that the pool is on
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as opened:
        yield opened


async def test_a_face_that_does_not_load_stops_the_start_by_its_name(
    services, tmp_path: Path, monkeypatch
) -> None:
    _install(tmp_path, "no_such_module:face")
    monkeypatch.syspath_prepend(tmp_path)

    with pytest.raises(StartupError, match=r"the face strange \(no_such_module:face\) does not load"):
        create_app(services)


async def test_a_crash_is_masked_and_carries_the_request_id(client) -> None:
    answer = await client.get("/strange/crash")

    assert answer.status_code == 500
    assert answer.json() == {"error": {"code": "INTERNAL_SERVER_ERROR", "message": "internal server error"}}
    assert answer.headers["X-Request-Id"].startswith("req_")


async def test_a_body_beyond_the_limit_is_refused(client) -> None:
    fits = await client.post("/strange/length", content=b"x" * MOST_BODY_BYTES)
    too_long = await client.post("/strange/length", content=b"x" * (MOST_BODY_BYTES + 1))

    assert (fits.status_code, fits.json()) == (201, MOST_BODY_BYTES)
    assert too_long.status_code == 413
    assert too_long.json()["error"]["code"] == "CONTENT_TOO_LARGE"


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
async def test_health_can_be_asked_for_without_a_body(client, path: str) -> None:
    head, whole = await client.head(path), await client.get(path)

    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["Content-Type"] == whole.headers["Content-Type"]
    assert (await client.post(path)).status_code == 405


async def test_readiness_follows_the_database_and_health_does_not(client, database) -> None:
    assert (await client.get("/readyz")).status_code == 200

    await database.pool.close()

    assert (await client.get("/readyz")).status_code == 503
    assert (await client.head("/readyz")).status_code == 503
    assert (await client.get("/healthz")).status_code == 200
