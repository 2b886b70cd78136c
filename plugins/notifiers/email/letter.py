"""A message as an e-mail: plain text and HTML, threaded by incident."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import jinja2

from plugins.api.durations import duration_text
from plugins.api.mail import header_address
from plugins.api.notifier import Message, MessageEvent
from plugins.api.outcome import IncidentKind

_LONGEST_SUBJECT = 200

_HEADLINES = {
    MessageEvent.MONITOR_DOWN: "Down",
    MessageEvent.MONITOR_UP: "Up again",
    MessageEvent.DEGRADED: "Degraded",
    MessageEvent.EXPIRY: "Expires soon",
    MessageEvent.REGRESSION: "Slower than before",
    MessageEvent.RECOVERED: "Recovered",
    MessageEvent.REMINDER: "Still not resolved",
    MessageEvent.TEST: "Test",
}
# Each has a contrast of 4.5 or more against white (WCAG 2.2, 1.4.3).
_RED, _AMBER, _GREEN, _BLUE = "#b3261e", "#8a5300", "#1b6e3c", "#2f5d8c"
_COLOURS = {
    MessageEvent.MONITOR_DOWN: _RED,
    MessageEvent.REMINDER: _RED,
    MessageEvent.DEGRADED: _AMBER,
    MessageEvent.EXPIRY: _AMBER,
    MessageEvent.REGRESSION: _AMBER,
    MessageEvent.MONITOR_UP: _GREEN,
    MessageEvent.RECOVERED: _GREEN,
    MessageEvent.TEST: _BLUE,
}


def letter(message: Message, *, sender: str, domain: str) -> EmailMessage:
    """Return the e-mail to the message's recipient. `domain` is the one in which its ids are unique.

    The same message gives the same Message-ID, so that mailboxes can tell a repeated delivery.
    """
    mail = EmailMessage(policy=SMTP.clone(cte_type="7bit"))
    mail["From"] = sender
    mail["To"] = header_address(message.recipient)
    mail["Subject"] = _one_line(message.summary)[:_LONGEST_SUBJECT]
    mail["Date"] = format_datetime(message.at)
    mail["Message-ID"] = message_id(message, domain)
    for name, value in _thread(message, domain):
        mail[name] = value
    # RFC 3834: nobody's holiday notice should answer.
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Auto-Response-Suppress"] = "All"
    mail["X-Tocsin-Event"] = message.event
    view = _view(message)
    mail.set_content(_template("letter.txt.jinja").render(view))
    mail.add_alternative(_template("letter.html.jinja").render(view), subtype="html")
    return mail


def message_id(message: Message, domain: str) -> str:
    """Return the Message-ID of a message: the same for every attempt to deliver it."""
    return f"<{message.idempotency_key}@{domain}>"


def _thread(message: Message, domain: str) -> Iterator[tuple[str, str]]:
    """Tie the e-mails of an incident together, also where its first one was never delivered.

    They all descend from an id that no message has; RFC 5322 allows that, and threading copes with it.
    """
    if message.incident is None:
        return
    recipient = hashlib.sha256(message.recipient.encode()).hexdigest()[:16]
    root = f"<{message.incident.id}.{recipient}@{domain}>"
    first = message.reference
    yield "References", f"{root} {_one_line(first)}" if first else root
    yield "In-Reply-To", _one_line(first) if first else root


def _view(message: Message) -> dict[str, Any]:
    return {
        "headline": _headline(message),
        "colour": _COLOURS[message.event],
        "summary": _one_line(message.summary),
        "name": _one_line(message.monitor.name) if message.monitor else None,
        "target": _one_line(message.monitor.target) if message.monitor else None,
        "rows": [(label, _one_line(value)) for label, value in _rows(message)],
        "link": message.link,
        "workspace": _one_line(message.workspace),
    }


def _headline(message: Message) -> str:
    if message.event is MessageEvent.RECOVERED and _is_expiry(message):
        return "Renewed"
    return _HEADLINES[message.event]


def _is_expiry(message: Message) -> bool:
    return message.incident is not None and message.incident.kind is IncidentKind.EXPIRY


def _rows(message: Message) -> Iterator[tuple[str, str]]:
    """Yield what is known, in the order in which somebody who was woken needs it."""
    incident, check = message.incident, message.check
    if check is not None and check.error:
        yield "Cause", check.error
    if incident is not None:
        yield "Since" if incident.resolved_at is None else "Started", _moment(incident.started_at)
        if incident.resolved_at is not None:
            yield "Ended", _moment(incident.resolved_at)
            yield "Lasted", duration_text(incident.resolved_at - incident.started_at)
    if check is not None and check.status_code is not None:
        yield "HTTP status", str(check.status_code)
    if check is not None and check.response_time_ms is not None:
        yield "Response time", f"{check.response_time_ms:,.0f} ms"
    if check is not None and check.region:
        yield "Seen from", check.region
    if incident is not None:
        yield "Severity", incident.severity.lower()
        yield "Incident", incident.number


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%a %d %b %Y, %H:%M:%S UTC")


def _one_line(text: str) -> str:
    """Return the text without anything that ends a line or a header, or turns the text around."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


@functools.cache
def _template(name: str) -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=name.endswith(".html.jinja"),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(name)
