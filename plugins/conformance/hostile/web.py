"""Web servers that are hostile to whatever reads their answers."""

from __future__ import annotations

import functools
import gzip
import zlib
from collections.abc import Callable

from plugins.conformance.hostile.behaviour import (
    Behaviour,
    Reader,
    Writer,
    drip,
    flood,
    hear_request,
    in_turn,
    keep_silent,
    reset,
    say,
)
from plugins.conformance.hostile.connections import NOISE
from plugins.conformance.hostile.peer import HostilePeer

_OK = b"HTTP/1.1 200 OK\r\n"
_CHUNKED = _OK + b"Transfer-Encoding: chunked\r\n\r\n"
_BOMB_BYTES = 100_000_000


def _peer(name: str, *steps: Behaviour, keeps_waiting: bool = False) -> HostilePeer:
    return HostilePeer(name=name, behave=in_turn(hear_request, *steps), keeps_waiting=keeps_waiting)


def _head(*headers: bytes, status: bytes = b"200 OK") -> bytes:
    return b"\r\n".join((b"HTTP/1.1 " + status, *headers, b"", b""))


def _whole(body: bytes = b"", *headers: bytes, status: bytes = b"200 OK") -> bytes:
    return _head(*headers, b"Content-Length: %d" % len(body), status=status) + body


def _redirect(to: bytes) -> bytes:
    return _whole(b"", b"Location: " + to, status=b"302 Found")


def _say_coded(coding: bytes, make_body: Callable[[], bytes]) -> Behaviour:
    """Send a body that is made, once, when the first one asks for it: bombs take a while."""
    made = functools.cache(make_body)

    async def behave(reader: Reader, writer: Writer) -> None:
        await say(_whole(made(), b"Content-Encoding: " + coding))(reader, writer)

    return behave


def _gzip_bomb() -> bytes:
    return gzip.compress(bytes(_BOMB_BYTES), 9)


_ENDINGS = (
    _peer("closes without an answer"),
    _peer("resets before its answer", reset),
    _peer("closes in the status line", say(b"HTTP/1.1 20")),
    _peer("closes in the headers", say(_OK + b"Content-Le")),
    _peer("resets in the headers", say(_OK + b"Content-Le"), reset),
    _peer("closes in the body", say(_head(b"Content-Length: 1000") + b"half")),
    _peer("resets in the body", say(_head(b"Content-Length: 1000") + b"half"), reset),
    _peer("closes in a chunk", say(_CHUNKED + b"3e8\r\nhalf")),
    _peer("closes before the last chunk", say(_CHUNKED + b"4\r\nhalf\r\n")),
)

_SLOW = (
    _peer("never answers", keep_silent, keeps_waiting=True),
    _peer("drips a byte a second in the status line", drip(_OK * 1000), keeps_waiting=True),
    _peer("drips a byte a second in the headers", say(_OK), drip(b"X: y\r\n" * 1000), keeps_waiting=True),
    _peer(
        "drips a byte a second in the body",
        say(_head(b"Content-Length: 1000000")),
        drip(b"x" * 1_000_000),
        keeps_waiting=True,
    ),
    _peer("drips a chunk a second", say(_CHUNKED + b"fffff\r\n"), drip(b"x" * 0xFFFFF), keeps_waiting=True),
    _peer("stops in the headers", say(_OK + b"X: "), keep_silent, keeps_waiting=True),
    _peer("stops in the body", say(_head(b"Content-Length: 9") + b"half"), keep_silent, keeps_waiting=True),
)

_ENDLESS = (
    _peer("sends a body without end", say(_head()), flood(b"x" * 65536)),
    _peer("sends chunks without end", say(_CHUNKED), flood(b"4000\r\n" + b"x" * 0x4000 + b"\r\n")),
    _peer("sends chunks of one byte without end", say(_CHUNKED), flood(b"1\r\nx\r\n" * 10_000)),
    _peer(
        "sends chunks that are mostly frame without end",
        say(_CHUNKED),
        flood((b"1;" + b"x" * 4000 + b"\r\nx\r\n") * 16),
    ),
    _peer("sends a trailer without end", say(_CHUNKED + b"0\r\n"), flood(b"X: y\r\n" * 10_000)),
    _peer("sends headers without end", say(_OK), flood(b"X: y\r\n" * 10_000)),
    _peer("sends one header without end", say(_OK + b"X: "), flood(b"x" * 65536)),
    _peer("sends a status line without end", say(b"HTTP/1.1 200 "), flood(b"x" * 65536)),
    _peer("sends interim responses without end", flood(b"HTTP/1.1 100 Continue\r\n\r\n" * 1000)),
    _peer("sends random bytes without end", flood(NOISE)),
)

_LARGE = (
    _peer("sends 10,000 headers", say(_head(*(b"X-%d: y" % number for number in range(10_000))))),
    _peer("sends a header of 1 MB", say(_whole(b"ok", b"X: " + b"x" * 1_000_000))),
    _peer("sends 400 cookies", say(_whole(b"ok", *(b"Set-Cookie: c%d=d" % number for number in range(400))))),
    _peer("sends 10,000 cookies", say(_whole(b"ok", *[b"Set-Cookie: c=d"] * 10_000))),
    _peer("gives a reason of 50,000 letters", say(_whole(status=b"503 " + b"x" * 50_000))),
    _peer("sends a gzip bomb", _say_coded(b"gzip", _gzip_bomb)),
    _peer("sends a gzip bomb in gzip", _say_coded(b"gzip, gzip", lambda: gzip.compress(_gzip_bomb(), 9))),
    _peer("sends a deflate bomb", _say_coded(b"deflate", lambda: zlib.compress(bytes(_BOMB_BYTES), 9))),
    _peer("names 5,000 codings", say(_whole(b"ok", b"Content-Encoding: " + b", ".join([b"gzip"] * 5_000)))),
)

