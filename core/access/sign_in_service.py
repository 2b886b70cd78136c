"""Signs people up, in and out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

import asyncpg

from core.access.account_rules import email_of, findable_email, password_of
from core.access.attempts import Attempt, Attempts, Door
from core.access.joining import INVITATION_FIELD, join, require_invitation
from core.access.new_account import NewAccount, NewPerson, add_person, make_account
from core.access.password_work import PasswordWork
from core.access.plans import Plan
from core.access.principal import Principal
from core.access.session_authentication import SessionAuthentication
from core.access.sessions import SignedIn, Visit, begin_session, end_own_session, end_session
from core.audit.action import AuditAction
from core.audit.change import created
from core.audit.recording import record
from core.clock import Clock
from core.db.database import Connection, Database
from core.db.named_sql import named_sql
from core.errors import Conflict, Forbidden, NotFound, RateLimited, WrongCredentials
from core.ids import Prefix, decode_id
from core.issues import Issues
from core.settings import SignUpRule
from core.text_rules import name_of

_SQL = named_sql("people")


@dataclass(frozen=True, kw_only=True, slots=True)
class SignUp:
    """An account to make: with a workspace of its own, or with a place in that of an invitation."""

    email: str
    password: str = field(repr=False)
    name: str
    invitation_token: str | None = field(default=None, repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class SignIn:
    """Who says he is whom. With the token of an invitation he accepts it on his way in."""

    email: str
    password: str = field(repr=False)
    invitation_token: str | None = field(default=None, repr=False)


class SignInService:
    """Each way in returns who came in and the secret of his session; what his cookie opened before has ended."""

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        passwords: PasswordWork,
        attempts: Attempts,
        authentication: SessionAuthentication,
        rule: SignUpRule,
        plan: Plan,
    ) -> None:
        self._database = database
        self._clock = clock
        self._passwords = passwords
        self._attempts = attempts
        self._authentication = authentication
        self._rule = rule
        self._plan = plan

    async def sign_up(self, visit: Visit, wanted: SignUp) -> SignedIn:
        """Make an account with a workspace of its own, or join by invitation.

        Raises Forbidden where nobody may, or not without an invitation, InvalidInput, RateLimited, NotFound of an
        invitation that is not open to the address, or Conflict of a known address.
        """
        _require_open(self._rule, is_invited=wanted.invitation_token is not None)
        issues = Issues()
        email = email_of(wanted.email, ("email",), issues)
        password = password_of(wanted.password, ("password",), issues)
        name = name_of(wanted.name, ("name",), issues)
        issues.raise_if_any()
        await self._attempts.take(Attempt(door=Door.SIGN_UP, address=visit.address))
        token = wanted.invitation_token
        async with self._database.acquire() as connection:
            if token is not None:
                await require_invitation(connection, token, email, self._clock.now(), path=INVITATION_FIELD)
            if await connection.fetchval(_SQL["email_is_known"], email):
                raise _known_email()
        person = NewPerson(email=email, name=name, password_hash=await self._passwords.hash(password))

        async def make(connection: Connection) -> SignedIn:
            now = self._clock.now()
            if token is None:
                account = NewAccount(person=person, workspace_name=f"{name}'s workspace", plan=self._plan)
                made = await make_account(account, now)
                user_id, workspace_id = made.user_id, made.workspace_id
            else:
                user_id = await add_person(person, now)
                workspace_id = await join(connection, user_id, token, now, path=INVITATION_FIELD)
            came_in = await begin_session(connection, user_id, workspace_id, visit, now)
            change = created(AuditAction.USER_SIGNED_UP, user_id, {"email": email, "name": name})
            await record(connection, came_in.principal, change, now)
            return came_in

        try:
            return self._authentication.let_in(await self._database.in_transaction(make))
        except asyncpg.UniqueViolationError:
            raise _known_email() from None

    async def sign_in(self, visit: Visit, wanted: SignIn) -> SignedIn:
        """Begin a session; raise WrongCredentials or RateLimited. An address without an account costs the same.

        With an invitation's token the person joins, which is the way in for who belongs to no workspace. Raises
        NotFound of an invitation that is not open to him, or Conflict if he belongs to its workspace already.
        """
        email = findable_email(wanted.email)
        attempt = Attempt(door=Door.SIGN_IN, account=email.lower(), address=visit.address)
        await self._attempts.take(attempt)
        async with self._database.acquire() as connection:
            person = await connection.fetchrow(_SQL["person_by_email"], email)
        stored = None if person is None else person["password_hash"]
        try:
            is_right = await self._passwords.is_right(wanted.password, stored)
        except RateLimited:
            await self._attempts.give_back(attempt)  # it was not even looked at
            raise
        if not is_right or person is None:
            raise WrongCredentials
        await self._attempts.give_back(attempt)

        async def begin(connection: Connection) -> SignedIn:
            if await connection.fetchval(_SQL["hold_password"], person["id"], stored) is None:
                raise WrongCredentials
            now = self._clock.now()
            workspace_id, token = person["workspace_id"], wanted.invitation_token
            if token is not None:
                workspace_id = await join(connection, person["id"], token, now, path=INVITATION_FIELD)
            return await begin_session(connection, person["id"], workspace_id, visit, now)

        return self._authentication.let_in(await self._database.in_transaction(begin))

    async def sign_out(self, visit: Visit) -> None:
        """End the session that the visitor's cookie opens, if it does."""

        async def end(connection: Connection) -> Sequence[str]:
            return await end_session(connection, visit.session_secret)

        self._authentication.forget_each(await self._database.in_transaction(end))

    async def revoke_session(self, principal: Principal, public_id: str) -> UUID:
        """End one of the person's sessions and return its id; raise NotFound, or Forbidden for a token."""
        if principal.session_id is None:
            raise Forbidden("sessions are ended by the person who signed in")
        session_id = decode_id(Prefix.SESSION, public_id)

        async def end(connection: Connection) -> Sequence[str]:
            return await end_own_session(connection, principal, session_id, self._clock.now())

        ended = await self._database.in_transaction(end)
        if session_id is None or not ended:
            raise NotFound("session not found", path=("id",))
        self._authentication.forget_each(ended)
        return session_id


def _require_open(rule: SignUpRule, *, is_invited: bool) -> None:
    if rule is SignUpRule.CLOSED:
        raise Forbidden("sign-up is closed on this server")
    if rule is SignUpRule.INVITE and not is_invited:
        raise Forbidden("sign-up needs an invitation on this server")


def _known_email() -> Conflict:
    return Conflict("email has an account already: sign in", path=("email",))
