"""Notifiers in StatusApp's words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from core.errors import InvalidInput
from core.issues import Issues
from core.kind_choice import parse_choice
from core.plugin_registry import LoadedNotifier, PluginRegistry, load_plugins
from plugins.api.config import Config, Secret, to_json
from plugins.api.notifier import Notifier
from rest_compat.renaming import renamed
from rest_compat.statusapp.notifier_words import (
    DOCUMENTED_TYPES,
    StoredNotifier,
    chosen_notifier,
    kind_of_type,
    shown_notifier,
    type_of,
)

REGISTRY = load_plugins()
URL = "https://hooks.example.org/"
STORED = StoredNotifier(
    kind="webhook",
    config={
        "url": URL,
        "headers": [{"name": "X-Key", "value": "s3cret"}, {"name": "X-Team", "value": "ops"}],
    },
)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("email", "EMAIL"),
        ("microsoftTeams", "MICROSOFT_TEAMS"),
        ("pagerduty", "PAGERDUTY"),
        ("sms", "SMS"),
        ("ntfy2Go", "NTFY2_GO"),
    ],
)
def test_a_type_is_the_kinds_key_in_capitals(kind, expected) -> None:
    assert type_of(kind) == expected


def test_every_kind_that_is_loaded_is_found_by_its_type() -> None:
    issues = Issues()
    for loaded in REGISTRY.notifiers:
        key = loaded.notifier.key
        assert kind_of_type(REGISTRY, type_of(key), ("type",), issues) == key
    assert issues.found == []


@pytest.mark.parametrize("named", ["SLACK", "SMS", "email", "", "FAX", "é"])
def test_a_type_without_its_notifier_is_refused_with_those_that_there_are(named) -> None:
    issues = Issues()

    assert kind_of_type(REGISTRY, named, ("type",), issues) is None

    (issue,) = issues.found
    assert issue.path == ("type",)
    assert issue.expected == "EMAIL, WEBHOOK"
    assert (named in DOCUMENTED_TYPES) == ("installed" in issue.message)


class SlackConfig(Config):
    """What a stranger's notifier takes."""

    webhook_url: Secret
    channel: str | None = None


def test_a_notifier_that_is_installed_later_is_served_by_its_documented_type() -> None:
    async def send(_config, _message, _context) -> None: ...

    notifier = Notifier(
        key="slack",
        title="Slack",
        description="Tells a room",
        config=SlackConfig,
        send=send,
        recipients=lambda _: ["#ops"],
    )
    loaded = {"slack": LoadedNotifier(notifier=notifier, distribution="stranger")}
    registry = PluginRegistry(notifiers_by_key={**REGISTRY.notifiers_by_key, **loaded})
    given = {"webhookUrl": "https://hooks.slack.com/services/s3cret", "channel": "#alerts"}
    issues = Issues()

    assert kind_of_type(registry, "SLACK", ("type",), issues) == "slack"
    chosen = chosen_notifier("slack", given, ("config",), issues)
    shown = shown_notifier(registry, StoredNotifier(kind="slack", config=given))

    assert issues.found == []
    assert chosen is not None
    assert (chosen.choice.kind, chosen.choice.config) == ("slack", given)
    assert (shown.type, shown.config, shown.secrets_set) == ("SLACK", {"channel": "#alerts"}, ["webhookUrl"])


def _config(given: Mapping[str, Any], stored: StoredNotifier | None = None) -> Any:
    """Return what would be stored; raise InvalidInput in the words of the dialect."""
    issues = Issues()
    chosen = chosen_notifier("webhook", given, ("config",), issues, stored=stored)
    issues.raise_if_any()
    assert chosen is not None
    loaded = REGISTRY.notifier("webhook")
    assert loaded is not None
    kept = None if stored is None else stored.config
    with renamed(chosen.names):
        config = parse_choice(chosen.choice, loaded.notifier.config, ("notifier",), issues, stored=kept)
        issues.raise_if_any()
    assert config is not None
    return to_json(config)


@pytest.mark.parametrize(
    ("given", "stored", "headers"),
    [
        ({}, None, {}),
        ({"headers": None}, None, {}),
        ({"headers": {"X-Key": "new"}}, None, {"X-Key": "new"}),
        ({}, STORED, {"X-Key": "s3cret", "X-Team": "ops"}),
        ({"headers": None}, STORED, {}),
        ({"headers": {}}, STORED, {}),
        ({"headers": {"X-Key": None}}, STORED, {"X-Key": "s3cret"}),
        ({"headers": {"X-Key": "new", "X-Team": None}}, STORED, {"X-Key": "new", "X-Team": "ops"}),
    ],
)
def test_headers_are_names_and_values_and_stay_where_they_are_left_out(given, stored, headers) -> None:
    assert _config({"url": URL, **given}, stored) == {
        "url": URL,
        "headers": [{"name": name, "value": value} for name, value in headers.items()],
    }


@pytest.mark.parametrize(
    ("given", "paths"),
    [
        ({}, [("config", "url")]),
        ({"url": "ftp://example.org"}, [("config", "url")]),
        ({"url": URL, "header": {}}, [("config", "header")]),
        ({"url": URL, "headers": []}, [("config", "headers")]),
        ({"url": URL, "headers": "X-Key: 1"}, [("config", "headers")]),
        (
            {"url": URL, "headers": {"X Key": "a", "X-Key": 7}},
            [("config", "headers", name) for name in ("X Key", "X-Key")],
        ),
        ({"url": URL, "headers": {"X-Key": None}}, [("config", "headers", "X-Key")]),
        ({"url": URL, "headers": {"X-Key": "a\r\nb"}}, [("config", "headers", "X-Key")]),
        ({"url": URL, "headers": {f"X-{number}": "a" for number in range(51)}}, [("config", "headers")]),
    ],
)
def test_what_is_wrong_is_told_at_its_place_in_the_body(given, paths: Sequence[tuple[str, ...]]) -> None:
    with pytest.raises(InvalidInput) as refusal:
        _config(given)

    assert sorted(issue.path for issue in refusal.value.issues) == sorted(paths)
    for issue in refusal.value.issues:
        assert issue.message.startswith(".".join(issue.path))


def test_what_is_shown_names_the_secrets_and_has_none() -> None:
    shown = shown_notifier(REGISTRY, STORED)

    assert shown.type == "WEBHOOK"
    assert shown.config == {"url": URL, "headers": {"X-Key": None, "X-Team": None}}
    assert shown.secrets_set == ["headers.X-Key", "headers.X-Team"]


def test_what_is_shown_can_be_given_back_and_changes_nothing() -> None:
    assert _config(shown_notifier(REGISTRY, STORED).config, STORED) == STORED.config


@pytest.mark.parametrize(
    "stored",
    [StoredNotifier(kind="slack", config={"webhookUrl": "s3cret"}), StoredNotifier(kind="email", config={})],
    ids=["not loaded", "does not fit"],
)
def test_of_a_configuration_that_nothing_reads_nothing_is_shown(stored) -> None:
    shown = shown_notifier(REGISTRY, stored)

    assert (shown.type, shown.config, shown.secrets_set) == (stored.kind.upper(), {}, [])
