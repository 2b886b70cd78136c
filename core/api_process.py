"""The API process: the faces on granian, on the listening socket of the supervisor.

Started by the supervisor, which holds its lifeline, with the socket's descriptor as its one argument.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import signal
from collections.abc import Sequence
from typing import Any

from core.asgi import create_app
from core.clock import MeasuredClock
from core.closed_at_first import ClosedAtFirst
from core.db.absence import CONNECTION_ERRORS
from core.db.clock_keeper import ClockKeeper
from core.db.database import Database, PoolUse
from core.db.listener import Handler, Listener
from core.db.notifications import NotifyChannel
from core.event_loop import run_fast
from core.events.sequencer import Sequencer
from core.heartbeats.doors import Doors
from core.inherited_socket_server import InheritedSocketServer
from core.log import get_logger
from core.outbound_policy import outbound_for
from core.plugin_registry import load_plugins
from core.request_frame import RequestFrame
from core.services import Services, build_services
from core.settings import Settings
from core.stages import Component
from core.supervision.child_work import run_child
from core.supervision.lifeline import Lifeline
from core.supervision.listening_socket import BACKLOG

log = get_logger(__name__)

_POOL_SIZE = 12
_DRAIN_SECONDS = 4.0
_END_SECONDS = 0.5


async def serve_api(settings: Settings, lifeline: Lifeline, *, descriptor: int) -> None:
    """Answer requests until SIGTERM; then let those in flight finish."""
    clock = MeasuredClock()
    url = settings.database_url or ""
    # Everything is built while the database starts; only then is it connected to.
    database = Database.unopened(url, use=PoolUse.FACES, max_size=_POOL_SIZE)
    services = build_services(
        settings=settings,
        database=database,
        registry=load_plugins(),
        clock=clock,
        outbound=outbound_for(settings),
    )
    app = create_app(services)
    await lifeline.wait_to_go()
    stopping = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    await database.open()
    database.use_for_piccolo()
    with contextlib.suppress(*CONNECTION_ERRORS):  # the clock's keeper goes on asking
        await database.measure(clock)
    sequencer = Sequencer(database=database, clock=clock)
    components: list[Component] = [
        Listener(database=database, handlers=handlers_of(services, sequencer)),
        ClockKeeper(database=database, clock=clock),
        Doors(database=database, clock=clock),
        sequencer,
        services.feed,
        services.check_tail,
        services.live,
        services.requests,
    ]
    beside = [asyncio.ensure_future(component.run(stopping)) for component in components]
    frame = RequestFrame(ClosedAtFirst(app, is_open=lambda: clock.is_measured), clock)
    async with app.lifespan():
        await _serve(InheritedSocketServer(frame, descriptor, BACKLOG), frame, stopping, lifeline)
    stopping.set()
    await _end(beside)
    await database.close()


async def _end(tasks: Sequence[asyncio.Future[None]]) -> None:
    """Let what runs beside the server end; what waits for a database that is silent is cut."""
    _, late = await asyncio.wait(tasks, timeout=_END_SECONDS)
    for task in late:
        task.cancel()
    await asyncio.gather(*late, return_exceptions=True)


def handlers_of(services: Services, sequencer: Sequencer) -> dict[NotifyChannel, Handler]:
    """Return what an API process does when it is notified."""

    def forget_token(digest_hex: str) -> None:
        services.authentication.forget(digest_hex)
        services.live.look_again(digest_hex)

    def forget_session(digest_hex: str) -> None:
        services.people.sessions.forget(digest_hex)
        services.live.look_again(digest_hex)

    return {
        NotifyChannel.TOKENS: forget_token,
        NotifyChannel.SESSIONS: forget_session,
        NotifyChannel.CHANGES: lambda _payload: sequencer.wakeup.set(),
        NotifyChannel.EVENTS: lambda _payload: services.feed.wakeup.set(),
    }


async def _serve(
    server: InheritedSocketServer, frame: RequestFrame, stopping: asyncio.Event, lifeline: Lifeline
) -> None:
    serving = asyncio.ensure_future(server.run(lifeline.say_ready))
    waiting = asyncio.ensure_future(stopping.wait())
    await asyncio.wait((serving, waiting), return_when=asyncio.FIRST_COMPLETED)
    await frame.wait_until_idle(_DRAIN_SECONDS)
    server.end()
    await serving


def main(words: list[str]) -> int:
    """Run as the supervisor's child; return the exit code."""
    work: Any = functools.partial(serve_api, descriptor=int(words[0]))
    return run_child(work, run_fast)
