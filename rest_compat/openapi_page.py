"""A page to read an OpenAPI document on: one file without scripts, so that it works without internet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any

import msgspec

_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #1b1f24 }
h1 { font-size: 1.6rem } h2 { font-size: 1.1rem; margin: 0 } code, pre { font: 14px/1.45 ui-monospace, monospace }
section { border: 1px solid #d0d7de; border-radius: 8px; padding: .8rem 1rem; margin: 1rem 0 }
pre { background: #f6f8fa; padding: .7rem; border-radius: 6px; overflow-x: auto; margin: .4rem 0 }
.method { font-weight: 700; margin-right: .6rem } summary { cursor: pointer; padding: .2rem 0 }
table { border-collapse: collapse } td, th { text-align: left; padding: .15rem .8rem .15rem 0; vertical-align: top }
@media (prefers-color-scheme: dark) {
  body { background: #0d1117; color: #e6edf3 } pre { background: #161b22 } section { border-color: #30363d }
  a { color: #58a6ff } }
"""


def openapi_page(document: Mapping[str, Any], *, document_path: str) -> str:
    """Return the page in HTML; `document_path` is where the document itself is served."""
    title = escape(document["info"]["title"])
    parts = [
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<style>{_STYLE}</style><h1>{title}</h1>",
        (
            f"<p>Version {escape(document['info']['version'])}. Address: "
            f"<code>{escape(document['servers'][0]['url'])}</code>. "
            f'<a href="{escape(document_path)}">The OpenAPI document</a>.</p>'
        ),
    ]
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            parts += _operation(document, path, method.upper(), operation)
    return "".join(parts) + "</html>"


def _operation(
    document: Mapping[str, Any], path: str, method: str, operation: Mapping[str, Any]
) -> Iterator[str]:
    yield f'<section id="{escape(operation["operationId"])}"><h2><span class="method">{method}</span>'
    yield f"<code>{escape(path)}</code></h2>"
    yield f"<p>{escape(operation['summary'])}. {escape(operation['description'])}</p>"
    if operation["parameters"]:
        yield "<table><tr><th>parameter</th><th>in</th><th>default</th><th></th></tr>"
        for each in operation["parameters"]:
            cells = each["name"], each["in"], each["schema"].get("default", ""), each["description"]
            yield "<tr>" + "".join(f"<td>{escape(str(cell))}</td>" for cell in cells) + "</tr>"
        yield "</table>"
    body = operation.get("requestBody", {}).get("content", {}).get("application/json")
    url = document["servers"][0]["url"] + path
    credentials = _credentials(document["components"]["securitySchemes"], operation["security"])
    yield f"<pre>{escape(_curl(url, method, credentials, body))}</pre>"
    if body is not None:
        yield _folded("The body", body["schema"])
    for status, response in operation["responses"].items():
        content = response["content"]["application/json"]
        yield _folded(f"{status} {response['description']}", content["example"])
    yield "</section>"


def _credentials(schemes: Mapping[str, Mapping[str, str]], wanted: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the lines that say who asks, by the first of the schemes that are taken; none where all may."""
    names = [name for each in wanted for name in each]
    if not names:
        return []
    scheme = schemes[names[0]]
    if scheme["type"] == "http":
        return ['  --header "Authorization: Bearer $TOKEN"']
    if scheme["in"] == "cookie":
        return [f'  --cookie "{scheme["name"]}=$SESSION"']
    return [f'  --header "{scheme["name"]}: $TOKEN"']


def _curl(url: str, method: str, credentials: Sequence[str], body: Mapping[str, Any] | None) -> str:
    lines = [
        f"curl --request {method}",
        f"  --url {url}",
        "  --header 'Accept: application/json'",
        *credentials,
    ]
    if body is not None:
        sent = msgspec.json.encode(body["example"]).decode()
        lines += ["  --header 'Content-Type: application/json'", f"  --data '{sent}'"]
    return " \\\n".join(lines)


def _folded(title: str, shown: Any) -> str:
    text = msgspec.json.format(msgspec.json.encode(shown), indent=2).decode()
    return f"<details><summary>{escape(title)}</summary><pre>{escape(text)}</pre></details>"