_MALFORMED = (
    _peer("sends random bytes", say(NOISE)),
    _peer("answers as HTTP/0.9 did", say(b"<html>It works!</html>")),
    _peer("greets as an SSH server, and waits", say(b"SSH-2.0-OpenSSH_9.9\r\n"), keep_silent),
    _peer("sends an alert of TLS", say(b"\x15\x03\x03\x00\x02\x02\x0a")),
    _peer("sends a status line without a status", say(b"HTTP/1.1 OK\r\n\r\n")),
    _peer("sends a status of two digits", say(b"HTTP/1.1 20 OK\r\n\r\n")),
    _peer("sends the status 000", say(b"HTTP/1.1 000 Zero\r\n\r\n")),
    _peer("sends the status 999", say(_whole(status=b"999 Beyond"))),
    _peer("speaks HTTP/9.9", say(b"HTTP/9.9 200 OK\r\nContent-Length: 0\r\n\r\n")),
    _peer("sends a header without a colon", say(_head(b"no colon here"))),
    _peer("sends a header with a space in its name", say(_head(b"X : y"))),
    _peer("sends NUL in a header", say(_head(b"X: a\x00b"))),
    _peer("sends NUL in the reason", say(_head(status=b"503 a\x00b"))),
    _peer("sends control characters in the reason", say(_head(status=b"503 \x1b[2J\x07"))),
    _peer(
        "turns the reading direction and breaks UTF-8",
        say(
            _whole(b"\xff\xfe\x80 \xe2\x80\xae", b"X: \xff \xe2\x80\xae", status=b"503 \xe2\x80\xaereversed")
        ),
    ),
    _peer("sends a length that is too long", say(_head(b"Content-Length: 1000") + b"short")),
    _peer("sends a length that is too short", say(_head(b"Content-Length: 2") + b"ok and much more")),
    _peer("sends a negative length", say(_head(b"Content-Length: -1") + b"body")),
    _peer("sends a length in words", say(_head(b"Content-Length: ten") + b"body")),
    _peer("sends a length of 1,000 digits", say(_head(b"Content-Length: " + b"9" * 1000) + b"body")),
    _peer("sends two different lengths", say(_head(b"Content-Length: 1", b"Content-Length: 2") + b"ab")),
    _peer(
        "sends a length and chunks",
        say(_head(b"Content-Length: 500", b"Transfer-Encoding: chunked") + b"2\r\nok\r\n0\r\n\r\n"),
    ),
    _peer("sends a transfer coding that nobody knows", say(_head(b"Transfer-Encoding: cake") + b"body")),
    _peer("sends a chunk of a size in words", say(_CHUNKED + b"ten\r\nbody\r\n")),
    _peer("sends a chunk of a negative size", say(_CHUNKED + b"-4\r\nbody\r\n")),
    _peer("sends a chunk longer than its size", say(_CHUNKED + b"2\r\nbody\r\n0\r\n\r\n")),
    _peer("sends plain text as gzip", say(_whole(b"plain", b"Content-Encoding: gzip"))),
    _peer("sends noise as deflate", say(_whole(NOISE, b"Content-Encoding: deflate"))),
    _peer(
        "names a charset that runs for minutes",
        say(_whole(b"a" * 200_000 + b"-", b"Content-Type: text/html; charset=punycode", status=b"500 Oops")),
    ),
    _peer(
        "names its charset in 30,000 parameters",
        say(_whole(b"x", b"Content-Type: text/html" + b';"' * 30_000, status=b"500 Oops")),
    ),
    _peer("asks as a proxy for a password", say(_whole(status=b"407 Proxy Authentication Required"))),
    _peer("switches protocols unasked", say(_head(b"Upgrade: cake", status=b"101 Switching Protocols"))),
)

_REDIRECTS = (
    _peer("redirects to itself", say(_redirect(b"/"))),
    _peer("redirects to cloud metadata", say(_redirect(b"http://169.254.169.254/latest/meta-data/"))),
    _peer("redirects to wrapped cloud metadata", say(_redirect(b"http://[::ffff:169.254.169.254]/"))),
    _peer("redirects to a file", say(_redirect(b"file:///etc/passwd"))),
    _peer("redirects to FTP", say(_redirect(b"ftp://127.0.0.1/"))),
    _peer("redirects with a password", say(_redirect(b"http://me:word@127.0.0.1/"))),
    _peer("redirects to port 0", say(_redirect(b"http://127.0.0.1:0/"))),
    _peer("redirects to nonsense", say(_redirect(b"http://[::/%%%"))),
    _peer("redirects to nowhere", say(_redirect(b"http://"))),
    _peer("redirects to an address of 60,000 letters", say(_redirect(b"/" + b"\xc3\xa9" * 30_000))),
)

WEB_PEERS = (*_ENDINGS, *_SLOW, *_ENDLESS, *_LARGE, *_MALFORMED, *_REDIRECTS)
