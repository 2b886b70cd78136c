"""The letter that invites somebody to a workspace."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from core.access.letters import Text, way_in
from core.access.principal import Role


@dataclass(frozen=True, kw_only=True, slots=True)
class InvitationLetter:
    """Who invites whom to what, with which token, and until when it works."""

    recipient: str
    token: str = field(repr=False)
    inviter: str
    workspace: str
    role: Role
    at: datetime
    expires_at: datetime


def invitation_text(letter: InvitationLetter, *, server: str, page: str | None) -> Text:
    """Return what the letter says. `server` is the address of this Tocsin, `page` that of a page that takes the token.

    What people call themselves and their workspaces stands in the body only, where it can be no header, and is one
    line each.
    """
    body = (
        f"{letter.inviter} invites you to the workspace “{letter.workspace}” at {server}, "
        f"as {letter.role.value}.\n\n"
        f"{way_in(letter.token, page)}\n"
        f"It works once, until {letter.expires_at:%d %B %Y, %H:%M} UTC, for an account with this e-mail address.\n"
        "If you do not know who that is, there is nothing to do.\n"
    )
    return Text(subject="An invitation to a workspace of Tocsin", body=body, token=letter.token, at=letter.at)
