"""The type of a key in words, out of its JSON Schema."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

Schema = dict[str, Any]
Link = Callable[[str], str]
"""The Markdown for an object of this name."""

_NAMES = {
    "integer": "whole number",
    "number": "number",
    "string": "text",
    "boolean": "true or false",
    "null": "null",
}
_BOUNDS = {
    "minimum": "at least {}",
    "exclusiveMinimum": "above {}",
    "maximum": "at most {}",
    "exclusiveMaximum": "below {}",
    "multipleOf": "a multiple of {}",
    "minItems": "{} or more",
    "minProperties": "{} or more",
}


def words(schema: Schema, link: Link) -> str:
    """For example ``whole number, at least 1`` or ``list of text``."""
    bounds = [text.format(f"{schema[key]:,}") for key, text in _BOUNDS.items() if key in schema]
    return ", ".join([_type(schema, link), *bounds])


def _type(schema: Schema, link: Link) -> str:
    if "$ref" in schema:
        return link(schema["$ref"].rsplit("/", 1)[1])
    if "const" in schema:
        return f"`{schema['const']}`"
    if "enum" in schema:
        return "one of " + ", ".join(f"`{value}`" for value in schema["enum"])
    for key in ("anyOf", "oneOf"):
        if key in schema:
            return _choice(schema[key], link)
    return _container(schema, link) or _NAMES.get(schema.get("type", ""), "any value")


def _choice(options: list[Schema], link: Link) -> str:
    if any(option.get("type") == "string" and "pattern" in option for option in options):
        rest = [option for option in options if option.get("type") not in ("string", "integer")]
        return " or ".join(["tokens (a number, or as in `1.9 M`)", *(words(option, link) for option in rest)])
    return " or ".join(words(option, link) for option in options)


def _container(schema: Schema, link: Link) -> str:
    if schema.get("type") == "array":
        if "prefixItems" in schema:
            return f"list of {len(schema['prefixItems'])}: {words(schema['prefixItems'][0], link)}"
        return f"list of {words(schema['items'], link)}" if "items" in schema else "list"
    if schema.get("type") != "object":
        return ""
    values = schema.get("additionalProperties")
    return f"mapping to {words(values, link)}" if isinstance(values, dict) else "mapping"


def default(value: Any) -> str:
    """A default as it would be written in a manifest. Those of objects stand at their own keys."""
    return "optional" if isinstance(value, dict) else f"default `{json.dumps(value, ensure_ascii=False)}`"
