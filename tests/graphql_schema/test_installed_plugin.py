"""A stranger's package, once installed, is in the schema with types of its own; no file of ours changes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

MODULE = '''
from typing import Annotated

from tocsin import CheckStatus, Config, Meta, Outcome, Probe, ProbeContext, Secret, hookimpl


class Broker(Config):
    host: str
    port: Annotated[int, Meta(ge=1, le=65535)] = 1883


class MqttConfig(Config):
    """A broker that must accept a connection."""

    brokers: tuple[Broker, ...]
    password: Secret | None = None


async def check(config: MqttConfig, context: ProbeContext) -> Outcome:
    return Outcome(status=CheckStatus.UP)


@hookimpl
def register_probes() -> list[Probe[MqttConfig]]:
    return [
        Probe(
            key="mqtt",
            title="MQTT",
            description="Connects to a broker",
            config=MqttConfig,
            check=check,
            target=lambda config: config.brokers[0].host,
        )
    ]
'''

SCRIPT = """
import strawberry
from core.plugin_registry import load_plugins
from core.name_ownership import require_own_names
from graphql_schema.plugin_types import build_plugin_types

require_own_names()
registry = load_plugins()
for failure in registry.failures:
    print("failed:", failure.entry_point, failure.distribution, failure.reason)
print("loaded:", [(each.probe.key, each.distribution) for each in registry.probes])
types = build_plugin_types(registry)

def write(probe):
    return True

write.__annotations__ = {"probe": types.probe_input, "return": bool}
query = strawberry.type(type("Query", (), {"write": strawberry.field(resolver=write)}), name="Query")
print(strawberry.Schema(query=query, types=types.object_types))
"""


def install(folder: Path, name: str, module: str, entry_point: str) -> None:
    """Lay down what pip would leave of a package of one module."""
    (folder / f"{name}.py").write_text(module)
    info = folder / f"{name}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[tocsin]\n{entry_point} = {name}\n")
    (info / "RECORD").write_text(f"{name}.py,,\n{info.name}/METADATA,,\n")


def run_with(folder: Path, script: str) -> subprocess.CompletedProcess[str]:
    """Run the script in a process that has the folder's packages installed."""
    path = os.pathsep.join(filter(None, [str(folder), os.environ.get("PYTHONPATH")]))
    return subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_newly_installed_kind_is_typed_and_a_broken_one_is_named(tmp_path: Path) -> None:
    install(tmp_path, "stranger_mqtt", MODULE, "mqtt")
    install(tmp_path, "stranger_broken", "import nowhere_to_be_found\n", "broken")
    install(tmp_path, "stranger_copycat", MODULE.replace('key="mqtt"', 'key="http"'), "http")

    done = run_with(tmp_path, SCRIPT)

    assert done.returncode == 0, done.stderr
    printed = done.stdout
    assert "failed: broken stranger-broken ModuleNotFoundError" in printed
    assert 'failed: http stranger-copycat probe kind "http" is already brought by tocsin' in printed
    assert "('mqtt', 'stranger-mqtt')" in printed
    assert "  mqtt: MqttProbeInput\n" in printed
    assert "  brokers: [MqttBrokerInput!]!\n" in printed
    assert "type MqttProbeConfig implements ProbeConfig {" in printed


@pytest.mark.parametrize("name", ["core", "plugins"])
def test_a_package_under_one_of_our_names_stops_the_start(tmp_path: Path, name: str) -> None:
    install(tmp_path, "cuckoo", "", "cuckoo")
    (tmp_path / "cuckoo-1.0.dist-info" / "RECORD").write_text(f"{name}/egg.py,,\n")
    done = run_with(tmp_path, "from core.name_ownership import require_own_names; require_own_names()")

    assert f'the distribution cuckoo installs the package "{name}"' in done.stderr
