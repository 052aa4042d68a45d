"""Every key of a manifest: its path, type, default, bounds and meaning, as a page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from docs.generate.markdown import markdown
from docs.generate.value_types import Schema, default, words
from manifests.schema.base import Strict

Section = tuple[str, str, Schema]
"""Path of an object, name of its definition, and its schema."""


def page(kind: str, model: type[Strict]) -> str:
    """The reference of a kind of manifest: a section an object, in the order of the keys."""
    schema = model.model_json_schema()
    sections: list[Section] = []
    _collect("", schema, schema.get("$defs", {}), sections)
    places = {name: path for path, name, _ in sections}
    text = [f"# {kind.capitalize()} manifest", markdown(schema["description"]), _schema_link(kind)]
    text.append(_keys(kind, "", schema, places))
    for path, _, node in sections:
        text += [f"({_anchor(kind, path)})=\n## `{path}`", markdown(node["description"])]
        text.append(_keys(kind, path, node, places))
    return "\n\n".join(text) + "\n"


def _schema_link(kind: str) -> str:
    return f'JSON Schema for editors: <a href="../../schemas/{kind}.json">{kind}.json</a>.'


def _anchor(kind: str, path: str) -> str:
    return (
        f"{kind}-{path}".replace("[]", "").replace(".", "-").replace("_", "-").replace(" ", "-").rstrip("-")
    )


def _keys(kind: str, path: str, node: Schema, places: dict[str, str]) -> str:
    def link(name: str) -> str:
        return f"[`{places[name]}`](#{_anchor(kind, places[name])})" if name in places else f"`{name}`"

    lines = []
    for key, schema in node.get("properties", {}).items():
        needed = key in node.get("required", ())
        given = "required" if needed else default(schema.get("default"))
        about = f"{words(schema, link)}; {given}"
        anchor = _anchor(kind, f"{path} key {key}")
        lines.append(f"[`{key}`]{{#{anchor}}}\n: {about}\n\n  {markdown(schema.get('description', ''))}")
    return "\n\n".join(lines)


def _collect(path: str, node: Schema, known: dict[str, Schema], sections: list[Section]) -> None:
    """Appends the objects below a node, each once."""
    for key, schema in node.get("properties", {}).items():
        for suffix, name in _references(schema):
            if name in {taken for _, taken, _ in sections} or "properties" not in known[name]:
                continue
            place = f"{path}.{key}{suffix}".lstrip(".")
            title = place + _variant(schema, known[name])
            if _anchor("", title) in {_anchor("", taken) for taken, _, _ in sections}:
                title += f" {name}"  # an object, where a list of others may stand
            sections.append((title, name, known[name]))
            _collect(place, known[name], known, sections)


def _variant(schema: Schema, node: Schema) -> str:
    """Which of several objects that may stand at a place."""
    kind: dict[str, Any] = node["properties"].get("kind", {})
    return f" {kind['const']}" if "discriminator" in schema else ""


def _references(schema: Schema, suffix: str = "") -> Iterator[tuple[str, str]]:
    """The definitions that a key's schema names, and ``[]`` or ``.NAME`` where they are items or values."""
    if "$ref" in schema:
        yield suffix, schema["$ref"].rsplit("/", 1)[1]
    for key in ("anyOf", "oneOf"):
        for option in schema.get(key, ()):
            yield from _references(option, suffix)
    if isinstance(schema.get("items"), dict):
        yield from _references(schema["items"], suffix + "[]")
    if isinstance(schema.get("additionalProperties"), dict):
        yield from _references(schema["additionalProperties"], suffix + ".NAME")
