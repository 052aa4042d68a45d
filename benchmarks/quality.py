"""What the quality rules drop of trusted text and catch of junk, and how well pages become text.

    python -m benchmarks.quality [--corpus manifests/presets/demo/corpus.yaml] [--setting]

Trusted is every source of ``../shared/corpus``: documents of more than 200 characters. They are divided by a
hash of their ids and ``SPLIT``. One half are the references, which train the models and set what is measured
on reference text; the other half is judged, and junk is made of it, by seeds that no test uses. Both go
through the corpus's steps up to the quality step. The result is ``runs/bench/quality.json``.

Thresholds are set with ``--setting``, which changes the halves' places: the judged half is for the last
judgement alone. Whoever has looked at it takes another ``SPLIT``.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import re
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, Literal

from benchmarks.sample import FILES, read
from manifests.files import write_json
from pipeline.judge.collection import Collection
from pipeline.judge.halves import first_half
from pipeline.runtime.worker_start import start_worker

SHARED, GOLD = Path("../shared/corpus"), Path("../shared/gold/html.jsonl.gz")
FOLDER = Path("runs/bench")
LEAST_CHARACTERS = 200
JUNK, SEED = 300, 20_261_130
SPLIT = "winter"
REFERENCE = ".reference"
HTML = "benchmarks.html_extraction"


def trusted(folder: Path, setting: bool) -> dict[str, Collection]:
    """The judged half of each source as ``language.owner-repository``, and the other half, with ``REFERENCE``
    after the name; with ``setting`` the other half is judged."""
    found: dict[str, Collection] = {}
    for language, file in FILES.items():
        kind: Literal["prose", "code"] = "code" if language == "code_pypi" else "prose"
        records = [one for one in read(folder / file) if len(one["text"]) > LEAST_CHARACTERS]
        reference = first_half(f"{SPLIT}/{one['id']}" for one in records) ^ setting
        for record, is_reference in zip(records, reference, strict=True):
            source = re.sub("[^A-Za-z0-9_.-]+", "-", record["source"].removeprefix("github:"))
            name = f"{language}.{source}{REFERENCE * bool(is_reference)}"
            documents = found.setdefault(name, Collection({}, bool(is_reference), kind)).documents
            assert isinstance(documents, dict)
            documents[record["id"]] = record["text"]
    return found


def junk(collections: Mapping[str, Collection]) -> dict[str, Collection]:
    """Junk made of the judged half."""
    from pipeline.judge.junk_sources import junk_collections

    texts: dict[str, list[str]] = {}
    for name, one in collections.items():
        if not one.reference:
            texts.setdefault(name.split(".")[0], []).extend(one.documents.values())
    return junk_collections(texts, JUNK, SEED)


def quality(corpus: Path, folder: Path, setting: bool) -> dict[str, Any]:
    """The judgement of a corpus manifest's rules."""
    start_worker()  # before a kernel is loaded, which would be that of another version
    from pipeline.judge.judgement import judged
    from pipeline.judge.measured_documents import measured_documents
    from pipeline.judge.trial_run import run_trial
    from pipeline.runtime.engines.open_engine import open_engine

    collections = trusted(folder, setting)
    with closing(open_engine("local", 1)) as engine:
        tried = run_trial(corpus, collections | junk(collections), FOLDER / "quality", engine)
    documents = measured_documents(FOLDER / "quality", tried)
    names = [name for name, one in collections.items() if not one.reference]
    return judged(documents, tried.quality.judged, names)


def html(gold: Path) -> Any:
    """What ``benchmarks/html_extraction.py`` measures on pages with gold text; null where it is not there."""
    if importlib.util.find_spec(HTML) is None or not gold.exists():
        return None
    module = importlib.import_module(HTML)
    pages = module.read_gold(gold)
    return {**module.quality(pages), "megabytes_per_second": round(module.speed(pages), 1)}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--corpus", type=Path, default=Path("manifests/presets/demo/corpus.yaml"))
    parser.add_argument("--setting", action="store_true", help="judge the half that thresholds are set on")
    options = parser.parse_args()
    found = {"html": html(GOLD), **quality(options.corpus, SHARED, options.setting)}
    write_json(FOLDER / "quality.json", found)
    print(json.dumps({name: found[name] for name in ("html", "trusted_loss", "junk_caught")}, indent=1))


if __name__ == "__main__":
    main()
