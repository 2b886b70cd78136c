"""The command `tocsin`. Each sub-command is a module: `add_arguments(parser)` and `run(arguments) -> exit code`.

A face brings the commands that are its own through the entry-point group `tocsin.commands`.
"""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import metadata
from types import ModuleType

from core.errors import StartupError

_OWN = ("serve", "worker", "migrate", "region", "workspace", "plugins", "check")
_OF_FACES = "tocsin.commands"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the sub-command that the arguments name; return its exit code."""
    words = sys.argv[1:] if arguments is None else list(arguments)
    parsed = _parser(words).parse_args(words)
    try:
        code: int = parsed.run(parsed)
    except StartupError as error:
        print(f"tocsin: {error}", file=sys.stderr)  # noqa: T201  (one line for the person at the terminal)
        return 1
    except KeyboardInterrupt:
        return 130
    return code


def _parser(words: Sequence[str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="tocsin", description="Uptime monitoring you can build on.")
    parser.add_argument("--version", action="version", version=f"tocsin {metadata.version('tocsin')}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, load in _loaders(words).items():
        module = load()
        summary = (module.__doc__ or "").strip().splitlines()[0].rstrip(".")
        command = commands.add_parser(name, help=summary, description=summary)
        module.add_arguments(command)
        command.set_defaults(run=module.run)
    return parser


def _loaders(words: Sequence[str]) -> Mapping[str, Callable[[], ModuleType]]:
    """Return the commands that the words may mean: for one of our own, which come first, nothing else is imported."""
    if words[:1] == ["--version"]:
        return {}
    own = {name: _own_loader(name) for name in _OWN}
    if words and words[0] in own:
        return {words[0]: own[words[0]]}
    return own | {point.name: point.load for point in metadata.entry_points(group=_OF_FACES)}


def _own_loader(name: str) -> Callable[[], ModuleType]:
    return lambda: importlib.import_module(f"core.cli.{name}")
