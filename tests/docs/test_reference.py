"""The reference names every key, signal and rule."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from docs.generate import commands, reasons
from docs.generate.keys import page
from docs.generate.markdown import markdown
from docs.generate.pages import write_pages, write_schemas
from docs.generate.signals_and_rules import rules_page, signals_page
from docs.generate.value_types import words
from manifests.check import KINDS
from manifests.schema.base import load
from manifests.schema.reasons import PAIR_REASONS, REASONS
from manifests.schema.rules import FOLDER, RuleSet, rule_sets
from manifests.schema.signals import SIGNALS
from openba.cli.app import command


@pytest.mark.parametrize("kind", KINDS)
def test_the_reference_names_every_key_of_every_object(kind: str) -> None:
    schema = KINDS[kind].model_json_schema()
    objects = [schema, *schema.get("$defs", {}).values()]
    wanted = sorted(key for node in objects for key in node.get("properties", ()))
    named = re.findall(r"^\[`(\w+)`\]\{#", page(kind, KINDS[kind]), re.MULTILINE)
    assert sorted(named) == wanted


@pytest.mark.parametrize("kind", KINDS)
def test_no_two_keys_share_an_anchor(kind: str) -> None:
    anchors = re.findall(r"\{#(\S+)\}", page(kind, KINDS[kind]))
    assert len(anchors) == len(set(anchors))


def test_a_key_has_its_type_default_bounds_and_meaning() -> None:
    entry = page("corpus", KINDS["corpus"]).split("[`bands`]", 1)[1].split("[`rows`]", 1)[0]
    assert "whole number, at least 1; default `20`" in entry
    assert "two documents are candidates when all rows of one band agree" in entry


def test_a_number_of_tokens_is_written_with_its_unit() -> None:
    entry = page("corpus", KINDS["corpus"]).split("[`budget`]", 1)[1].split("[`tolerance`]", 1)[0]
    assert "mapping to tokens (a number, or as in `1.9 M`); required" in entry


def test_the_reference_names_every_signal_with_its_meaning() -> None:
    text = signals_page()
    missing = [
        name
        for name, about in SIGNALS.items()
        if f"{{#signal-{name.replace('_', '-')}}}\n: {markdown(about)}\n" not in text
    ]
    assert missing == []


@pytest.mark.parametrize("name", rule_sets())
def test_the_reference_names_every_rule_with_its_source(name: str) -> None:
    text = rules_page()
    for rule in load(FOLDER / f"{name}.yaml", RuleSet).rules:
        entry = text.split(f"`{name}/{rule.name}`", 1)[1].split("\n\n`", 1)[0]
        assert markdown(rule.source) in entry
        for bound in (rule.min, rule.max):
            assert bound is None or f"{bound:,g}" in entry


def test_the_reference_names_every_reason_with_its_meaning() -> None:
    text = reasons.page()
    for found in (*REASONS.values(), PAIR_REASONS):
        assert [name for name, about in found.items() if f"`{name}`\n: {markdown(about)}\n" not in text] == []


def test_pages_that_are_as_they_were_are_not_written_again(tmp_path: Path) -> None:
    write_pages(tmp_path)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    write_pages(tmp_path)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == before
    assert len(before) == len(KINDS) + 5


def test_the_schema_of_the_corpus_takes_a_token_quantity(tmp_path: Path) -> None:
    write_schemas(tmp_path)
    schema = json.loads((tmp_path / "corpus.json").read_text(encoding="utf-8"))
    number, text = schema["$defs"]["ShardSettings"]["properties"]["budget"]["additionalProperties"]["anyOf"]
    assert number["type"] == "integer"
    assert re.fullmatch(text["pattern"], "190 B")
    assert not re.fullmatch(text["pattern"], "-1 B")


def test_brackets_outside_of_literals_are_text() -> None:
    assert (
        markdown("a list[int] of ``<EMAIL>``\n    or <b>\n\nNext.")
        == r"a list\[int\] of `<EMAIL>` or \<b\>" + "\n\nNext."
    )


def test_a_choice_of_types_is_put_into_words() -> None:
    schema = {"anyOf": [{"type": "number", "exclusiveMinimum": 0}, {"const": "previous", "type": "string"}]}
    assert words(schema, str) == "number, above 0 or `previous`"


def test_the_reference_names_every_command_and_option() -> None:
    text = commands.page()
    for name, one in command().commands.items():
        section = text.split(f"### `openba {name}`\n", 1)[1].split("\n### ", 1)[0]
        options = [option for parameter in one.params for option in parameter.opts if option.startswith("-")]
        assert [option for option in options if option not in section] == []
        assert f"openba {name}" in section.rsplit("```", 2)[1], "an example"
