"""Structured logs: a stable event name and fields, for people on a terminal and as JSON elsewhere."""

from __future__ import annotations

import contextvars
import logging
import sys
from datetime import UTC, datetime
from typing import Any, TextIO

import msgspec

# The request that is being answered, so that every line logged meanwhile carries its id.
request_id: contextvars.ContextVar[str | None] = contextvars.ContextVar("request_id", default=None)


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

    def exception(self, event: str, *, raised: BaseException | None = None, **fields: Any) -> None:
        """Log a fault of ours with a traceback: that of `raised`, else of the exception being handled."""
        self._log(logging.ERROR, event, fields, traceback_of=raised or True)

    def _log(
        self, level: int, event: str, fields: dict[str, Any], *, traceback_of: BaseException | bool = False
    ) -> None:
        if self._logger.isEnabledFor(level):
            self._logger.log(level, event, extra={"fields": fields}, exc_info=traceback_of)


def get_logger(name: str) -> EventLogger:
    """Return the logger of a module."""
    return EventLogger(logging.getLogger(name))


def configure_logging(level: str, stream: TextIO | None = None) -> None:
    """Send everything of `level` ("debug", "info", …) or worse to a stream, standard error by default.

    A terminal gets lines for people, anything else one JSON object a line.
    """
    target = sys.stderr if stream is None else stream
    handler = logging.StreamHandler(target)
    handler.setFormatter(TerminalFormatter() if target.isatty() else JsonFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    # It tells of every attempt to connect again with a traceback; whoever needs the connection says it in a line.
    logging.getLogger("asyncpg.pool").setLevel(logging.ERROR)


class JsonFormatter(logging.Formatter):
    """One JSON object a line: time, level, event, logger, request where there is one, then the fields."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        entry = {
            "time": _moment(record).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            **_event(record),
            "logger": record.name,
            **_request(),
            **_fields(record),
        }
        if record.exc_info:
            entry["traceback"] = self.formatException(record.exc_info)
        return msgspec.json.encode(entry, enc_hook=str).decode()


class TerminalFormatter(logging.Formatter):
    """A line for people: time, level, event, then `name=value` pairs."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, and the traceback below it where there is one."""
        words = " ".join(f"{name}={value}" for name, value in (_fields(record) | _request()).items())
        what = " ".join(_event(record).values())
        line = f"{_moment(record):%H:%M:%S} {record.levelname.lower():7} {what} {words}".rstrip()
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


def _moment(record: logging.LogRecord) -> datetime:
    return datetime.fromtimestamp(record.created, UTC)


def _event(record: logging.LogRecord) -> dict[str, str]:
    """Return our event, or a library's sentence under the event `library.said`."""
    if hasattr(record, "fields"):
        return {"event": record.getMessage()}
    return {"event": "library.said", "message": record.getMessage()}


def _fields(record: logging.LogRecord) -> dict[str, Any]:
    fields: dict[str, Any] = getattr(record, "fields", {})
    return fields


def _request() -> dict[str, str]:
    current = request_id.get()
    return {} if current is None else {"request": current}
