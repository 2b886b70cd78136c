"""Piccolo's tables: the configuration that services read and write a row at a time.

The migrations say what the database holds; a test compares these with it.
"""

from __future__ import annotations

from piccolo.columns import (
    JSONB,
    UUID,
    Array,
    Boolean,
    Bytea,
    DoublePrecision,
    Integer,
    SmallInt,
    Text,
    Timestamptz,
)
from piccolo.table import Table

from core.db.lent_pool_engine import DB


class User(Table, tablename="users", db=DB):
    """A person who may sign in."""

    id = UUID(primary_key=True, default=None)
    email = Text()
    name = Text()
    image = Text(null=True, default=None)
    phone_number = Text(null=True, default=None)
    sms_opt_in = Boolean(default=False)
    language = Text(default="en")
    timezone = Text(default="UTC")
    status = Text(default="ENABLED")
    password_hash = Text(secret=True)
    created_at = Timestamptz(default=None)


class Workspace(Table, tablename="workspaces", db=DB):
    """The tenant: owns everything below, has a plan and members."""

    id = UUID(primary_key=True, default=None)
    name = Text()
    owner_id = UUID(default=None)
    plan = Text()
    created_at = Timestamptz(default=None)
    all_checked_at = Timestamptz(null=True, default=None)
    deleted_at = Timestamptz(null=True, default=None)


class Member(Table, tablename="members", db=DB):
    """A person's place in a workspace."""

    id = UUID(primary_key=True, default=None)
    workspace_id = UUID(default=None)
    user_id = UUID(null=True, default=None)
    email = Text()
    name = Text(null=True, default=None)
    role = Text()
    is_confined = Boolean(default=False)
    invited_at = Timestamptz(null=True, default=None)
    accepted_at = Timestamptz(null=True, default=None)
    created_at = Timestamptz(default=None)


class ApiToken(Table, tablename="api_tokens", db=DB):
    """A token of the APIs; only the digest of its secret is kept."""

    id = UUID(primary_key=True, default=None)
    workspace_id = UUID(default=None)
    name = Text()
    prefix = Text()
    secret_sha256 = Bytea(secret=True, unique=True)
    grants = JSONB()
    created_by = UUID(null=True, default=None)
    created_at = Timestamptz(default=None)
    last_used_at = Timestamptz(null=True, default=None)
    expires_at = Timestamptz(null=True, default=None)
    revoked_at = Timestamptz(null=True, default=None)


class Region(Table, tablename="regions", db=DB):
    """Where checks run from. The small id is for hot tables only."""

    id = SmallInt(primary_key=True, default=None)
    public_id = UUID(default=None, unique=True)
    key = Text(unique=True)
    city = Text(null=True, default=None)
    country = Text(null=True, default=None)
    country_code = Text(null=True, default=None)
    latitude = DoublePrecision(null=True, default=None)
    longitude = DoublePrecision(null=True, default=None)
    created_at = Timestamptz(default=None)
    absent_since = Timestamptz(null=True, default=None)
    is_settled = Boolean(default=True)


class Project(Table, tablename="projects", db=DB):
    """A group of monitors; each workspace has a default one."""

    id = UUID(primary_key=True, default=None)
    workspace_id = UUID(default=None)
    name = Text()
    is_default = Boolean(default=False)
    created_at = Timestamptz(default=None)
    revision = Integer(default=1)
    deleted_at = Timestamptz(null=True, default=None)


class Monitor(Table, tablename="monitors", db=DB):
    """One thing watched: a probe kind, its configuration, an interval."""

    id = UUID(primary_key=True, default=None)
    workspace_id = UUID(default=None)
    project_id = UUID(default=None)
    name = Text()
    kind = Text()
    is_passive = Boolean()
    config = JSONB(secret=True)
    target = Text()
    host = Text(null=True, default=None)
    interval_seconds = Integer(null=True, default=None)
    timeout_seconds = Integer(default=30)
    failures_to_open = SmallInt(default=2)
    successes_to_close = SmallInt(default=1)
    regions_to_agree = SmallInt(default=1)
    recheck_seconds = Integer(default=20)
    regression_enabled = Boolean(default=False)
    regression_threshold_percent = SmallInt(default=50)
    regression_period_days = SmallInt(default=7)
    paused_at = Timestamptz(null=True, default=None)
    revision = Integer(default=1)
    config_revision = Integer(default=1)
    created_at = Timestamptz(default=None)
    updated_at = Timestamptz(default=None)
    deleted_at = Timestamptz(null=True, default=None)


class Tag(Table, tablename="tags", db=DB):
    """A word that groups monitors across projects."""

    id = UUID(primary_key=True, default=None)
    workspace_id = UUID(default=None)
    name = Text()


class Channel(Table, tablename="channels", db=DB):
    """A notifier with a configuration."""

    id = UUID(primary_key=True, default=None)
    workspace_id = UUID(default=None)
    name = Text()
    kind = Text()
    config = JSONB(secret=True)
    is_active = Boolean(default=True)
    created_at = Timestamptz(default=None)
    revision = Integer(default=1)
    deleted_at = Timestamptz(null=True, default=None)
    monitor_id = UUID(null=True, default=None)
    is_retired = Boolean(default=False)


class Webhook(Table, tablename="webhooks", db=DB):
    """An address that is told of events with signed requests."""

    id = UUID(primary_key=True, default=None)
    workspace_id = UUID(default=None)
    name = Text()
    url = Text()
    events = Array(base_column=Text())
    secret = Text(null=True, default=None, secret=True)
    is_active = Boolean(default=True)
    last_status = Integer(null=True, default=None)
    last_triggered_at = Timestamptz(null=True, default=None)
    created_at = Timestamptz(default=None)
    revision = Integer(default=1)
    deleted_at = Timestamptz(null=True, default=None)
