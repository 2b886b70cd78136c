"""The types of a kind as GraphQL prints them, takes them and shows them."""

from __future__ import annotations

import enum
import re
import textwrap
from collections.abc import Sequence
from typing import Annotated, Any, Literal

import pytest
import strawberry
from graphql import build_schema, print_type

from core.kind_choice import KindChoice
from core.plugin_registry import PluginRegistry, registry_of
from graphql_schema.plugin_types import (
    PluginTypes,
    ProbeConfig,
    StoredConfig,
    build_plugin_types,
    chosen_kind,
)
from plugins.api.config import Config, Meta, Secret, field
from plugins.api.hookspecs import hookimpl
from plugins.api.notifier import Message, Notifier, Receipt, SendContext
from plugins.api.outcome import CheckStatus, Outcome
from plugins.api.probe import Probe, ProbeContext

Milliseconds = Annotated[int, Meta(ge=1, le=300_000)]


class HttpMethod(enum.StrEnum):
    GET = "GET"
    POST = "POST"


class ApiKeyLocation(enum.StrEnum):
    HEADER = "HEADER"
    QUERY = "QUERY"


class HttpHeader(Config):
    name: str
    value: Secret


class HttpBearerAuth(Config):
    token: Secret


class HttpBasicAuth(Config):
    username: str
    password: Secret


class HttpApiKeyAuth(Config):
    key: Secret
    name: str
    location: ApiKeyLocation = ApiKeyLocation.HEADER


class HttpAuth(Config, one_of=True):
    bearer: HttpBearerAuth | None = None
    basic: HttpBasicAuth | None = None
    api_key: HttpApiKeyAuth | None = None


class HttpConfig(Config):
    """What is asked, and what is expected."""

    url: Annotated[str, Meta(max_length=2048, description="The address")]
    method: HttpMethod = HttpMethod.GET
    headers: tuple[HttpHeader, ...] = ()
    body: str | None = None
    accepted_statuses: tuple[str, ...] = ("200-299",)
    follow_redirects: bool = True
    max_redirects: Annotated[int, Meta(ge=0, le=20)] = 10
    degraded_above_ms: Milliseconds | None = None
    auth: HttpAuth | None = None


class HeartbeatConfig(Config):
    interval_seconds: Annotated[int, Meta(ge=5, le=86_400)] | None = None
    cron: str | None = None
    timezone: str | None = None
    grace_seconds: Annotated[int, Meta(ge=0, le=86_400)] = 300


class Broker(Config):
    host: str
    port: Annotated[int, Meta(ge=1, le=65_535)] = 1883


class Level(enum.IntEnum):
    NONE = 0
    EXACT = 2


class Wait(Config):
    seconds: float = 1.5


class MqttConfig(Config):
    brokers: list[Broker]
    levels: tuple[Level, ...] = (Level.EXACT,)
    spelling: Literal["upper", "lower"] = "lower"
    wait: Wait = Wait()
    backup: Broker | None = None


class SqlConfig(Config):
    parameters: dict[str, Any] = field(default_factory=dict)
    labels: dict[str, str]
    matrix: tuple[tuple[Annotated[int, Meta(ge=0, le=9)], ...], ...] = ()
    password: Secret | None = None


class SystemConfig(Config):
    """A kind that needs no connection."""

    least_free: float = 0.1
    is_type_of: bool = False
    from_: str = "here"


class WebhookHeader(Config):
    name: str
    value: Secret


class WebhookConfig(Config):
    url: str
    headers: tuple[WebhookHeader, ...] = ()


async def look(_config: Config, _context: ProbeContext) -> Outcome:
    return Outcome(status=CheckStatus.UP)


async def deliver(_config: Config, _message: Message, _context: SendContext) -> Receipt:
    return Receipt()


def probe(key: str, config: type[Config]) -> Probe[Any]:
    return Probe(
        key=key, title=key, description=key, config=config, check=look, target=lambda _config: f"the {key}"
    )


class SampleKinds:
    @hookimpl
    def register_probes(self) -> Sequence[Probe[Any]]:
        kinds = {
            "http": HttpConfig,
            "heartbeat": HeartbeatConfig,
            "mqtt": MqttConfig,
            "sqlQuery": SqlConfig,
            "import": SystemConfig,
        }
        return [probe(key, config) for key, config in kinds.items()]

    @hookimpl
    def register_notifiers(self) -> Sequence[Notifier[Any]]:
        return [
            Notifier(
                key="webhook",
                title="Webhook",
                description="Posts JSON",
                config=WebhookConfig,
                send=deliver,
                recipients=lambda config: [config.url],
            )
        ]


@pytest.fixture(scope="module")
def registry() -> PluginRegistry:
    registry = registry_of(SampleKinds())
    assert registry.failures == ()
    return registry


