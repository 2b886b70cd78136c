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

from core.errors import StartupError
from core.kind_choice import KindChoice
from core.plugin_registry import PluginRegistry, registry_of
from graphql_schema.plugin_types import (
    PluginTypes,
    ProbeConfig,
    StoredConfig,
    build_plugin_types,
    chosen_kind,
)
from plugins.api.config import Config, Meta, Secret, field, parse
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


class SampleNotifiers:
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


class SampleKinds(SampleNotifiers):
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


# ---- what is written -----------------------------------------------------------

WRITE = "query Write($probe: ProbeInput!) { write(probe: $probe) }"


def test_what_a_client_writes_becomes_the_kind_and_plain_data(desk: Desk) -> None:
    desk.ask(
        """{ write(probe: { http: {
            url: "http://a", method: POST, headers: [{ name: "X", value: "v" }, { name: "Y" }],
            auth: { apiKey: { key: null, name: "k", location: QUERY } }, degradedAboveMs: null
        } }) }"""
    )

    assert desk.written == [
        KindChoice(
            kind="http",
            config={
                "url": "http://a",
                "method": "POST",
                "headers": [{"name": "X", "value": "v"}, {"name": "Y"}],
                "acceptedStatuses": ["200-299"],
                "followRedirects": True,
                "maxRedirects": 10,
                "auth": {"apiKey": {"key": None, "name": "k", "location": "QUERY"}},
                "degradedAboveMs": None,
            },
        )
    ]


def test_variables_and_literals_come_to_the_same(desk: Desk) -> None:
    desk.ask('{ write(probe: { mqtt: { brokers: [{ host: "b" }], levels: [NONE], spelling: UPPER } }) }')
    desk.ask(WRITE, probe={"mqtt": {"brokers": [{"host": "b"}], "levels": ["NONE"], "spelling": "UPPER"}})

    first, second = desk.written
    assert first == second
    assert first.config == {"brokers": [{"host": "b", "port": 1883}], "levels": [0], "spelling": "upper"}


def test_what_is_written_is_parsed_by_the_class_it_came_from(desk: Desk) -> None:
    desk.ask(WRITE, probe={"mqtt": {"brokers": [{"host": "b"}]}})
    desk.ask(WRITE, probe={"sqlQuery": {"labels": {"a": "b"}, "parameters": {"x": [1, None]}}})
    desk.ask(WRITE, probe={"import": {"isTypeOf": True, "from": "there"}})

    mqtt, sql, system = desk.written
    assert parse(MqttConfig, mqtt.config) == MqttConfig(brokers=[Broker(host="b")])
    assert parse(SqlConfig, sql.config).parameters == {"x": [1, None]}
    assert parse(SystemConfig, system.config) == SystemConfig(is_type_of=True, from_="there")


def test_a_notifier_is_written_the_same_way(desk: Desk) -> None:
    desk.ask('{ notify(notifier: { webhook: { url: "http://a" } }) }')

    assert desk.written == [KindChoice(kind="webhook", config={"url": "http://a", "headers": []})]


@pytest.mark.parametrize(
    ("probe", "complaint"),
    [
        ({}, "must specify exactly one"),
        ({"http": {"url": "a"}, "heartbeat": {}}, "must specify exactly one"),
        ({"http": None}, "must be non-null"),
        ({"gopher": {"url": "a"}}, "gopher"),
        ({"http": {"url": "a", "maxRedirects": 2**31}}, "Int cannot represent non 32-bit"),
        ({"http": {"url": "a", "maxRedirects": None}}, "null"),
        ({"http": {"url": "a", "metod": "GET"}}, "metod"),
        (
            {"http": {"url": "a", "auth": {"bearer": {}, "basic": {"username": "x"}}}},
            "must specify exactly one",
        ),
    ],
)
def test_what_the_types_forbid_is_refused_by_graphql_itself(
    desk: Desk, probe: dict[str, Any], complaint: str
) -> None:
    assert complaint.lower() in desk.refuse(WRITE, probe=probe).lower()
    assert desk.written == []


# ---- what is shown -------------------------------------------------------------

SHOW = """{ shown {
    __typename kind summary secretsSet
    ... on HttpProbeConfig {
        url method degradedAboveMs headers { name secretsSet }
        auth { bearer { secretsSet } basic { username secretsSet } apiKey { name location secretsSet } }
    }
    ... on MqttProbeConfig { brokers { host port } levels spelling wait { seconds } backup { host } }
    ... on SqlQueryProbeConfig { parameters labels matrix }
    ... on ImportProbeConfig { isTypeOf from }
} }"""


def stored(kind: str, config: Config | None) -> StoredConfig:
    return StoredConfig(kind=kind, summary=f"the {kind}", config=config)


