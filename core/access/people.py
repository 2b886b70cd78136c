"""What people do with their accounts, built from the settings."""

from __future__ import annotations

import functools
from dataclasses import dataclass

from core.access.attempts import Attempts
from core.access.letters import LetterPost
from core.access.password_service import PasswordService
from core.access.password_work import PasswordWork
from core.access.profile_service import ProfileService
from core.access.reset_letter import ResetLetter, reset_text
from core.access.session_authentication import SessionAuthentication
from core.access.sign_in_service import SignInService
from core.access.switch_service import SwitchService
from core.access.visits import Visits
from core.clock import Clock
from core.db.database import Database
from core.settings import Settings
from plugins.api.mail import Mailer


@dataclass(frozen=True, kw_only=True, slots=True)
class People:
    """The services of accounts, and what knows sessions."""

    visits: Visits
    sessions: SessionAuthentication
    sign_in: SignInService
    passwords: PasswordService
    profiles: ProfileService
    switching: SwitchService


def build_people(*, settings: Settings, database: Database, clock: Clock, mailer: Mailer) -> People:
    """Return the services; without a mail server no password can be reset."""
    sessions = SessionAuthentication(database=database, clock=clock)
    attempts = Attempts(database=database, clock=clock)
    work = PasswordWork()
    write = functools.partial(reset_text, server=settings.public_url or "", page=settings.password_reset_url)
    post = LetterPost[ResetLetter](mailer, kind="password_reset", write=write)
    return People(
        visits=Visits(settings),
        sessions=sessions,
        sign_in=SignInService(
            database=database,
            clock=clock,
            passwords=work,
            attempts=attempts,
            authentication=sessions,
            rule=settings.sign_up,
            plan=settings.sign_up_plan,
        ),
        passwords=PasswordService(
            database=database,
            clock=clock,
            passwords=work,
            attempts=attempts,
            authentication=sessions,
            post=None if settings.smtp_url is None else post.post,
        ),
        profiles=ProfileService(database=database, clock=clock),
        switching=SwitchService(database=database, sessions=sessions),
    )
