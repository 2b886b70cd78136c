"""What workspaces do with their members, built from the settings."""

from __future__ import annotations

import functools
from dataclasses import dataclass

from core.access.attempts import Attempts
from core.access.invitation_letter import InvitationLetter, invitation_text
from core.access.invitation_service import InvitationService
from core.access.letters import LetterPost
from core.access.member_service import MemberService
from core.access.session_authentication import SessionAuthentication
from core.access.standing import Caches
from core.access.token_authentication import TokenAuthentication
from core.clock import Clock
from core.db.database import Database
from core.settings import Settings
from plugins.api.mail import Mailer


@dataclass(frozen=True, kw_only=True, slots=True)
class Team:
    """The services of members."""

    members: MemberService
    invitations: InvitationService


def build_team(
    *,
    settings: Settings,
    database: Database,
    clock: Clock,
    mailer: Mailer,
    tokens: TokenAuthentication,
    sessions: SessionAuthentication,
) -> Team:
    """Return the services; without a mail server, whoever invites hands the token over himself."""
    write = functools.partial(invitation_text, server=settings.public_url or "", page=settings.invitation_url)
    post = LetterPost[InvitationLetter](mailer, kind="invitation", write=write)
    return Team(
        members=MemberService(
            database=database, clock=clock, caches=Caches(tokens=tokens, sessions=sessions)
        ),
        invitations=InvitationService(
            database=database,
            clock=clock,
            attempts=Attempts(database=database, clock=clock),
            sessions=sessions,
            post=None if settings.smtp_url is None else post.post,
        ),
    )
