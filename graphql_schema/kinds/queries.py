"""Queries of the kinds that are loaded."""

from __future__ import annotations

import strawberry
from strawberry.scalars import JSON

from core.plugin_registry import LoadedNotifier, LoadedProbe
from graphql_schema.context import Info
from graphql_schema.described import ListSize, field
from plugins.api.config import json_schema
from plugins.api.probe import ProbeMode

MOST_KINDS = ListSize(most=50)

strawberry.enum(
    ProbeMode, description="ACTIVE kinds look at their target; PASSIVE kinds wait for it to report"
)


@strawberry.type(description="A kind of probe that is loaded")
class ProbeKind:
    """What core.plugin_registry knows of it."""

    key: str = strawberry.field(description="Its name in every API")
    title: str = strawberry.field(description="What people call it, for a menu")
    description: str = strawberry.field(description="What it looks at, in a sentence")
    mode: ProbeMode = strawberry.field(
        description="Whether it looks at its target, or waits for it to report"
    )
    config_schema: JSON = strawberry.field(description="The JSON Schema of its configuration")
    distribution: str = strawberry.field(description="The package that brings it")

    @classmethod
    def of(cls, loaded: LoadedProbe) -> ProbeKind:
        """Return the object that stands for a loaded kind."""
        probe = loaded.probe
        return cls(
            key=probe.key,
            title=probe.title,
            description=probe.description,
            mode=probe.mode,
            config_schema=JSON(json_schema(probe.config)),
            distribution=loaded.distribution,
        )


@strawberry.type(description="A kind of notifier that is loaded")
class NotifierKind:
    """What core.plugin_registry knows of it."""

    key: str = strawberry.field(description="Its name in every API")
    title: str = strawberry.field(description="What people call it, for a menu")
    description: str = strawberry.field(description="How it delivers, in a sentence")
    config_schema: JSON = strawberry.field(description="The JSON Schema of its configuration")
    distribution: str = strawberry.field(description="The package that brings it")

    @classmethod
    def of(cls, loaded: LoadedNotifier) -> NotifierKind:
        """Return the object that stands for a loaded kind."""
        notifier = loaded.notifier
        return cls(
            key=notifier.key,
            title=notifier.title,
            description=notifier.description,
            config_schema=JSON(json_schema(notifier.config)),
            distribution=loaded.distribution,
        )


@strawberry.type
class KindQueries:
    """The part of Query about kinds; open to anybody, as the schema shows them anyway."""

    @field("The kinds of probe that are loaded, built-in ones first", size=MOST_KINDS, is_open=True)
    def probe_kinds(self, info: Info) -> list[ProbeKind]:
        """Return the kinds."""
        return [ProbeKind.of(loaded) for loaded in info.context.services.registry.probes]

    @field("The kinds of notifier that are loaded, built-in ones first", size=MOST_KINDS, is_open=True)
    def notifier_kinds(self, info: Info) -> list[NotifierKind]:
        """Return the kinds."""
        return [NotifierKind.of(loaded) for loaded in info.context.services.registry.notifiers]
