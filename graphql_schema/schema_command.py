"""Print the GraphQL schema, with the types of all kinds that are installed."""

from __future__ import annotations

import argparse
import sys

from graphql_schema.schema import schema_text


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line: there is nothing to choose."""


def run(_arguments: argparse.Namespace) -> int:
    """Print the SDL."""
    sys.stdout.write(schema_text())
    return 0
