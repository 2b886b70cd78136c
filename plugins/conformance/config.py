"""The rules for a kind and its configuration, the same for probes and notifiers."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from plugins.api.config import (
    Config,
    ConfigErrors,
    json_schema,
    load,
    parse,
    redact,
    secret_values,
    secrets_set,
    to_json,
)
from plugins.api.config.shape import Group, nested_types, shape_of
from plugins.api.kind_rules import kind_faults
from plugins.api.notifier import Notifier
from plugins.api.probe import Probe
from plugins.conformance.checks import (
    SHORTEST_SECRET,
    ConformanceCheck,
    make_check,
    require,
    require_json,
    require_no_secret,
)

Example = Mapping[str, Any]


def kind_checks(kind: Probe[Any] | Notifier[Any]) -> Iterator[ConformanceCheck]:
    """Yield the checks that need no example."""
    yield make_check(f"{kind.key} can be loaded", _can_be_loaded, kind)
    yield make_check(f"{kind.key} has a JSON Schema", _has_json_schema, kind.config)


def config_checks(
    kind: Probe[Any] | Notifier[Any], examples: Sequence[Example]
) -> Iterator[ConformanceCheck]:
    """Yield the checks of each example's configuration."""
    rules = (
        ("survives storing", _survives_storing),
        ("refuses unknown fields", _refuses_unknown_fields),
        ("redacts its secrets", _redacts),
        ("keeps omitted secrets", _keeps_secrets),
    )
    for number, example in enumerate(examples, start=1):
        for name, rule in rules:
            yield make_check(f"{kind.key} example {number} {name}", rule, kind.config, example)


def _can_be_loaded(kind: Probe[Any] | Notifier[Any]) -> None:
    faults = kind_faults(kind)
    require(not faults, "; ".join(faults))


def _has_json_schema(config: type[Config]) -> None:
    schema = json_schema(config)
    require_json(schema, "the JSON Schema")
    shape = shape_of(config)
    groups = [shape, *(inner for inner in nested_types(shape) if isinstance(inner, Group))]
    undescribed = [
        field.name if group is shape else f"{group.config.__name__}.{field.name}"
        for group in groups
        for field in group.fields
        if not field.description
    ]
    require(not undescribed, f"a description is missing for {', '.join(undescribed)}")


def _survives_storing(config_class: type[Config], example: Example) -> None:
    config = parse(config_class, example)
    stored = to_json(config)
    require_json(stored, "the stored configuration")
    again = json.loads(json.dumps(stored))
    require(load(config_class, again) == config, "what is stored must come back the same")
    require(parse(config_class, again) == config, "what is stored must be accepted as input")


def _refuses_unknown_fields(config_class: type[Config], example: Example) -> None:
    try:
        parse(config_class, {**example, "noSuchField": 1})
    except ConfigErrors as refusal:
        rules = {issue.path: issue.rule for issue in refusal.issues}
        require(
            rules == {("noSuchField",): "unknown_field"}, f"only the unknown field is wrong, not {refusal}"
        )
    else:
        require(False, "an unknown field must be refused")


def _redacts(config_class: type[Config], example: Example) -> None:
    config = parse(config_class, example)
    short = [secret for secret in secret_values(config) if len(secret) < SHORTEST_SECRET]
    require(
        not short, f"give the example secrets of {SHORTEST_SECRET} characters or more, or no leak is seen"
    )
    require(len(secrets_set(config)) > 0 or not secret_values(config), "a secret that is set must be named")
    require_json(redact(config), "the redacted configuration")
    require_no_secret(redact(config), config, "the redacted configuration")
    require_no_secret(repr(config), config, "repr()")


def _keeps_secrets(config_class: type[Config], example: Example) -> None:
    config = parse(config_class, example)
    require(
        parse(config_class, redact(config), stored=config) == config,
        "an omitted secret must keep what is stored",
    )
