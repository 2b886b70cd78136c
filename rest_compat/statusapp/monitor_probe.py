"""A StatusApp monitor's fields as the configuration of its probe, and where what is wrong with that is told."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

import msgspec

from core.issues import Issues
from core.kind_choice import ConfigChange, KindChoice
from core.unset import UNSET, Unset
from plugins.api.config.issues import shown
from rest_compat.renaming import Names
from rest_compat.statusapp.api_auth import AUTH_NAMES, auth_of
from rest_compat.statusapp.api_auth import FIELD as API_AUTH
from rest_compat.statusapp.monitor_bodies import DEFAULT_INTERVAL_SECONDS
from rest_compat.statusapp.monitor_types import HEARTBEAT, HTTP
from rest_compat.statusapp.regression_shapes import REGRESSION_NAMES

_HEADERS: Final = "requestHeaders"

# What services call the fields that every type has.
SETTING_NAMES: Names = MappingProxyType(
    {
        ("intervalSeconds",): ("interval",),
        ("timeoutSeconds",): ("timeout",),
        ("regionKeys",): ("enabledWorkerRegionIds",),
        ("probe",): ("type",),
        **REGRESSION_NAMES,
    }
)
_PROBE_NAMES: Names = MappingProxyType(
    {
        ("probe", HTTP): (),
        ("probe", HTTP, "presentation"): ("type",),
        ("probe", HTTP, "method"): ("httpMethod",),
        ("probe", HTTP, "headers"): (_HEADERS,),
        ("probe", HTTP, "body"): ("requestBody",),
        ("probe", HTTP, "acceptedStatuses"): ("expectedStatusCode",),
        **AUTH_NAMES,
        ("probe", HEARTBEAT): (),
        ("probe", HEARTBEAT, "intervalSeconds"): ("interval",),
        ("probe", HEARTBEAT, "graceSeconds"): ("gracePeriod",),
    }
)


@dataclass(frozen=True, kw_only=True, slots=True)
class WantedProbe:
    """What services take, and where the dialect has what they may have against it."""

    choice: KindChoice
    names: Names

    @property
    def change(self) -> ConfigChange | Unset:
        """The same as what is to differ from what is stored; UNSET if nothing is."""
        if not self.choice.config:
            return UNSET
        return ConfigChange(kind=self.choice.kind, changes=self.choice.config)


def http_probe(data: Mapping[str, Any], issues: Issues) -> WantedProbe:
    """Return the request that the fields describe; note what is wrong with the headers' text."""
    config = _translated(data, _HTTP_FIELDS)
    names = {**SETTING_NAMES, **_PROBE_NAMES}
    if _HEADERS in data:
        headers = _headers_of(data[_HEADERS], issues)
        config["headers"] = None if headers is None else [_header(*each) for each in headers.items()]
        for place, name in enumerate(headers or ()):
            of_item = ("probe", HTTP, "headers", str(place))
            told = (_HEADERS, shown(name))
            names |= {of_item: told, (*of_item, "name"): told, (*of_item, "value"): told}
    if API_AUTH in data:
        config["auth"] = auth_of(data[API_AUTH], issues)
    return WantedProbe(choice=KindChoice(kind=HTTP, config=config), names=names)


def heartbeat_probe(data: Mapping[str, Any], *, interval_seconds: int | None) -> WantedProbe:
    """Return the schedule that the fields describe; `interval_seconds` is that where they say nothing of it.

    It is None where there is one already.
    """
    config = _translated(data, _HEARTBEAT_FIELDS)
    if "interval" in data:
        config["intervalSeconds"] = data["interval"] or DEFAULT_INTERVAL_SECONDS
    elif interval_seconds is not None:
        config["intervalSeconds"] = interval_seconds
    names = {**SETTING_NAMES, **_PROBE_NAMES}
    return WantedProbe(choice=KindChoice(kind=HEARTBEAT, config=config), names=names)


def _as_it_is(value: Any) -> Any:
    return value


def _statuses(code: Any) -> Any:
    return None if code is None else [str(code)]


_HTTP_FIELDS: Mapping[str, tuple[str, Callable[[Any], Any]]] = MappingProxyType(
    {
        "url": ("url", _as_it_is),
        "type": ("presentation", _as_it_is),
        "httpMethod": ("method", _as_it_is),
        "requestBody": ("body", _as_it_is),
        "expectedStatusCode": ("acceptedStatuses", _statuses),
    }
)
_HEARTBEAT_FIELDS: Mapping[str, tuple[str, Callable[[Any], Any]]] = MappingProxyType(
    {"gracePeriod": ("graceSeconds", _as_it_is)}
)


def _translated(
    data: Mapping[str, Any], fields: Mapping[str, tuple[str, Callable[[Any], Any]]]
) -> dict[str, Any]:
    return {name: translate(data[given]) for given, (name, translate) in fields.items() if given in data}


def _headers_of(text: str | None, issues: Issues) -> dict[str, Any] | None:
    if text is None:
        return None
    try:
        return msgspec.json.decode(text, type=dict[str, Any])
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        cause = "must be a json object of headers, as text"
        issues.refuse((_HEADERS,), "json", cause, expected='{"name": "value"}')
        return None


def _header(name: str, value: Any) -> dict[str, Any]:
    """A value is a secret: null stands for the stored one, which is kept where none is given."""
    return {"name": name} if value is None else {"name": name, "value": value}
