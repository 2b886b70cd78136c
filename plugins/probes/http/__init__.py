"""Asks a website or an API over HTTP, and judges its answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import httpx

from plugins.api.hookspecs import hookimpl
from plugins.api.probe import Probe
from plugins.api.redaction import redacted_url
from plugins.probes.http.check import check
from plugins.probes.http.config import Header, HttpConfig, Method, Presentation, asserted_fields

__all__ = ["HTTP", "Header", "HttpConfig", "Method", "Presentation", "register_probes"]

HTTP = Probe(
    key="http",
    title="Website or API",
    description="Sends an HTTP request, follows redirects, and judges status, body and latency of the answer.",
    config=HttpConfig,
    check=check,
    target=lambda config: redacted_url(config.url),
    host=lambda config: httpx.URL(config.url).host,
    presentation=lambda config: config.presentation.value,
    asserts=asserted_fields,
    labels=frozenset({"presentation"}),
)


@hookimpl
def register_probes() -> Sequence[Probe[Any]]:
    """Return the http kind."""
    return (HTTP,)
