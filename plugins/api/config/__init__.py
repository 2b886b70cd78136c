"""The typed configuration of a kind: a frozen class from which all the rest follows.

    class MqttConfig(Config):
        '''How a broker is asked.'''

        host: Annotated[str, Meta(min_length=1, description="The broker's host name")]
        port: Annotated[int, Meta(ge=1, le=65535)] = 1883
        password: Secret | None = None

From it come parsing that reports every issue, JSON Schema, redaction, and a GraphQL input and object type.
"""

from plugins.api.config.declaration import Config, FieldError, Meta, Secret, check_with, field
from plugins.api.config.issues import ConfigErrors, Issue
from plugins.api.config.json_schema import json_schema
from plugins.api.config.parsing import load, parse
from plugins.api.config.rendering import masked, redact, secret_values, secrets_set, to_json
from plugins.api.config.shape import UnsupportedConfig

__all__ = [
    "Config",
    "ConfigErrors",
    "FieldError",
    "Issue",
    "Meta",
    "Secret",
    "UnsupportedConfig",
    "check_with",
    "field",
    "json_schema",
    "load",
    "masked",
    "parse",
    "redact",
    "secret_values",
    "secrets_set",
    "to_json",
]
