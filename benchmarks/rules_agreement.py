"""Do our English rule sets decide as datatrove's filters do? Every document on which they differ, by cause.

    python -m benchmarks.rules_agreement [DOCUMENTS.jsonl.gz] [--cache FOLDER]

``datatrove_rules.py`` makes its decisions, in the environment of ``rival``, which is set up the first time
(PyPI). A cause is the first link of a chain (see ``rule_chains``) that crosses the threshold. A disagreement
is unexplained if the chain does not begin with datatrove's verdict or does not end with our signal; then the
exit code is 1.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from benchmarks.rival import IDENTIFIER, Datatrove
from benchmarks.rule_chains import CHAINS, WORDS, Document
from benchmarks.sample import FILES, read
from manifests.schema.rules import Rule, rules_of
from manifests.schema.signals import MODEL_SIGNALS
from pipeline.steps.quality.rules import judge
from pipeline.text.quality_signals.signals import measure

SETS = {
    "gopher_quality": "gopher_v1",
    "gopher_repetition": "gopher_v1",
    "c4": "c4_v1",
    "fineweb": "fineweb_v1",
}
REASONS = {
    "gopher_short_doc": "few_words",
    "gopher_long_doc": "many_words",
    "gopher_below_avg_threshold": "word_length",
    "gopher_above_avg_threshold": "word_length",
    "gopher_too_many_hashes": "hash_symbols",
    "gopher_too_many_ellipsis": "ellipses",
    "gopher_too_many_bullets": "bullet_lines",
    "gopher_too_many_end_ellipsis": "ellipsis_lines",
    "gopher_below_alpha_threshold": "alphabetic_words",
    "gopher_enough_stop_words": "stop_words",
    "dup_para_frac": "duplicate_paragraphs",
    "dup_para_char_frac": "duplicate_paragraph_characters",
    "dup_line_frac": "duplicate_lines",
    "dup_line_char_frac": "duplicate_line_characters",
    **{f"top_{n}_gram": f"top_{n}gram" for n in (2, 3, 4)},
    **{f"duplicated_{n}_n_grams": f"duplicate_{n}grams" for n in range(5, 11)},
    "lorem_ipsum": "lorem_ipsum",
    "curly_bracket": "curly_bracket",
    "too_few_sentences": "few_sentences",
    "line_punct_ratio": "line_punctuation",
    "short_line_ratio": "short_lines",
    "char_dup_ratio": "duplicate_line_characters",
    "list_ratio": "list_ratio",
}
"""datatrove's reasons and our rules of the same purpose."""


def broken(rule: Rule, value: float) -> bool:
    return (rule.min is not None and value < rule.min) or (rule.max is not None and value > rule.max)


def cause(document: Document, name: str, rule: Rule, signal: float, theirs: bool) -> str | None:
    """The link at which the decision of a rule turns, ``theirs`` being datatrove's; None if the chain does
    not tell."""
    chain = CHAINS[name](document)[rule.name.split("/")[1]]()
    last = chain[-1][1]
    same = math.isclose(last, signal, rel_tol=1e-4, abs_tol=1e-9) or (math.isnan(last) and math.isnan(signal))
    if broken(rule, chain[0][1]) != theirs or not same:
        print(f"unexplained: {document.row['id']}: {rule.name}: {chain}, signal {signal}", file=sys.stderr)
        return None
    return next(label for label, value in chain if broken(rule, value) != theirs)


def compare(name: str, texts: list[str], rows: list[dict], signals: dict[str, np.ndarray]) -> int:
    """Prints agreement and disagreements of one filter; returns how many are unexplained."""
    known = {rule.name: rule for rule in rules_of(SETS[name])}
    rules = [
        rule
        for rule in known.values()
        if rule.name.split("/")[1] in CHAINS[name](Document("a", {"words": ["a"], "spoken": [1, 1.0]}))
    ]
    whole = np.full(len(texts), "en", object)
    reasons = judge(signals, whole, np.full(len(texts), name, object), rules).reason
    causes: Counter[tuple[str, str, str]] = Counter()
    unexplained = 0
    for index, (ours, row) in enumerate(zip(reasons.to_pylist(), rows, strict=True)):
        theirs = row["reasons"][name]
        if (ours is None) == (theirs is None):
            continue
        rule = known[ours] if ours else known[f"{SETS[name]}/{REASONS[theirs]}"]
        found = cause(
            Document(texts[index], row), name, rule, float(signals[rule.signal][index]), theirs is not None
        )
        unexplained += found is None
        causes[("only ours" if ours else "only datatrove's", rule.name, found or "unexplained")] += 1
    kept, total = sum(row["reasons"][name] is None for row in rows), len(rows)
    same = total - sum(causes.values())
    words = sum(number for (_, _, label), number in causes.items() if label == WORDS)
    print(
        f"{name}: {same} of {total} decisions agree ({same / total:.2%}), {same + words} but for the "
        "division into words "
    )
    print(f"  ({(same + words) / total:.2%}); datatrove keeps {kept}, ours {reasons.null_count}")
    for (side, rule_name, label), number in causes.most_common():
        print(f"  {number:4d} {side}: {rule_name}: {label}")
    return unexplained


def _decisions(documents: Path, cache: Path) -> list[dict[str, Any]]:
    """datatrove's, a row a document."""
    datatrove = Datatrove(cache / "datatrove")
    datatrove.install(IDENTIFIER)
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "decisions.jsonl"
        command = [
            datatrove.python,
            str(Path(__file__).parent / "datatrove_rules.py"),
            str(documents),
            str(out),
        ]
        subprocess.run(command, check=True, env={**os.environ, **datatrove.environment})
        return [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("documents", nargs="?", type=Path, default=Path("../shared/corpus") / FILES["en"])
    parser.add_argument("--cache", type=Path, default=Path(".cache/bench"), help="datatrove's environment")
    options = parser.parse_args()
    records, rows = read(options.documents), _decisions(options.documents, options.cache)
    assert [record["id"] for record in records] == [row["id"] for row in rows]
    texts = [record["text"] for record in records]
    signals = measure(pa.array(texts)) | {
        name: np.full(len(texts), np.nan, np.float32) for name in MODEL_SIGNALS
    }
    unexplained = sum(compare(name, texts, rows, signals) for name in SETS)
    print(f"{unexplained} disagreements are unexplained")
    return 1 if unexplained else 0


if __name__ == "__main__":
    sys.exit(main())
