"""Show the workspaces, and say which plan each has."""

from __future__ import annotations

import argparse
import asyncio
import sys

import asyncpg

from core.access.plans import Allowance, Plan
from core.access.workspace_administration import all_workspaces, set_plan
from core.cli.chosen_settings import DATA_DIR, DATABASE_URL, add_options, chosen_settings
from core.cli.running_database import database_url, opened_database
from core.db.database import Connection
from core.errors import NotFound
from core.ids import Prefix, decode_id, encode_id

_EXIT_USAGE = 2


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line."""
    actions = parser.add_subparsers(required=True, metavar="ACTION", dest="action")
    shown = actions.add_parser("list", help="one line a workspace: its plan, its owner, its monitors")
    planned = actions.add_parser(
        "set-plan",
        help="book another plan",
        description="From then on the workspace is held to it. One that has more than a smaller plan allows "
        "goes on being watched, and takes no changes until it fits.",
    )
    planned.add_argument("workspace", metavar="ID", help="the workspace's id, as list shows it")
    planned.add_argument("plan", metavar="PLAN", type=str.upper, help=", ".join(Plan))
    for action in (shown, planned):
        add_options(action, DATA_DIR, DATABASE_URL)


def run(arguments: argparse.Namespace) -> int:
    """Show or book; return 2 if there is no such workspace or plan."""
    url = database_url(chosen_settings(arguments))
    if arguments.action == "list":
        sys.stdout.writelines(f"{line}\n" for line in asyncio.run(_lines(url)))
        return 0
    if arguments.plan not in set(Plan):
        return _refused(f"{arguments.plan} is not a plan: choose one of {', '.join(Plan)}")
    try:
        after = asyncio.run(_set_plan(url, arguments.workspace, Plan(arguments.plan)))
    except NotFound:
        return _refused(f"there is no workspace {arguments.workspace}: see tocsin workspace list")
    note = "" if after.excess is None else f", but takes no changes until it fits: {after.excess}"
    sys.stdout.write(f"{arguments.workspace}: {after.plan}{note}\n")
    return 0


def _refused(cause: str) -> int:
    sys.stderr.write(f"tocsin: {cause}\n")
    return _EXIT_USAGE


async def _lines(url: str) -> list[str]:
    async with opened_database(url) as (database, _clock), database.acquire() as connection:
        rows = await all_workspaces(connection)
    return [line(row) for row in rows] or ["there is no workspace yet: start `tocsin serve`"]


async def _set_plan(url: str, public_id: str, plan: Plan) -> Allowance:
    async with opened_database(url) as (database, clock):

        async def book(connection: Connection) -> Allowance:
            return await set_plan(connection, decode_id(Prefix.WORKSPACE, public_id), plan, clock.now())

        return await database.in_transaction(book)


def line(row: asyncpg.Record) -> str:
    """Return what is shown of a workspace."""
    monitors = "1 monitor" if row["monitors"] == 1 else f"{row['monitors']} monitors"
    public_id = encode_id(Prefix.WORKSPACE, row["id"])
    return f"{public_id}: {row['plan']}, {monitors}, {row['owner_email']}, {row['name']}"
