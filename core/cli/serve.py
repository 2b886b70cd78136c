"""Run everything: the database, the API and a worker."""

from __future__ import annotations

import argparse
import asyncio

from core.cli.chosen_settings import DATA_DIR, DATABASE_URL, HOST, PORT, REGION, add_options, chosen_settings
from core.supervision.supervisor import serve


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line."""
    add_options(parser, HOST, PORT, DATA_DIR, DATABASE_URL, REGION)
    parser.add_argument("--no-worker", action="store_true", help="serve the API only")


def run(arguments: argparse.Namespace) -> int:
    """Serve until SIGTERM or Ctrl-C."""
    return asyncio.run(serve(chosen_settings(arguments), with_worker=not arguments.no_worker))
