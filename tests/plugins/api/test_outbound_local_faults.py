"""What is missing on this machine is told from what is wrong with the target."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from tests.network_namespace import ROOT, run_in_namespace
from tests.plugins.conftest import Authority, ServeWeb

# Prints how an http look at each URL ends.
LOOK = """
    import asyncio, sys
    from pathlib import Path
    from core.checks.guarded_probe import run_probe
    from plugins.api.config import parse
    from plugins.api.outbound import Outbound, Resolver
    from plugins.api.probe import ProbeContext
    from plugins.probes.http import HttpConfig, register_probes

    [PROBE] = register_probes()

    async def look(url, outbound, seconds=10, **config):
        context = ProbeContext(
            timeout_seconds=seconds, outbound=outbound, run_blocking=asyncio.to_thread, memory={}
        )
        outcome = await run_probe(PROBE, parse(HttpConfig, {"url": url, **config}), context)
        print(outcome.status.name, outcome.message, flush=True)
"""


def script(body: str) -> str:
    return textwrap.dedent(LOOK) + textwrap.dedent(body)


@pytest.mark.netns
@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://192.0.2.1/", "UNKNOWN this machine has no route to the network (192.0.2.1 port 80)"),
        (
            "http://[2001:db8::1]/",
            "UNKNOWN this machine has no free port or no address for a connection (IPv6 2001:db8::1 port 80)",
        ),
        ("http://127.0.0.1/", "UNKNOWN this machine has no route to the network (127.0.0.1 port 80)"),
    ],
)
def test_without_a_network_nothing_is_known_of_any_target(url: str, said: str) -> None:
    assert run_in_namespace(script(f"asyncio.run(look({url!r}, Outbound()))")) == said


@pytest.mark.netns
def test_without_a_network_no_name_is_taken_for_one_that_does_not_exist() -> None:
    body = """
        resolver = Resolver(hosts=Path("/dev/null"), servers=[("192.0.2.53", 53), ("127.0.0.1", 53)])
        asyncio.run(look("http://shop.example/", Outbound(resolver=resolver)))
    """

    assert run_in_namespace(script(body)) == (
        "UNKNOWN resolver at 127.0.0.1 port 53 cannot be asked: this machine has no route to the network"
    )


@pytest.mark.netns
def test_the_command_line_says_it_in_the_same_words() -> None:
    body = """
        from core.cli import main
        sys.exit(0 if main(["check", "http", "http://192.0.2.1/"]) == 1 else "exit code")
    """

    assert run_in_namespace(textwrap.dedent("import sys") + textwrap.dedent(body)).splitlines() == [
        "UNKNOWN http://192.0.2.1/",
        "  this machine has no route to the network (192.0.2.1 port 80)",
    ]


@pytest.mark.netns
def test_a_target_with_ipv6_only_is_unknown_to_a_machine_without(tmp_path: Path) -> None:
    (tmp_path / "hosts").write_text("2001:db8::1 six.example both.example\n127.0.0.1 both.example\n")
    body = f"""
        async def main():
            outbound = Outbound(resolver=Resolver(hosts=Path({str(tmp_path / "hosts")!r}), servers=[]))
            await look("http://six.example/", outbound)
            await look("http://both.example/", outbound)
        asyncio.run(main())
    """

    said = run_in_namespace(script(body), setup="ip link set lo up")

    assert said.splitlines() == [
        "UNKNOWN this machine has no route to the network (IPv6 2001:db8::1 port 80)",
        "DOWN connection refused (127.0.0.1 port 80)",
    ]


@pytest.mark.netns
def test_what_a_router_on_the_way_says_is_the_targets_fault() -> None:
    """A second namespace is the router; it knows 203.0.113.0/24 as unreachable, and has no other route."""
    setup = """
        pipe=$(mktemp -u) && mkfifo "$pipe"
        unshare -n sh -c 'read _' < "$pipe" &
        exec 9> "$pipe"; rm "$pipe"
        router=$!
        while [ "$(readlink /proc/$router/ns/net)" = "$(readlink /proc/self/ns/net)" ]; do :; done
        ip link set lo up
        ip link add near type veth peer name far netns $router
        ip addr add 198.51.100.1/24 dev near
        ip link set near up
        nsenter -t $router -n sh -ec '
            ip link set lo up
            ip addr add 198.51.100.2/24 dev far
            ip link set far up
            sysctl -qw net.ipv4.ip_forward=1
            ip route add unreachable 203.0.113.0/24'
        ip route add default via 198.51.100.2
        ip route add unreachable 192.0.2.0/24
    """
    body = """
        async def main():
            for host in ("203.0.113.1", "198.18.0.1", "192.0.2.1"):
                await look(f"http://{host}/", Outbound())
        asyncio.run(main())
    """

    assert run_in_namespace(script(body), setup=setup).splitlines() == [
        "DOWN host unreachable (203.0.113.1 port 80)",
        "DOWN network unreachable (198.18.0.1 port 80)",
        "UNKNOWN this machine has no route to the host (192.0.2.1 port 80)",
    ]


@pytest.mark.netns
def test_a_gateway_that_does_not_answer_is_not_the_targets_fault() -> None:
    """Only the kernel says so: after three questions, or, to whoever has less time, when it is asked."""
    setup = """
        ip link set lo up
        ip link add near type veth peer name far
        ip link set far up
        ip addr add 198.51.100.1/24 dev near
        ip addr add 2001:db8:1::1/64 dev near nodad
        ip link set near up
        ip route add default via 198.51.100.254
        ip -6 route add default via 2001:db8:1::fe
    """
    body = """
        async def main():
            async with asyncio.TaskGroup() as looks:
                for host in ("192.0.2.1", "[2001:db8:2::1]", "198.51.100.7"):
                    looks.create_task(look(f"http://{host}/", Outbound()))
                for host in ("192.0.2.2", "198.51.100.8"):
                    looks.create_task(look(f"http://{host}/", Outbound(), seconds=1))
        asyncio.run(main())
    """

    assert sorted(run_in_namespace(script(body), setup=setup).splitlines()) == [
        "DOWN host unreachable (198.51.100.7 port 80)",
        "DOWN timed out while connecting (limit 1 s)",
        "UNKNOWN the gateway of this machine, 198.51.100.254, does not answer (192.0.2.1 port 80)",
        "UNKNOWN the gateway of this machine, 198.51.100.254, does not answer (192.0.2.2)",
        "UNKNOWN the gateway of this machine, 2001:db8:1::fe, does not answer (IPv6 2001:db8:2::1 port 80)",
    ]


# Leaves the process as many free descriptors as wanted, within a limit of its own.
SCARCE = """
    import contextlib, os, resource
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))

    @contextlib.contextmanager
    def descriptors(free):
        held = []
        with contextlib.suppress(OSError):
            while True:
                held.append(os.open("/dev/null", os.O_RDONLY))
        for _ in range(free):
            os.close(held.pop())
        try:
            yield
        finally:
            for each in held:
                os.close(each)
