"""Token quantities, and manifest errors that name file, key and fix."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from manifests.schema.base import UNITS, ManifestError, load, parse_tokens
from manifests.schema.corpus import CorpusManifest

CORPUS = """
version: 1
kind: corpus
name: small
sources:
  - {name: docs, path: docs, format: text}
language: {model: lid.176.ftz}
quality:
  rules:
    - {name: too_short, signal: characters, languages: [en, zh], min: 20}
privacy: {actions: {email: placeholder}}
shards:
  budget: {en: 190 B, zh: 190 B, code: 20 B}
"""


def load_text(folder: Path, text: str) -> CorpusManifest:
    file = folder / "corpus.yaml"
    file.write_text(text, encoding="utf-8")
    return load(file, CorpusManifest)


def error_of(folder: Path, old: str, new: str) -> str:
    assert old in CORPUS
    with pytest.raises(ManifestError) as caught:
        load_text(folder, CORPUS.replace(old, new))
    message = str(caught.value)
    assert message.startswith(str(folder / "corpus.yaml"))
    return message


def test_a_good_manifest(tmp_path: Path) -> None:
    assert load_text(tmp_path, CORPUS).shards.budget == {
        "en": 190 * 10**9,
        "zh": 190 * 10**9,
        "code": 20 * 10**9,
    }


@given(st.integers(0, 10**6), st.sampled_from(["K", "M", "B", "T"]), st.integers(0, 3))
def test_quantities_are_exact(number: int, unit: str, decimals: int) -> None:
    text = (
        f"{number // 10**decimals}.{number % 10**decimals:0{decimals}d} {unit}"
        if decimals
        else f"{number}{unit}"
    )
    assert parse_tokens(text) == number * UNITS[unit] // 10**decimals


@pytest.mark.parametrize(
    ("text", "fragment"),
    [
        ("190 GB", "'GB' is not a unit of tokens"),
        ("1.5", "not a whole number"),
        ("-3 M", "not a token quantity"),
    ],
)
def test_a_wrong_quantity_is_refused(text: str, fragment: str) -> None:
    with pytest.raises(ValueError, match=fragment):
        parse_tokens(text)


@pytest.mark.parametrize("name", ["shards.json", "manifest.json"])
def test_a_manifest_of_a_run_that_is_not_there_is_to_be_made(tmp_path: Path, name: str) -> None:
    with pytest.raises(ManifestError, match="no such manifest; run `openba corpus` first"):
        load(tmp_path / name, CorpusManifest)


@pytest.mark.parametrize(
    ("old", "new", "key", "expected"),
    [
        ("format: text}", "format: jsonl, keep_fields: title}", "sources[0].keep_fields", "a list"),
        ("languages: [en, zh]", "languages: en", "quality.rules[0].languages", "a list"),
        ("format: text}", "format: text, include: '*.txt'}", "sources[0].include", "a list"),
        ("{actions: {email: placeholder}}", "{actions: email}", "privacy.actions", "keys and values"),
        ("{actions: {email: placeholder}}", "placeholder", "privacy", "keys and values"),
        ("{en: 190 B, zh: 190 B, code: 20 B}", "190 B", "shards.budget", "keys and values"),
    ],
)
def test_what_is_no_list_or_no_keys_is_told_in_the_words_of_yaml(
    tmp_path: Path, old: str, new: str, key: str, expected: str
) -> None:
    message = error_of(tmp_path, old, new)
    assert f"{key}: expected {expected}; write" in message
    assert not {"tuple", "dictionary", "instance"} & set(message.split())


def test_a_wrong_unit_names_the_key(tmp_path: Path) -> None:
    message = error_of(tmp_path, "en: 190 B", "en: 190 GiB")
    assert "shards.budget.en: unit 'GiB' is not a unit of tokens; use K, M, B or T" in message


def test_an_unknown_key_names_its_neighbours(tmp_path: Path) -> None:
    message = error_of(tmp_path, "format: text}", "format: text, licence: MIT}")
    assert "sources[0].licence" in message
    assert "remove it or correct its spelling" in message
    assert "license" in message


def test_a_missing_key_is_named(tmp_path: Path) -> None:
    assert "language: Field required; add it" in error_of(tmp_path, "language: {model: lid.176.ftz}\n", "")


def test_a_rule_on_an_unknown_signal(tmp_path: Path) -> None:
    assert "signal 'charakters' is not one of" in error_of(
        tmp_path, "signal: characters", "signal: charakters"
    )


def test_a_rule_without_a_bound(tmp_path: Path) -> None:
    assert "neither min nor max" in error_of(tmp_path, ", min: 20", "")


def test_sources_must_differ(tmp_path: Path) -> None:
    twice = "  - {name: docs, path: docs, format: text}\n"
    assert "two sources are called 'docs'" in error_of(tmp_path, twice, twice * 2)


@pytest.mark.parametrize(
    ("text", "fragment"),
    [
        ("- a\n- b\n", "expected keys and values"),
        ("a: [", "not readable as YAML"),
        ("\x00", "not readable as YAML"),
    ],
)
def test_not_a_manifest(tmp_path: Path, text: str, fragment: str) -> None:
    with pytest.raises(ManifestError, match=fragment):
        load_text(tmp_path, text)


def test_no_such_manifest(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match="no such manifest"):
        load(tmp_path / "none.yaml", CorpusManifest)


def test_the_only_source_being_wrong_is_one_error(tmp_path: Path) -> None:
    message = error_of(tmp_path, "format: text}", "format: jsnol}")
    assert "sources[0].format: 'jsnol' is not a format; known are jsonl, " in message
    assert "\n" not in message


def test_no_source_at_all_is_an_error(tmp_path: Path) -> None:
    assert "sources: Tuple should have at least 1 item" in error_of(
        tmp_path, "\n  - {name: docs, path: docs, format: text}", " []"
    )
