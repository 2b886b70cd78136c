"""Everything that a face needs, built once for each API process."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from core.access.people import People, build_people
from core.access.team import Team, build_team
from core.access.token_authentication import TokenAuthentication
from core.access.token_service import TokenService
from core.checks.tail import CheckTail
from core.clock import Clock
from core.db.database import Database
from core.deliveries.channel_service import ChannelService
from core.deliveries.delivery_service import DeliveryService
from core.deliveries.trial import Trials
from core.deliveries.webhook_service import WebhookService
from core.events.feed import Feed
from core.heartbeats.receiver import PingReceiver
from core.incidents.incident_service import IncidentService
from core.live_connections import LiveConnections
from core.mail import mailer_for
from core.monitors.bulk_service import BulkService
from core.monitors.monitor_life import MonitorLife
from core.monitors.monitor_service import MonitorService
from core.monitors.project_service import ProjectService
from core.plugin_registry import PluginRegistry
from core.settings import Settings
from core.usage.requests import Requests
from plugins.api.outbound import Outbound


@dataclass(frozen=True, kw_only=True, slots=True)
class Services:
    """The services and what they stand on.

    A service's method takes the principal and a frozen input value, checks the permission, validates, stores
    in one transaction, and returns the id of what it changed; it raises the errors of `core.errors`.
    """

    settings: Settings
    clock: Clock
    started_at: datetime
    database: Database
    registry: PluginRegistry
    outbound: Outbound
    authentication: TokenAuthentication
    tokens: TokenService
    people: People
    team: Team
    projects: ProjectService
    monitors: MonitorService
    bulk: BulkService
    incidents: IncidentService
    channels: ChannelService
    webhooks: WebhookService
    deliveries: DeliveryService
    pings: PingReceiver
    feed: Feed
    check_tail: CheckTail
    live: LiveConnections
    requests: Requests


def build_services(
    *, settings: Settings, database: Database, registry: PluginRegistry, clock: Clock, outbound: Outbound
) -> Services:
    """Return the services on one pool, that of the faces."""
    life = MonitorLife(registry=registry)
    authentication = TokenAuthentication(database=database, clock=clock)
    mailer = mailer_for(settings)
    trials = Trials(database=database, registry=registry, outbound=outbound, mailer=mailer, clock=clock)
    requests = Requests(database=database, clock=clock)
    people = build_people(settings=settings, database=database, clock=clock, mailer=mailer)
    team = build_team(
        settings=settings,
        database=database,
        clock=clock,
        mailer=mailer,
        tokens=authentication,
        sessions=people.sessions,
    )
    return Services(
        settings=settings,
        clock=clock,
        started_at=clock.now(),
        database=database,
        registry=registry,
        outbound=outbound,
        authentication=authentication,
        tokens=TokenService(database=database, clock=clock, authentication=authentication),
        people=people,
        team=team,
        projects=ProjectService(database=database, registry=registry, life=life, clock=clock),
        monitors=MonitorService(database=database, registry=registry, life=life, clock=clock),
        bulk=BulkService(database=database, clock=clock),
        incidents=IncidentService(database=database, clock=clock),
        channels=ChannelService(database=database, registry=registry, clock=clock),
        webhooks=WebhookService(database=database, clock=clock),
        deliveries=DeliveryService(database=database, trials=trials, clock=clock),
        pings=PingReceiver(
            database=database,
            clock=clock,
            pings_per_minute=settings.pings_per_minute,
            note_ping=requests.note_ping,
        ),
        feed=Feed(database=database, clock=clock),
        check_tail=CheckTail(database=database, clock=clock),
        live=LiveConnections(),
        requests=requests,
    )
