"""Every key, signal and rule says what it means."""

from __future__ import annotations

import pytest

from manifests.check import KINDS
from manifests.schema.base import Strict, load
from manifests.schema.rules import FOLDER, RuleSet, rule_sets
from manifests.schema.signals import SIGNALS


def _objects(model: type[Strict]) -> list[tuple[str, dict[str, dict[str, object]]]]:
    schema = model.model_json_schema()
    objects = {model.__name__: schema, **schema.get("$defs", {})}
    return [(name, node["properties"]) for name, node in objects.items() if "properties" in node]


@pytest.mark.parametrize("kind", KINDS)
def test_every_key_of_a_manifest_has_a_description(kind: str) -> None:
    bare = [
        f"{name}.{key}"
        for name, properties in _objects(KINDS[kind])
        for key, schema in properties.items()
        if not str(schema.get("description", "")).strip()
    ]
    assert bare == []


@pytest.mark.parametrize("kind", KINDS)
def test_every_object_of_a_manifest_has_a_description(kind: str) -> None:
    schema = KINDS[kind].model_json_schema()
    objects = {kind: schema, **schema.get("$defs", {})}
    bare = [name for name, node in objects.items() if "properties" in node and not node.get("description")]
    assert bare == []


def test_an_inherited_key_keeps_its_description() -> None:
    schema = KINDS["rules"].model_json_schema()["$defs"]["SourcedRule"]["properties"]
    assert schema["signal"]["description"] == "The signal that is judged; see the list of signals."


def test_every_signal_has_a_meaning() -> None:
    assert [name for name, meaning in SIGNALS.items() if not meaning.strip()] == []


@pytest.mark.parametrize("name", rule_sets())
def test_every_rule_of_a_set_has_a_source(name: str) -> None:
    rules = load(FOLDER / f"{name}.yaml", RuleSet)
    assert rules.about
    assert [rule.name for rule in rules.rules if not rule.source.strip()] == []


def test_descriptions_are_in_no_manifest() -> None:
    dumped = load(FOLDER / "c4_v1.yaml", RuleSet).model_dump()
    assert set(dumped) == {"version", "kind", "name", "about", "rules"}
