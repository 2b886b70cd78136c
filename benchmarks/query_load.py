"""`python -m benchmarks.query_load PORT QUERIES CONNECTIONS`: what stdin asks for, again and again.

That is a document of GraphQL, or `GET` and a path.

It prints the seconds. An answer with errors ends it.
"""

from __future__ import annotations

import itertools
import sys

import msgspec

from benchmarks.dashboard_rows import SECRET
from benchmarks.harness import pin_to_last_core
from benchmarks.kept_connections import send_all
from core.event_loop import run_fast

_OK = b"HTTP/1.1 200 "
_HEAD_END = b"\r\n\r\n"
_LENGTH = b"content-length:"
_ERRORS = b'"errors":'


def _is_whole(answer: bytes) -> bool:
    head, _, body = answer.partition(_HEAD_END)
    lines = head.lower().split(b"\r\n")
    length = next((int(line[len(_LENGTH) :]) for line in lines if line.startswith(_LENGTH)), None)
    if not answer.startswith(_OK) or _ERRORS in body:
        raise ValueError(answer[:500].decode())
    return length is not None and len(body) == length


def _request(asked: str) -> bytes:
    method, _, path = asked.partition(" ")
    return _get(path.strip()) if method == "GET" else _post(asked)


def _get(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nhost: 127.0.0.1\r\nx-api-key: {SECRET}\r\n\r\n".encode()


def _post(document: str) -> bytes:
    body = msgspec.json.encode({"query": document})
    head = (
        "POST /graphql HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
        f"authorization: Bearer {SECRET}\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def _load(port: int, queries: int, connections: int, asked: str) -> None:
    turns = itertools.repeat(_request(asked), queries)
    print(await send_all(port, turns, connections, _is_whole))


if __name__ == "__main__":
    pin_to_last_core()
    run_fast(_load(*map(int, sys.argv[1:4]), sys.stdin.read()))
