"""The http probe against blackbox_exporter: a new connection for each check, one core's processor time."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import tempfile
from collections.abc import Iterator
from pathlib import Path

import trustme

from benchmarks.blackbox_exporter import AT_ONCE, blackbox_exporter
from benchmarks.harness import Benchmark, Rivalry, pin_to_first_core
from benchmarks.probe_lanes import contender, http_look, uvloop
from benchmarks.web_server import running_web_server

CHECKS_A_ROUND = 1_500
TLS_CHECKS_A_ROUND = 400


@contextlib.contextmanager
def _plain(*, on_uvloop: bool) -> Iterator[Rivalry]:
    pin_to_first_core()
    with (
        running_web_server() as url,
        blackbox_exporter(url, CHECKS_A_ROUND) as rival,
    ):
        loop = uvloop() if on_uvloop else asyncio.new_event_loop
        ours = contender("http probe", functools.partial(http_look, url), CHECKS_A_ROUND, loop)
        yield Rivalry(contenders=(ours, rival))


@contextlib.contextmanager
def _tls(key_type: trustme.KeyType) -> Iterator[Rivalry]:
    """Both verify the certificate."""
    pin_to_first_core()
    with tempfile.TemporaryDirectory(prefix="tcb") as folder:
        authority, certificate = _make_certificate(Path(folder), key_type)
        with (
            running_web_server(certificate) as url,
            blackbox_exporter(url, TLS_CHECKS_A_ROUND, authority=authority) as rival,
        ):
            look = functools.partial(http_look, url, authority)
            yield Rivalry(
                contenders=(
                    contender("http probe, uvloop", look, TLS_CHECKS_A_ROUND, uvloop()),
                    rival,
                    contender("http probe, asyncio", look, TLS_CHECKS_A_ROUND, asyncio.new_event_loop),
                )
            )


def _make_certificate(folder: Path, key_type: trustme.KeyType) -> tuple[Path, Path]:
    """Write an authority, and the chain and key of a server at 127.0.0.1; return both files."""
    ca = trustme.CA(key_type=key_type)
    ca.cert_pem.write_to_path(str(folder / "authority.pem"))
    issued = ca.issue_cert("127.0.0.1", key_type=key_type)
    issued.private_key_and_cert_chain_pem.write_to_path(str(folder / "server.pem"))
    return folder / "authority.pem", folder / "server.pem"


BENCHMARKS = (
    Benchmark(
        name="http-uvloop",
        title=f"http checks on uvloop, a new connection each, {AT_ONCE} at once, processor time",
        unit="checks/s",
        target=2.0,
        set_up=functools.partial(_plain, on_uvloop=True),
    ),
    Benchmark(
        name="http-asyncio",
        title=f"http checks on asyncio's own loop, a new connection each, {AT_ONCE} at once, processor time",
        unit="checks/s",
        target=1.3,
        set_up=functools.partial(_plain, on_uvloop=False),
    ),
    Benchmark(
        name="https",
        title=f"https checks, RSA 2048, a new handshake each, {AT_ONCE} at once, processor time",
        unit="checks/s",
        target=1.0,
        set_up=functools.partial(_tls, trustme.KeyType.RSA),
    ),
    Benchmark(
        name="https-ecdsa",
        title=f"https checks, ECDSA P-256, a new handshake each, {AT_ONCE} at once, processor time",
        unit="checks/s",
        target=None,
        set_up=functools.partial(_tls, trustme.KeyType.ECDSA),
        rounds=3,
    ),
)
