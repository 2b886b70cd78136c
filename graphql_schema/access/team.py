"""Members: listed, invited, changed, removed; and the workspace in which a person works."""

from __future__ import annotations

from typing import Annotated

import strawberry

from core.access.invitation_service import InviteMember
from core.access.member_rules import INVITATION_LASTS, MOST_MEMBERS
from core.access.member_service import UpdateMember
from core.access.principal import Role, TokenScope
from core.access.switch_service import SwitchWorkspace
from core.access.team_reading import invitations_of, members_of
from core.ids import Prefix
from graphql_schema.access.people_mutations import SessionPayload, go_on_as, visitor_of
from graphql_schema.access.team_types import Invitation, Member
from graphql_schema.arguments import INPUT
from graphql_schema.changes import USER_ERRORS_HELP, ChangedById, DeletedPayload, changed, deleted
from graphql_schema.context import Info
from graphql_schema.described import ListSize, field, mutation
from graphql_schema.errors import UserError, attempt
from graphql_schema.written import written, written_or_unset

_ALL_MEMBERS = ListSize(most=MOST_MEMBERS)


@strawberry.input(description="Whom to invite, and as what")
class InviteMemberInput:
    """As core.access.invitation_service takes it."""

    email: str = strawberry.field(description="Only an account with this address can accept the invitation")
    name: str | None = strawberry.field(
        default=strawberry.UNSET, description="What to call the person until there is an account"
    )
    role: Role = strawberry.field(description="What the person will be; OWNER if an OWNER says so")
    project_ids: list[strawberry.ID] | None = strawberry.field(
        default=strawberry.UNSET,
        description="The projects to confine a MEMBER or VIEWER to; absent or null for all",
    )


@strawberry.input(description="The invitation to accept")
class AcceptInvitationInput:
    """As core.access.invitation_service takes it."""

    token: str = strawberry.field(description="That of the letter")


@strawberry.input(description="What to change of a member; what is absent stays")
class UpdateMemberInput:
    """As core.access.member_service takes it."""

    id: strawberry.ID = strawberry.field(description="The member, PENDING or not")
    role: Role | None = strawberry.field(
        default=strawberry.UNSET, description="What the person is to be; OWNER if an OWNER says so"
    )
    project_ids: list[strawberry.ID] | None = strawberry.field(
        default=strawberry.UNSET,
        description="The projects to confine a MEMBER or VIEWER to; null: to none of them any more",
    )


@strawberry.input(description="Where to work from now on")
class SwitchWorkspaceInput:
    """As core.access.switch_service takes it."""

    workspace_id: strawberry.ID = strawberry.field(description="One of `viewer.workspaces`")


@strawberry.type(description="What became of an invitation")
class InvitationPayload:
    """The invitation is null if it was refused."""

    invitation: Invitation | None = strawberry.field(description="The invitation; null if it was refused")
    token: str | None = strawberry.field(
        description="What the person needs to accept, to be handed over by yourself: told here and never again. "
        "Null where this server sends it by e-mail"
    )
    user_errors: list[UserError] = strawberry.field(description=USER_ERRORS_HELP)


@strawberry.type(description="What became of a change of a member")
class MemberPayload:
    """The member is null if the change was refused."""

    member: Member | None = strawberry.field(description="The member; null if the change was refused")
    user_errors: list[UserError] = strawberry.field(description=USER_ERRORS_HELP)


@strawberry.type
class TeamQueries:
    """The part of Query about members."""

    @field("The members of the workspace, PENDING ones too, in the order of their coming", size=_ALL_MEMBERS)
    async def members(self, info: Info) -> list[Member] | None:
        """Return the members."""
        context = info.context
        context.require_read(TokenScope.TEAM)
        return [Member.of(row) for row in await context.reads.once(members_of, context.workspace_id)]

    @field("The invitations that nobody has accepted, expired ones too", size=_ALL_MEMBERS)
    async def invitations(self, info: Info) -> list[Invitation] | None:
        """Return the invitations."""
        context = info.context
        context.require_read(TokenScope.TEAM)
        return [Invitation.of(row) for row in await context.reads.once(invitations_of, context.workspace_id)]