def test_a_stored_configuration_is_shown_as_its_kinds_type_without_secrets(desk: Desk) -> None:
    header = HttpHeader(name="X", value="s3cret")
    basic = HttpAuth(basic=HttpBasicAuth(username="ann", password="s3cret"))
    api_key = HttpAuth(api_key=HttpApiKeyAuth(key="s3cret", name="k"))
    desk.stored = [
        stored("http", HttpConfig(url="http://a", headers=(header,), auth=basic)),
        stored("http", HttpConfig(url="http://b", method=HttpMethod.POST, auth=api_key, degraded_above_ms=9)),
        stored("heartbeat", HeartbeatConfig(interval_seconds=60)),
        stored("mqtt", MqttConfig(brokers=[Broker(host="b")], levels=(Level.NONE, Level.EXACT))),
        stored("sqlQuery", SqlConfig(labels={"a": "b"}, matrix=((1, 2), ()), password="s3cret")),
        stored("import", SystemConfig()),
    ]

    shown = desk.ask(SHOW)["shown"]

    assert "s3cret" not in repr(shown)
    assert shown == [
        {
            "__typename": "HttpProbeConfig",
            "kind": "http",
            "summary": "the http",
            "secretsSet": ["headers.X.value", "auth.basic.password"],
            "url": "http://a",
            "method": "GET",
            "degradedAboveMs": None,
            "headers": [{"name": "X", "secretsSet": ["value"]}],
            "auth": {
                "bearer": None,
                "basic": {"username": "ann", "secretsSet": ["password"]},
                "apiKey": None,
            },
        },
        {
            "__typename": "HttpProbeConfig",
            "kind": "http",
            "summary": "the http",
            "secretsSet": ["auth.apiKey.key"],
            "url": "http://b",
            "method": "POST",
            "degradedAboveMs": 9,
            "headers": [],
            "auth": {
                "bearer": None,
                "basic": None,
                "apiKey": {"name": "k", "location": "HEADER", "secretsSet": ["key"]},
            },
        },
        {
            "__typename": "HeartbeatProbeConfig",
            "kind": "heartbeat",
            "summary": "the heartbeat",
            "secretsSet": [],
        },
        {
            "__typename": "MqttProbeConfig",
            "kind": "mqtt",
            "summary": "the mqtt",
            "secretsSet": [],
            "brokers": [{"host": "b", "port": 1883}],
            "levels": ["NONE", "EXACT"],
            "spelling": "LOWER",
            "wait": {"seconds": 1.5},
            "backup": None,
        },
        {
            "__typename": "SqlQueryProbeConfig",
            "kind": "sqlQuery",
            "summary": "the sqlQuery",
            "secretsSet": ["password"],
            "parameters": {},
            "labels": {"a": "b"},
            "matrix": [[1, 2], []],
        },
        {
            "__typename": "ImportProbeConfig",
            "kind": "import",
            "summary": "the import",
            "secretsSet": [],
            "isTypeOf": False,
            "from": "here",
        },
    ]


def test_a_kind_that_is_not_loaded_is_shown_as_unknown(desk: Desk) -> None:
    desk.stored = [stored("gopher", None), stored("gopher", SystemConfig()), stored("http", None)]

    shown = desk.ask("{ shown { __typename kind summary secretsSet } }")["shown"]

    assert [(each["__typename"], each["kind"]) for each in shown] == [
        ("UnknownProbeConfig", "gopher"),
        ("UnknownProbeConfig", "gopher"),
        ("UnknownProbeConfig", "http"),
    ]


# ---- names, and what cannot be built ----------------------------------------------


class Status(enum.StrEnum):
    OK = "OK"


def nested_probe() -> type[Config]:
    class Probe(Config):
        text: str

    return Probe


NestedProbe = nested_probe()


class AwkwardConfig(Config):
    status: Status = Status.OK
    probe: NestedProbe  # type: ignore[valid-type]


def test_a_type_name_that_is_taken_gives_way(registry: PluginRegistry) -> None:
    class Awkward:
        @hookimpl
        def register_probes(self) -> Sequence[Probe[Any]]:
            return [probe("check", AwkwardConfig)]

    both = registry_of(SampleKinds(), Awkward())
    assert both.failures == ()

    types = build_plugin_types(both, taken_names={"CheckStatus"})
    names = set(Desk(types).schema.as_str().split())

    assert types.failures == ()
    assert {"CheckProbeStatus", "CheckProbeInput", "CheckProbeProbe", "CheckProbeProbeInput"} <= names
    assert "CheckStatus" not in names


def test_two_schemas_can_be_built_from_one_registry(registry: PluginRegistry) -> None:
    first, second = (Desk(build_plugin_types(registry)).schema.as_str() for _ in range(2))

    assert first == second


def test_two_kinds_may_share_one_class() -> None:
    class Twins:
        @hookimpl
        def register_probes(self) -> Sequence[Probe[Any]]:
            return [probe("left", HeartbeatConfig), probe("probe", HeartbeatConfig)]

    desk = Desk(build_plugin_types(registry_of(Twins(), SampleNotifiers())))
    desk.stored = [stored("probe", HeartbeatConfig()), stored("left", HeartbeatConfig())]

    shown = desk.ask("{ shown { __typename } }")["shown"]

    assert [each["__typename"] for each in shown] == ["ProbeProbeConfig", "LeftProbeConfig"]


def test_without_any_kind_the_start_is_refused() -> None:
    with pytest.raises(StartupError, match="no kind for ProbeInput is loaded"):
        build_plugin_types(registry_of())


def test_a_kind_that_graphql_refuses_is_left_out_and_reported(
    registry: PluginRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = strawberry.Schema

    def picky(*arguments: Any, types: Sequence[Any] = (), **options: Any) -> strawberry.Schema:
        if any(each.__name__ == "MqttProbeConfig" for each in types):
            raise ValueError("no mqtt today")
        return good(*arguments, types=types, **options)

    monkeypatch.setattr("graphql_schema.plugin_types.strawberry.Schema", picky)
    types = build_plugin_types(registry)
    monkeypatch.undo()

    desk = Desk(types)
    desk.stored = [stored("mqtt", MqttConfig(brokers=[]))]
    assert [failure.reason for failure in types.failures] == [
        'probe kind "mqtt" has no graphql types: ValueError: no mqtt today'
    ]
    assert desk.ask("{ shown { __typename } }") == {"shown": [{"__typename": "UnknownProbeConfig"}]}
