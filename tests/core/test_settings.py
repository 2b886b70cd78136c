"""Settings come from the environment by one table, and whatever is wrong with them is said at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import StartupError
from core.settings import LogLevel, PrivateTargets, Settings, read_settings, table


def test_an_empty_environment_gives_the_defaults() -> None:
    settings, warnings = read_settings({})

    assert settings == Settings()
    assert settings.listen_port == 8400
    assert warnings == ()


def test_every_setting_is_read_by_its_type() -> None:
    settings, _ = read_settings(
        {
            "TOCSIN_LISTEN_HOST": "0.0.0.0",
            "TOCSIN_LISTEN_PORT": "0",
            "TOCSIN_DATA_DIR": "/var/lib/tocsin",
            "TOCSIN_PRIVATE_TARGETS": "deny",
            "TOCSIN_LOG_LEVEL": "debug",
        }
    )

    assert settings.listen_host == "0.0.0.0"
    assert settings.listen_port == 0
    assert settings.data_dir == Path("/var/lib/tocsin")
    assert settings.private_targets is PrivateTargets.DENY
    assert settings.log_level is LogLevel.DEBUG


def test_an_empty_value_counts_as_none() -> None:
    assert read_settings({"TOCSIN_DATABASE_URL": "", "TOCSIN_LISTEN_PORT": ""}) == (Settings(), ())


@pytest.mark.parametrize(
    ("variable", "value", "told"),
    [
        ("TOCSIN_LISTEN_PORT", "http", "TOCSIN_LISTEN_PORT must be a whole number"),
        ("TOCSIN_LISTEN_PORT", "70000", "TOCSIN_LISTEN_PORT must be from 0 to 65535"),
        ("TOCSIN_LOG_LEVEL", "loud", "TOCSIN_LOG_LEVEL must be one of debug, info, warning, error"),
        ("TOCSIN_PUBLIC_URL", "tocsin.example.org", "TOCSIN_PUBLIC_URL must be an http or https address"),
        ("TOCSIN_PUBLIC_URL", "https://a.example?b=1", "TOCSIN_PUBLIC_URL must not end in a query"),
        ("TOCSIN_DATABASE_URL", "mysql://a", "TOCSIN_DATABASE_URL must look like postgresql://"),
        ("TOCSIN_REGION", "Eu West", "TOCSIN_REGION must be 1 to 40 lower-case letters"),
        ("TOCSIN_OWNER_EMAIL", "nobody", "TOCSIN_OWNER_EMAIL must be an e-mail address"),
        ("TOCSIN_OWNER_TOKEN", "short", "TOCSIN_OWNER_TOKEN must have 32 characters or more"),
        ("TOCSIN_SIGN_UP", "all", "TOCSIN_SIGN_UP must be one of open, invite, closed"),
        ("TOCSIN_SIGN_UP_PLAN", "free", "TOCSIN_SIGN_UP_PLAN must be one of FREE, STARTER"),
        ("TOCSIN_SESSION_COOKIE", "a b", "TOCSIN_SESSION_COOKIE must have letters, digits"),
        (
            "TOCSIN_TRUSTED_PROXIES",
            "10.0.0.0/8, proxy",
            "TOCSIN_TRUSTED_PROXIES must be addresses and networks",
        ),
        ("TOCSIN_PASSWORD_RESET_URL", "https://a.example/#x", "TOCSIN_PASSWORD_RESET_URL must not end in"),
        ("TOCSIN_PINGS_PER_MINUTE", "0", "TOCSIN_PINGS_PER_MINUTE must be from 1 to"),
    ],
)
def test_a_bad_value_is_refused_with_the_name_of_its_setting(variable: str, value: str, told: str) -> None:
    with pytest.raises(StartupError, match=told):
        read_settings({variable: value})


def test_all_bad_values_are_told_at_once() -> None:
    with pytest.raises(StartupError, match=r"LISTEN_PORT.*; .*LOG_LEVEL"):
        read_settings({"TOCSIN_LISTEN_PORT": "x", "TOCSIN_LOG_LEVEL": "loud"})


def test_a_secret_may_come_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("a secret of many characters\n")

    settings, warnings = read_settings({"TOCSIN_OWNER_PASSWORD_FILE": str(tmp_path / "secret")})

    assert settings.owner_password == "a secret of many characters"
    assert warnings == ()


def test_a_secret_in_both_forms_or_in_a_missing_file_is_refused(tmp_path: Path) -> None:
    both = {"TOCSIN_OWNER_PASSWORD": "abcdefgh", "TOCSIN_OWNER_PASSWORD_FILE": "/dev/null"}
    with pytest.raises(StartupError, match="both set"):
        read_settings(both)
    with pytest.raises(StartupError, match="TOCSIN_OWNER_PASSWORD_FILE: cannot read"):
        read_settings({"TOCSIN_OWNER_PASSWORD_FILE": str(tmp_path / "missing")})


def test_an_unknown_name_is_warned_of_with_a_suggestion() -> None:
    _, warnings = read_settings({"TOCSIN_LISTN_PORT": "1", "TOCSIN_XYZZY": "1"})

    assert warnings == (
        "unknown setting TOCSIN_LISTN_PORT: did you mean TOCSIN_LISTEN_PORT?",
        "unknown setting TOCSIN_XYZZY",
    )


def test_what_kubernetes_injects_is_ignored() -> None:
    injected = {
        "TOCSIN_PORT": "tcp://10.0.0.1:8400",
        "TOCSIN_PORT_8400_TCP_ADDR": "10.0.0.1",
        "TOCSIN_SERVICE_HOST": "10.0.0.1",
        "TOCSIN_SERVICE_PORT": "8400",
        "TOCSIN_SERVICE_PORT_HTTP": "8400",
    }

    assert read_settings(injected) == (Settings(), ())


def test_another_process_reads_the_same_settings_from_the_environment_it_is_handed() -> None:
    settings = Settings(
        listen_port=1234, database_url="postgresql://u:p@h/d", private_targets=PrivateTargets.DENY
    )

    assert read_settings(settings.environment()) == (settings, ())


def test_the_representation_leaves_the_secrets_out() -> None:
    assert "hunter22" not in repr(
        Settings(owner_password="hunter22", database_url="postgresql://u:hunter22@h/d")
    )


def test_every_default_passes_its_own_check() -> None:
    assert [row.variable for row in table() if row.default is not None and row.about.check(row.default)] == []
