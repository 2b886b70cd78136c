"""Structured logs: a stable event name and fields, for people on a terminal and as JSON elsewhere."""

from __future__ import annotations

import logging
from typing import Any


class EventLogger:
    """Logs events by name: `log.info("check.crashed", monitor="mon_…", error="…")`."""

    def __init__(self, logger: logging.Logger) -> None:
        self._logger = logger

    def debug(self, event: str, **fields: Any) -> None:
        """Log something of interest to a developer only."""
        self._log(logging.DEBUG, event, fields)

    def info(self, event: str, **fields: Any) -> None:
        """Log something that an operator expects."""
        self._log(logging.INFO, event, fields)

    def warning(self, event: str, **fields: Any) -> None:
        """Log something that an operator should look at."""
        self._log(logging.WARNING, event, fields)

    def error(self, event: str, **fields: Any) -> None:
        """Log a fault of ours."""
        self._log(logging.ERROR, event, fields)

    def exception(self, event: str, **fields: Any) -> None:
        """Log a fault of ours with the traceback of the exception being handled."""
        self._log(logging.ERROR, event, fields, with_traceback=True)

    def _log(self, level: int, event: str, fields: dict[str, Any], *, with_traceback: bool = False) -> None:
        if self._logger.isEnabledFor(level):
            self._logger.log(level, event, extra={"fields": fields}, exc_info=with_traceback)


def get_logger(name: str) -> EventLogger:
    """Return the logger of a module."""
    return EventLogger(logging.getLogger(name))
