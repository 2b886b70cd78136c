"""Every kind that is installed with Tocsin passes the kit, by the same door as a stranger's."""

from __future__ import annotations

from typing import Any

import pytest

from core.plugin_registry import build_registry
from core.plugin_sources import OWN_DISTRIBUTION, installed_sources
from plugins.conformance import ConformanceCheck, notifier_checks, probe_checks

# Port 9 of this machine refuses; whether a target answers does not matter to the kit.
HEALTHY = {"path": "$.status", "operator": "EQUALS", "value": "ok"}
OAUTH2 = {"tokenUrl": "http://127.0.0.1:9/", "clientId": "tocsin", "clientSecret": "an open secret"}
PROBE_EXAMPLES: dict[str, list[dict[str, Any]]] = {
    "heartbeat": [{"intervalSeconds": 300}, {"intervalSeconds": 5, "graceSeconds": 0}],
    "http": [
        {"url": "http://127.0.0.1:9/"},
        {
            "url": "http://127.0.0.1:9/path?token=0123456789abcdef",
            "method": "POST",
            "headers": [
                {"name": "X-Key", "value": "an open secret"},
                {"name": "X-Key", "value": "another one"},
            ],
            "body": "{}",
            "acceptedStatuses": ["200-299", "404"],
            "degradedAboveMs": 500,
            "presentation": "API",
        },
        *(
            {"url": "http://127.0.0.1:9/", "auth": auth, "bodyContains": "ok", "json": [HEALTHY]}
            for auth in (
                {"bearer": {"token": "an-open-secret"}},
                {"basic": {"username": "me", "password": "an open secret"}},
                {"apiKey": {"key": "an-open-secret", "name": "X-Key"}},
                {"apiKey": {"key": "an-open-secret", "name": "where", "location": "QUERY"}},
                {"jwt": {"token": "an-open-secret", "header": "X-Jwt", "prefix": ""}},
                {"oauth2": OAUTH2},
                {"oauth2": {**OAUTH2, "grantType": "password", "username": "me", "password": "another one"}},
            )
        ),
        {"url": "https://127.0.0.1:9/", "certificateDaysLeft": 14, "bodyLacks": "error"},
    ],
}
NOTIFIER_EXAMPLES: dict[str, list[dict[str, Any]]] = {
    "email": [{"emails": ["ops@example.org", "eve@example.org"]}],
    "webhook": [
        {"url": "http://127.0.0.1:9/"},
        {"url": "http://127.0.0.1:9/", "headers": [{"name": "X-Key", "value": "an open secret"}]},
    ],
}

OWN = build_registry(
    source for source in installed_sources().sources if source.distribution == OWN_DISTRIBUTION
)
CHECKS = [
    *(
        check
        for each in OWN.probes
        for check in probe_checks(each.probe, PROBE_EXAMPLES.get(each.probe.key, []))
    ),
    *(
        check
        for each in OWN.notifiers
        for check in notifier_checks(each.notifier, NOTIFIER_EXAMPLES.get(each.notifier.key, []))
    ),
]


def test_every_built_in_kind_is_loaded_and_has_examples() -> None:
    assert OWN.failures == ()
    assert set(OWN.probes_by_key) == set(PROBE_EXAMPLES)
    assert set(OWN.notifiers_by_key) == set(NOTIFIER_EXAMPLES)


@pytest.mark.parametrize("check", CHECKS, ids=str)
async def test_a_built_in_kind_conforms(check: ConformanceCheck) -> None:
    await check.run()
