"""The letter that lets somebody choose another password."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from core.access.letters import Text, way_in


@dataclass(frozen=True, kw_only=True, slots=True)
class ResetLetter:
    """To whom, with which token, and until when it works."""

    recipient: str
    token: str = field(repr=False)
    at: datetime
    expires_at: datetime


def reset_text(letter: ResetLetter, *, server: str, page: str | None) -> Text:
    """Return what the letter says. `server` is the address of this Tocsin, `page` that of a page that takes the token.

    Nothing in the text was chosen by whoever asked.
    """
    body = (
        f"Somebody, you perhaps, asked for another password for your account at {server}.\n\n"
        f"{way_in(letter.token, page)}\n"
        f"It works once, until {letter.expires_at:%H:%M} UTC. Choosing another password ends all sessions.\n"
        "If you did not ask for it, there is nothing to do: your password stays as it is.\n"
    )
    return Text(subject="Choose another password for Tocsin", body=body, token=letter.token, at=letter.at)
