"""Signing up, in and out, passwords, profiles, sessions."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Annotated

import strawberry

from core.access.password_service import ChangePassword, ResetPassword
from core.access.principal import Principal
from core.access.profile_service import UpdateProfile
from core.access.sessions import SignedIn
from core.access.sign_in_service import SignIn, SignUp
from core.errors import Forbidden
from core.ids import Prefix
from graphql_schema.access.types import User, Viewer
from graphql_schema.access.visitor import Visitor
from graphql_schema.arguments import INPUT
from graphql_schema.changes import USER_ERRORS_HELP, ChangedById, DeletedPayload, changed
from graphql_schema.context import Context, Info
from graphql_schema.described import mutation
from graphql_schema.errors import UserError, attempt
from graphql_schema.written import written, written_or_unset

_PASSWORD_HELP = "8 to 500 characters"  # noqa: S105  (a description)


_INVITATION_HELP = "That of a letter that came to this address"


@strawberry.input(description="An account to make, with a workspace of its own or a place in another")
class SignUpInput:
    """As core.access.sign_in_service takes it."""

    email: str = strawberry.field(
        description="What the person will sign in with, at most 254 characters; a known one is a CONFLICT"
    )
    password: str = strawberry.field(description=_PASSWORD_HELP)
    name: str = strawberry.field(description="What others call the person")
    invitation_token: str | None = strawberry.field(
        default=strawberry.UNSET,
        description=f"{_INVITATION_HELP}: the person joins, and gets no workspace of their own",
    )


@strawberry.input(description="Who wants to come in")
class SignInInput:
    """As core.access.sign_in_service takes it."""

    email: str = strawberry.field(description="That of the account, in upper or lower case")
    password: str = strawberry.field(description="That of the account, exactly")
    invitation_token: str | None = strawberry.field(
        default=strawberry.UNSET,
        description=f"{_INVITATION_HELP}: accepts it on the way in, for who belongs to no workspace",
    )


@strawberry.input(description="Another password, and the present one")
class ChangePasswordInput:
    """As core.access.password_service takes it."""

    current: str = strawberry.field(description="The present password; a wrong one is UNAUTHENTICATED")
    password: str = strawberry.field(description=_PASSWORD_HELP)


@strawberry.input(description="Who has forgotten his password")
class RequestPasswordResetInput:
    """As core.access.password_service takes it."""

    email: str = strawberry.field(description="Where the letter goes, if an account has this address")


@strawberry.input(description="Another password, and the token of the letter")
class ResetPasswordInput:
    """As core.access.password_service takes it."""

    token: str = strawberry.field(description="From the letter: works once, for 30 minutes")
    password: str = strawberry.field(description=_PASSWORD_HELP)
    invitation_token: str | None = strawberry.field(
        default=strawberry.UNSET,
        description=f"{_INVITATION_HELP}: accepts it on the way in, for who belongs to no workspace",
    )


@strawberry.input(description="What to change of one's own profile; what is absent stays")
class UpdateProfileInput:
    """As core.access.profile_service takes it."""

    name: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="What others call the person: 1 to 200 characters; null is refused",
    )
    image: str | None = strawberry.field(default=strawberry.UNSET, description="The address of a picture")
    phone_number: str | None = strawberry.field(
        default=strawberry.UNSET, description="With its country: +441632960961"
    )
    sms_opt_in: bool | None = strawberry.field(
        default=strawberry.UNSET, description="Whether alerts may come as text messages"
    )
    language: str | None = strawberry.field(
        default=strawberry.UNSET, description="A language tag, such as en or pt-BR; en by default"
    )
    timezone: str | None = strawberry.field(
        default=strawberry.UNSET, description="A name such as Europe/Berlin; UTC by default"
    )


@strawberry.type(description="Who is signed in after the change; the answer sets or clears the cookie")
class SessionPayload:
    """The viewer is null if nobody is."""

    viewer: Viewer | None = strawberry.field(
        description="Who is signed in now; null if nobody is, or if it was refused"
    )
    user_errors: list[UserError] = strawberry.field(description=USER_ERRORS_HELP)


@strawberry.type(description="Whether something was done that has nothing to show")
class DonePayload:
    """Done, or refused."""

    done: bool = strawberry.field(description="False if it was refused; userErrors say why")
    user_errors: list[UserError] = strawberry.field(description=USER_ERRORS_HELP)


@strawberry.type(description="What became of a change of a person")
class UserPayload:
    """The person is null if the change was refused."""

    user: User | None = strawberry.field(
        description="The person as he is now; null if the change was refused"
    )
    user_errors: list[UserError] = strawberry.field(description=USER_ERRORS_HELP)


@strawberry.type
class PeopleMutations:
    """The part of Mutation about people and their sessions."""

    @mutation(
        "Make an account, with a workspace of its own or by invitation, and sign in; TOCSIN_SIGN_UP says who may",
        is_open=True,
        is_alone=True,
    )
    async def sign_up(self, info: Info, wanted: Annotated[SignUpInput, INPUT]) -> SessionPayload:
        """Return who came in."""
        context, visitor = info.context, visitor_of(info.context)
        account = SignUp(
            email=wanted.email,
            password=wanted.password,
            name=wanted.name,
            invitation_token=written(wanted.invitation_token),
        )
        return await _come_in(
            context, visitor, context.services.people.sign_in.sign_up(visitor.visit, account)
        )

    @mutation("Sign in: the answer sets the cookie of a new session", is_open=True, is_alone=True)
    async def sign_in(self, info: Info, wanted: Annotated[SignInInput, INPUT]) -> SessionPayload:
        """Return who came in."""
        context, visitor = info.context, visitor_of(info.context)
        claimed = SignIn(
            email=wanted.email,
            password=wanted.password,
            invitation_token=written(wanted.invitation_token),
        )
        return await _come_in(
            context, visitor, context.services.people.sign_in.sign_in(visitor.visit, claimed)
        )

    @mutation("End the session that asks", is_open=True)
    async def sign_out(self, info: Info) -> SessionPayload:
        """Return nobody."""
        context, visitor = info.context, visitor_of(info.context)
        await context.services.people.sign_in.sign_out(visitor.visit)
        visitor.forget()
        context.become(None)
        return SessionPayload(viewer=None, user_errors=[])

    @mutation("Change one's own password; all other sessions end")
    async def change_password(
        self, info: Info, wanted: Annotated[ChangePasswordInput, INPUT]
    ) -> SessionPayload:
        """Return who is signed in still."""
        context, visitor = info.context, visitor_of(info.context)
        passwords = context.services.people.passwords
        wish = ChangePassword(current=wanted.current, password=wanted.password)
        return await _come_in(context, visitor, passwords.change(context.principal, wish))

    @mutation(
        "Send a letter with a token that lets its reader choose another password, if there is an account",
        is_open=True,
    )
    async def request_password_reset(
        self, info: Info, wanted: Annotated[RequestPasswordResetInput, INPUT]
    ) -> DonePayload:
        """Return the same whether there is an account or not."""
        visitor = visitor_of(info.context)
        passwords = info.context.services.people.passwords
        asked = await attempt(passwords.request_reset(visitor.visit, wanted.email))
        return DonePayload(done=not asked.user_errors, user_errors=asked.user_errors)

    @mutation(
        "Choose another password with the token of a letter, and sign in; all other sessions end",
        is_open=True,
        is_alone=True,
    )
    async def reset_password(
        self, info: Info, wanted: Annotated[ResetPasswordInput, INPUT]
    ) -> SessionPayload:
        """Return who came in."""
        context, visitor = info.context, visitor_of(info.context)
        passwords = context.services.people.passwords
        wish = ResetPassword(
            token=wanted.token,
            password=wanted.password,
            invitation_token=written(wanted.invitation_token),
        )
        return await _come_in(context, visitor, passwords.reset(visitor.visit, wish))

    @mutation("Change one's own profile")
    async def update_profile(self, info: Info, wanted: Annotated[UpdateProfileInput, INPUT]) -> UserPayload:
        """Return the person as he is now."""
        context = info.context
        wish = UpdateProfile(
            name=written_or_unset(wanted.name),
            image=written_or_unset(wanted.image),
            phone_number=written_or_unset(wanted.phone_number),
            sms_opt_in=written_or_unset(wanted.sms_opt_in),
            language=written_or_unset(wanted.language),
            timezone=written_or_unset(wanted.timezone),
        )
        change = context.services.people.profiles.update(context.principal, wish)
        user, user_errors = await changed(context, Prefix.USER, change)
        return UserPayload(user=user, user_errors=user_errors)

    @mutation("End one of one's own sessions, be it the one that asks")
    async def revoke_session(self, info: Info, wanted: ChangedById) -> DeletedPayload:
        """Return its id."""
        context, visitor = info.context, visitor_of(info.context)
        principal = context.principal
        done = await attempt(context.services.people.sign_in.revoke_session(principal, wanted.id))
        if done.value is None:
            return DeletedPayload(deleted_id=None, user_errors=done.user_errors)
        if done.value == principal.session_id:
            visitor.forget()
            context.become(None)
        return DeletedPayload(deleted_id=wanted.id, user_errors=[])


def visitor_of(context: Context) -> Visitor:
    """Return who makes the request; raise Forbidden over a connection that goes on."""
    if context.visitor is None:
        raise Forbidden("sessions are changed by a POST of its own, which can carry a cookie")
    return context.visitor


async def go_on_as(context: Context, move: Awaitable[Principal]) -> SessionPayload:
    """Await a move to another workspace, and answer there; the session's secret stays."""
    done = await attempt(move)
    if done.value is None:
        return SessionPayload(viewer=None, user_errors=done.user_errors)
    context.become(done.value)
    return SessionPayload(viewer=Viewer.of(done.value), user_errors=[])


async def _come_in(context: Context, visitor: Visitor, way_in: Awaitable[SignedIn]) -> SessionPayload:
    done = await attempt(way_in)
    if done.value is None:
        return SessionPayload(viewer=None, user_errors=done.user_errors)
    visitor.keep(done.value.secret)
    context.become(done.value.principal)
    return SessionPayload(viewer=Viewer.of(done.value.principal), user_errors=[])