class Desk:
    """A schema over the generated types that remembers what was written, and shows what it is told to."""

    def __init__(self, types: PluginTypes) -> None:
        self.written: list[KindChoice] = []
        self.stored: list[StoredConfig] = []

        def write(probe: Any) -> bool:
            self.written.append(chosen_kind(probe))
            return True

        write.__annotations__ = {"probe": types.probe_input, "return": bool}

        def notify(notifier: Any) -> bool:
            self.written.append(chosen_kind(notifier))
            return True

        notify.__annotations__ = {"notifier": types.notifier_input, "return": bool}

        def shown() -> list[ProbeConfig]:
            return self.stored  # type: ignore[return-value]

        members = {each.__name__: strawberry.field(resolver=each) for each in (write, notify, shown)}
        query = strawberry.type(type("Query", (), members), name="Query")
        self.schema = strawberry.Schema(query=query, types=types.object_types)

    def ask(self, query: str, **variables: Any) -> dict[str, Any]:
        result = self.schema.execute_sync(query, variable_values=variables)
        assert result.errors is None
        assert result.data is not None
        return result.data

    def refuse(self, query: str, **variables: Any) -> str:
        result = self.schema.execute_sync(query, variable_values=variables)
        assert result.errors
        return str(result.errors[0])


@pytest.fixture
def desk(registry: PluginRegistry) -> Desk:
    types = build_plugin_types(registry)
    assert types.failures == ()
    return Desk(types)


def printed(desk: Desk, name: str) -> str:
    """The type as the schema prints it, without descriptions."""
    bare = build_schema(desk.schema.as_str())
    text = print_type(bare.type_map[name])
    return re.sub(r'\s*(""".*?"""|"[^"\n]*"(?=\n\s*\w+:))', "", text, flags=re.DOTALL).strip()


@pytest.mark.parametrize(
    "expected",
    [
        """
        input ProbeInput @oneOf {
          http: HttpProbeInput
          heartbeat: HeartbeatProbeInput
          mqtt: MqttProbeInput
          sqlQuery: SqlQueryProbeInput
          import: ImportProbeInput
        }
        """,
        """
        input HttpProbeInput {
          url: String!
          method: HttpMethod! = GET
          headers: [HttpHeaderInput!]! = []
          body: String
          acceptedStatuses: [String!]! = ["200-299"]
          followRedirects: Boolean! = true
          maxRedirects: Int! = 10
          degradedAboveMs: Int
          auth: HttpAuthInput
        }
        """,
        """
        input HttpHeaderInput {
          name: String!
          value: String
        }
        """,
        """
        input HttpAuthInput @oneOf {
          bearer: HttpBearerAuthInput
          basic: HttpBasicAuthInput
          apiKey: HttpApiKeyAuthInput
        }
        """,
        """
        input HttpApiKeyAuthInput {
          key: String
          name: String!
          location: HttpApiKeyLocation! = HEADER
        }
        """,
        """
        type HttpProbeConfig implements ProbeConfig {
          kind: String!
          summary: String!
          secretsSet: [String!]!
          url: String!
          method: HttpMethod!
          headers: [HttpHeader!]!
          body: String
          acceptedStatuses: [String!]!
          followRedirects: Boolean!
          maxRedirects: Int!
          degradedAboveMs: Int
          auth: HttpAuth
        }
        """,
        """
        type HttpBearerAuth {
          secretsSet: [String!]!
        }
        """,
        """
        interface ProbeConfig {
          kind: String!
          summary: String!
          secretsSet: [String!]!
        }
        """,
        """
        input HeartbeatProbeInput {
          intervalSeconds: Int
          cron: String
          timezone: String
          graceSeconds: Int! = 300
        }
        """,
        """
        input MqttProbeInput {
          brokers: [MqttBrokerInput!]!
          levels: [MqttLevel!]! = [EXACT]
          spelling: MqttSpelling! = LOWER
          wait: MqttWaitInput
          backup: MqttBrokerInput
        }
        """,
        """
        type MqttProbeConfig implements ProbeConfig {
          kind: String!
          summary: String!
          secretsSet: [String!]!
          brokers: [MqttBroker!]!
          levels: [MqttLevel!]!
          spelling: MqttSpelling!
          wait: MqttWait!
          backup: MqttBroker
        }
        """,
        """
        input SqlQueryProbeInput {
          parameters: JSON
          labels: JSON!
          matrix: [[Int!]!]! = []
          password: String
        }
        """,
        """
        input NotifierInput @oneOf {
          webhook: WebhookNotifierInput
        }
        """,
        """
        input WebhookNotifierInput {
          url: String!
          headers: [WebhookHeaderInput!]! = []
        }
        """,
        """
        type UnknownNotifierConfig implements NotifierConfig {
          kind: String!
          summary: String!
          secretsSet: [String!]!
        }
        """,
    ],
)
def test_a_kind_prints_as_the_contract_has_it(desk: Desk, expected: str) -> None:
    expected = textwrap.dedent(expected).strip()
    name = expected.split()[1]

    assert printed(desk, name) == expected