@strawberry.type
class TeamMutations:
    """The part of Mutation about members."""

    @mutation(
        f"Invite somebody by e-mail, for {INVITATION_LASTS.days} days; an expired invitation is renewed. "
        "It needs WRITE on TEAM, of a token also all that the person may do then, and a free place of the plan"
    )
    async def invite_member(
        self, info: Info, wanted: Annotated[InviteMemberInput, INPUT]
    ) -> InvitationPayload:
        """Return the invitation."""
        context = info.context
        invitation = InviteMember(
            email=wanted.email,
            role=wanted.role,
            name=written(wanted.name),
            project_ids=written(wanted.project_ids),
        )
        done = await attempt(context.services.team.invitations.invite(context.principal, invitation))
        if done.value is None:
            return InvitationPayload(invitation=None, token=None, user_errors=done.user_errors)
        context.reads.forget()
        made = await context.find(Prefix.INVITATION, done.value.id)
        return InvitationPayload(invitation=made, token=done.value.token, user_errors=[])

    @mutation("Take an invitation back: its member goes with it. It needs DELETE on TEAM")
    async def cancel_invitation(self, info: Info, wanted: ChangedById) -> DeletedPayload:
        """Return its id."""
        context = info.context
        change = context.services.team.invitations.cancel(context.principal, wanted.id)
        return await deleted(context, Prefix.INVITATION, change)

    @mutation(
        "Join a workspace by the token of a letter that came to one's own address; the session works there "
        "from now on. Not for tokens",
        is_alone=True,
    )
    async def accept_invitation(
        self, info: Info, wanted: Annotated[AcceptInvitationInput, INPUT]
    ) -> SessionPayload:
        """Return who works where now."""
        context = info.context
        principal = context.principal
        visitor_of(context)
        return await go_on_as(context, context.services.team.invitations.accept(principal, wanted.token))

    @mutation(
        "Change a member's role or projects, within two seconds everywhere. It needs WRITE on TEAM, of a "
        "token also all that the member may do then; only an OWNER makes and changes an OWNER, and the last one stays"
    )
    async def update_member(self, info: Info, wanted: Annotated[UpdateMemberInput, INPUT]) -> MemberPayload:
        """Return the member as he is now."""
        context = info.context
        update = UpdateMember(
            id=wanted.id,
            role=written_or_unset(wanted.role),
            project_ids=written_or_unset(wanted.project_ids),
        )
        change = context.services.team.members.update(context.principal, update)
        member, user_errors = await changed(context, Prefix.MEMBER, change)
        return MemberPayload(member=member, user_errors=user_errors)

    @mutation(
        "Remove a member, or leave oneself: tokens made here, and sessions that work here, end within two seconds "
        "everywhere; monitors stay. It needs DELETE on TEAM, but for oneself no role; the last OWNER stays"
    )
    async def remove_member(self, info: Info, wanted: ChangedById) -> DeletedPayload:
        """Return his id."""
        context = info.context
        principal = context.principal
        done = await attempt(context.services.team.members.remove(principal, wanted.id))
        if done.value is None:
            return DeletedPayload(deleted_id=None, user_errors=done.user_errors)
        if done.value.is_self:
            context.become(None)
            if principal.session_id is not None and context.visitor is not None:
                context.visitor.forget()
        else:
            context.reads.forget()
        return DeletedPayload(deleted_id=wanted.id, user_errors=[])

    @mutation(
        "Work in another of one's own workspaces from now on, with this session. Not for tokens",
        is_alone=True,
    )
    async def switch_workspace(
        self, info: Info, wanted: Annotated[SwitchWorkspaceInput, INPUT]
    ) -> SessionPayload:
        """Return who works where now."""
        context = info.context
        principal = context.principal
        visitor_of(context)
        wish = SwitchWorkspace(workspace_id=wanted.workspace_id)
        return await go_on_as(context, context.services.people.switching.switch(principal, wish))
