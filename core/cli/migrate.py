"""Bring the database to this release, and make the first owner."""

from __future__ import annotations

import argparse
import asyncio

from core.cli.chosen_settings import DATA_DIR, DATABASE_URL, add_options, chosen_settings
from core.cli.running_database import database_url
from core.supervision.database_setup import set_up


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line."""
    add_options(parser, DATA_DIR, DATABASE_URL)


def run(arguments: argparse.Namespace) -> int:
    """Migrate the database that the settings name."""
    settings = chosen_settings(arguments)
    asyncio.run(set_up(database_url(settings), settings))
    return 0
