"""Changes passwords, and resets forgotten ones by a letter that works once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

import asyncpg

from core.access.account_rules import findable_email, password_of
from core.access.attempts import Attempt, Attempts, Door
from core.access.joining import INVITATION_FIELD, join
from core.access.password_work import PasswordWork
from core.access.principal import Principal
from core.access.reset_letter import ResetLetter
from core.access.session_authentication import SessionAuthentication
from core.access.sessions import SignedIn, Visit, begin_session, end_other_sessions, rotate_session
from core.audit.action import AuditAction
from core.audit.change import AuditedChange, updated
from core.audit.recording import record
from core.audit.redaction import Hidden
from core.clock import Clock
from core.db.database import Connection, Database
from core.db.named_sql import named_sql
from core.errors import Conflict, Forbidden, Unauthenticated, WrongCredentials
from core.issues import Issues
from core.secret_text import digest_of, new_secret

_SQL = named_sql("people")
RESET_LASTS = timedelta(minutes=30)


@dataclass(frozen=True, kw_only=True, slots=True)
class ChangePassword:
    """The present password, and the one that is to be."""

    current: str = field(repr=False)
    password: str = field(repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class ResetPassword:
    """The token of a letter, and the password that is to be. With that of an invitation he accepts it on his way in."""

    token: str = field(repr=False)
    password: str = field(repr=False)
    invitation_token: str | None = field(default=None, repr=False)


class PasswordService:
    """What changes a password ends the person's other sessions, and the letters that are under way."""

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        passwords: PasswordWork,
        attempts: Attempts,
        authentication: SessionAuthentication,
        post: Callable[[ResetLetter], None] | None,
    ) -> None:
        """`post` sends a letter by and by, without a wait; None where no mail server is set up."""
        self._database = database
        self._clock = clock
        self._passwords = passwords
        self._attempts = attempts
        self._authentication = authentication
        self._post = post

    async def change(self, principal: Principal, wanted: ChangePassword) -> SignedIn:
        """Change the person's password and the secret of his session.

        Raises Forbidden for a token, InvalidInput, WrongCredentials, RateLimited, or Conflict.
        """
        if principal.session_id is None:
            raise Forbidden("a password is changed by the person who signed in")
        issues = Issues()
        password = password_of(wanted.password, ("password",), issues)
        issues.raise_if_any()
        attempt = Attempt(door=Door.PASSWORD_CHANGE, account=str(principal.user_id))
        await self._attempts.take(attempt)
        async with self._database.acquire() as connection:
            person = await connection.fetchrow(_SQL["person_by_id"], principal.user_id)
        stored = None if person is None else person["password_hash"]
        if not await self._passwords.is_right(wanted.current, stored):
            raise WrongCredentials("current is not the present password", path=("current",))
        await self._attempts.give_back(attempt)
        return await self._store_change(principal, stored, await self._passwords.hash(password))

    async def request_reset(self, visit: Visit, address: str) -> None:
        """Send a letter to whoever has an account under the address; raise RateLimited, or Conflict without mail.

        Nothing in the answer or in the work before it tells whether anybody has.
        """
        if self._post is None:
            raise Conflict("this server cannot send e-mail: ask its operator for another password")
        email = findable_email(address)
        door = Door.PASSWORD_RESET_REQUEST
        await self._attempts.take(Attempt(door=door, account=email.lower(), address=visit.address))
        secret = new_secret()
        now = self._clock.now()
        expires_at = now + RESET_LASTS

        async def begin(connection: Connection) -> str | None:
            recipient: str | None = await connection.fetchval(
                _SQL["begin_password_reset"], email, digest_of(secret), now, expires_at
            )
            return recipient

        recipient = await self._database.in_transaction(begin)
        if recipient is not None:
            self._post(ResetLetter(recipient=recipient, token=secret, at=now, expires_at=expires_at))

    async def reset(self, visit: Visit, wanted: ResetPassword) -> SignedIn:
        """Use a letter's token up and begin a session; raise InvalidInput, WrongCredentials or RateLimited.

        With an invitation's token the person joins; see `SignInService.sign_in`.
        """
        issues = Issues()
        password = password_of(wanted.password, ("password",), issues)
        issues.raise_if_any()
        await self._attempts.take(Attempt(door=Door.PASSWORD_RESET, address=visit.address))
        digest = digest_of(wanted.token.strip())
        async with self._database.acquire() as connection:
            if not await connection.fetchval(_SQL["password_reset"], digest, self._clock.now()):
                raise _dead_token()
        password_hash = await self._passwords.hash(password)

        async def reset(connection: Connection) -> SignedIn:
            now = self._clock.now()
            user_id = await connection.fetchval(_SQL["use_password_reset"], digest, now)
            person = await connection.fetchrow(_SQL["person_by_id"], user_id)
            if person is None:
                raise _dead_token()
            await connection.execute(_SQL["reset_password"], user_id, password_hash)
            ended = await _end_all(connection, person, None)
            workspace_id, invitation = person["workspace_id"], wanted.invitation_token
            if invitation is not None:
                workspace_id = await join(connection, user_id, invitation, now, path=INVITATION_FIELD)
            came_in = await begin_session(connection, user_id, workspace_id, visit, now)
            await record(
                connection,
                came_in.principal,
                _another_password(AuditAction.USER_PASSWORD_RESET, user_id),
                now,
            )
            return SignedIn(
                principal=came_in.principal, secret=came_in.secret, ended=[*ended, *came_in.ended]
            )

        return self._authentication.let_in(await self._database.in_transaction(reset))

    async def _store_change(self, principal: Principal, verified: str | None, password_hash: str) -> SignedIn:
        async def change(connection: Connection) -> SignedIn:
            row = await connection.fetchrow(
                _SQL["change_password"], principal.user_id, password_hash, verified
            )
            if row is None:
                raise Conflict("the password was changed meanwhile: sign in again")
            now = self._clock.now()
            ended = await _end_all(connection, row, principal)
            rotated = await rotate_session(connection, principal, now)
            if rotated is None:
                raise Unauthenticated("the session has ended: sign in")
            change = _another_password(AuditAction.USER_PASSWORD_CHANGED, row["id"])
            await record(connection, principal, change, now)
            return SignedIn(principal=principal, secret=rotated.secret, ended=[*ended, *rotated.ended])

        return self._authentication.let_in(await self._database.in_transaction(change))


async def _end_all(connection: Connection, person: asyncpg.Record, kept: Principal | None) -> Sequence[str]:
    """End what the former password opened, but for the session of whoever changed it."""
    await connection.execute(_SQL["end_password_resets"], person["id"])
    return await end_other_sessions(connection, person["id"], None if kept is None else kept.session_id)


def _another_password(action: AuditAction, user_id: UUID) -> AuditedChange:
    before, after = ({"password": Hidden(age)} for age in ("old", "new"))
    return updated(action, user_id, before, after)


def _dead_token() -> WrongCredentials:
    return WrongCredentials("token is unknown, used or expired: ask for another", path=("token",))
