"""How a child does its work: with the settings of its environment, its failures told in the log."""

from __future__ import annotations

import os
import sys
from collections.abc import Awaitable, Callable

from core.db.absence import CONNECTION_ERRORS
from core.errors import StartupError
from core.log import configure_logging, get_logger
from core.settings import Settings, read_settings
from core.stages import ComponentDied
from core.supervision.lifeline import EXIT_CODE_FAILED, EXIT_CODE_TOLD, Lifeline

log = get_logger(__name__)


def run_child(work: Callable[[Settings, Lifeline], Awaitable[None]], run: Callable[..., None]) -> int:
    """Do a child's work; return its exit code.

    `run` runs a coroutine to its end, on a loop of the child's choice.
    """
    lifeline = Lifeline()
    try:
        settings, _ = read_settings(os.environ)  # the supervisor has told the warnings
        configure_logging(settings.log_level)
        run(work(settings, lifeline))
    except StartupError as error:
        print(f"tocsin: {error}", file=sys.stderr)  # noqa: T201  (one line for the person at the terminal)
        return EXIT_CODE_TOLD
    except CONNECTION_ERRORS as error:
        log.warning("database.unreachable", error=str(error) or type(error).__name__)
        return EXIT_CODE_FAILED
    except ComponentDied:
        return EXIT_CODE_FAILED
    except Exception:
        log.exception("process.failed")
        return EXIT_CODE_FAILED
    return 0
