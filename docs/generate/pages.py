"""Writes the generated pages and the JSON Schemas."""

from __future__ import annotations

import json
from pathlib import Path

from docs.generate import commands, keys, reasons, signals_and_rules, template_sets
from manifests.check import KINDS


def write_pages(folder: Path) -> None:
    """One page a kind of manifest, one of signals, one of rule sets, one of template sets, one of reasons,
    one of commands. Pages that are as they were keep their time, so that Sphinx does not read them again."""
    for kind, model in KINDS.items():
        _write(folder / f"{kind}.md", keys.page(kind, model))
    _write(folder / "signals.md", signals_and_rules.signals_page())
    _write(folder / "rule-sets.md", signals_and_rules.rules_page())
    _write(folder / "template-sets.md", template_sets.page())
    _write(folder / "reasons.md", reasons.page())
    _write(folder / "commands.md", commands.page())


def write_schemas(folder: Path) -> None:
    """The JSON Schema of each kind of manifest, for editors."""
    for kind, model in KINDS.items():
        _write(
            folder / f"{kind}.json",
            json.dumps(model.model_json_schema(), indent=1, ensure_ascii=False) + "\n",
        )


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")