"""


async def run_scarce(body: str) -> list[str]:
    """Run a script that may become short of descriptors; return the lines that it printed."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        script(textwrap.dedent(SCARCE) + textwrap.dedent(body)),
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    said, wrong = await process.communicate()
    assert process.returncode == 0, wrong.decode()
    return said.decode().splitlines()


async def test_without_descriptors_no_stage_blames_the_target_and_all_recover(
    serve_web: ServeWeb, authority: Authority, tmp_path: Path
) -> None:
    plain = await serve_web(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    secure = await serve_web(
        b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", tls=authority.server_context("localhost")
    )
    (tmp_path / "hosts").write_text("127.0.0.1 pinned.example\n")
    (tmp_path / "resolv.conf").write_text("nameserver 127.0.0.1\n")
    body = f"""
        def resolver(hosts):
            return Resolver(hosts=hosts, configuration=Path({str(tmp_path / "resolv.conf")!r}))

        async def main():
            pinned = Outbound(resolver=resolver(Path({str(tmp_path / "hosts")!r})))
            named = Outbound(resolver=resolver(Path("/dev/null")))
            secure = Outbound(authorities={authority.path!r})
            everything = [
                ("http://127.0.0.1:{plain.port}/", pinned),
                ("http://pinned.example:{plain.port}/", pinned),
                ("https://localhost:{secure.port}/", secure),
            ]
            with descriptors(free=0):
                for url, outbound in [*everything, ("http://named.example/", named)]:
                    await look(url, outbound)
            with descriptors(free=1):
                await look("https://localhost:{secure.port}/", secure)
            for url, outbound in everything:
                await look(url, outbound)

        asyncio.run(main())
    """

    lack = "this process has no file descriptors left"
    assert await run_scarce(body) == [
        f"UNKNOWN {lack} (127.0.0.1 port {plain.port})",
        f"UNKNOWN {lack}",
        f"UNKNOWN {lack}",
        f"UNKNOWN {lack}",
        f"UNKNOWN cannot read the certificate authorities: {lack}",
        "UP None",
        "UP None",
        "UP None",
    ]


async def test_an_unknown_authority_blames_the_target_only_while_files_can_be_read(
    serve_web: ServeWeb, authority: Authority
) -> None:
    web = await serve_web(b"HTTP/1.1 200 OK\r\n\r\n", tls=authority.server_context("localhost"))
    body = f"""
        async def main():
            outbound = Outbound()
            await look("https://localhost:{web.port}/", outbound)
            with descriptors(free=1):
                await look("https://localhost:{web.port}/", outbound)

        asyncio.run(main())
    """

    down, unknown = await run_scarce(body)

    assert down.startswith("DOWN certificate")
    assert unknown == (
        "UNKNOWN cannot read the certificate authorities: this process has no file descriptors left"
    )
