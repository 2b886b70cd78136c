"""Run a worker: the checks of one region, alerts and deliveries."""

from __future__ import annotations

import argparse
import asyncio
import dataclasses
import signal

from core.cli.chosen_settings import DATA_DIR, DATABASE_URL, REGION, add_options, chosen_settings
from core.cli.running_database import database_url
from core.db.preflight import check_server
from core.event_loop import run_fast
from core.log import get_logger
from core.plugin_registry import load_plugins
from core.settings import Settings
from core.worker import work

log = get_logger(__name__)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line."""
    add_options(parser, DATA_DIR, DATABASE_URL, REGION)


def run(arguments: argparse.Namespace) -> int:
    """Work until SIGTERM or Ctrl-C."""
    settings = chosen_settings(arguments)
    run_fast(_work(dataclasses.replace(settings, database_url=database_url(settings))))
    return 0


async def _work(settings: Settings) -> None:
    await check_server(settings.database_url or "")
    stopping = asyncio.Event()
    for order in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(order, stopping.set)
    await work(settings, load_plugins(), stopping, lambda: log.info("worker.ready", region=settings.region))
