"""The benchmarks: the harness's task of each part, the fields of its items, what guessing scores."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from manifests.errors import UserError
from trainer.evaluation.harness.own_tasks import BIFLAN, HUMANEVAL, flores

LETTERS = ("A", "B", "C", "D")
HARD = (
    "advanced_mathematics",
    "college_chemistry",
    "college_physics",
    "discrete_mathematics",
    "high_school_chemistry",
    "high_school_mathematics",
    "high_school_physics",
    "probability_and_statistics",
)
"""C-Eval's hard subjects (Huang et al. 2023, arXiv 2305.08322, section 2.3)."""


class BenchmarkError(UserError):
    """A benchmark that cannot be scored; the message says what is missing."""


@dataclass(frozen=True)
class Benchmark:
    """A benchmark and where its items lie: ``DIR/folder/part/split.jsonl``.

    Attributes:
        name: as ``--tasks`` names it.
        folder: of its items, below the data folder.
        fields: what an item must have, beside its ``id``.
        split: of the items that are asked.
        metric: of the harness, that is reported.
        shots: examples before a question where none are asked for, as the paper's table has them.
        chance: what guessing scores; None: it is computed from the items (see chance_level).
        stock: the harness's own file of a part's task, below ``lm_eval/tasks``; empty: ``own`` is the task.
        own: a task that the harness lacks, or has only with a download.
        parts: those that count; empty: all that have a folder.
        examples: split of the examples; empty: the task brings its own.
    """

    name: str
    folder: str
    fields: tuple[str, ...]
    split: str
    metric: str
    shots: int = 0
    chance: float | None = 0.0
    stock: str = ""
    own: dict[str, Any] | None = None
    parts: tuple[str, ...] = ()
    examples: str = "dev"


_LETTERED: dict[str, Any] = {"metric": "acc", "chance": 0.25, "shots": 5}
_CEVAL: dict[str, Any] = {
    "folder": "ceval",
    "fields": ("question", *LETTERS, "answer"),
    "split": "val",
    "stock": "ceval/ceval-valid_{part}.yaml",
    **_LETTERED,
}
_PASSAGE = ("flores_passage", "question", *(f"mc_answer{i}" for i in range(1, 5)), "correct_answer_num")


def _flores(name: str, source: str, target: str, chinese: bool) -> Benchmark:
    return Benchmark(
        name=name,
        folder="flores",
        fields=("source", "target"),
        split="devtest",
        metric="bleu",
        own=flores(chinese=chinese),
        parts=(f"{source}-{target}",),
    )


BENCHMARKS = {
    benchmark.name: benchmark
    for benchmark in (
        Benchmark(
            name="belebele",
            folder="belebele",
            fields=_PASSAGE,
            split="test",
            metric="acc",
            chance=0.25,
            stock="belebele/belebele_{part}.yaml",
            parts=("eng_Latn", "zho_Hans", "zho_Hant"),
            examples="test",
        ),
        Benchmark(
            name="mmlu",
            folder="mmlu",
            fields=("question", "choices", "answer"),
            split="test",
            stock="mmlu/default/mmlu_{part}.yaml",
            **_LETTERED,
        ),
        Benchmark(
            name="cmmlu",
            folder="cmmlu",
            fields=("Question", *LETTERS, "Answer"),
            split="test",
            stock="cmmlu/cmmlu_{part}.yaml",
            **_LETTERED,
        ),
        Benchmark(name="ceval", **_CEVAL),
        Benchmark(name="ceval_hard", parts=HARD, **_CEVAL),
        Benchmark(
            name="bbh",
            folder="bbh",
            fields=("input", "target"),
            split="test",
            metric="exact_match",
            shots=3,
            chance=None,
            stock="bbh/fewshot/{part}.yaml",
            examples="",
        ),
        _flores("flores_en_zh", "eng_Latn", "zho_Hans", chinese=True),
        _flores("flores_zh_en", "zho_Hans", "eng_Latn", chinese=False),
        Benchmark(
            name="humaneval",
            folder="humaneval",
            fields=("prompt", "test", "entry_point"),
            split="test",
            metric="pass_at_1",
            own=HUMANEVAL,
            parts=("python",),
            examples="",
        ),
        Benchmark(
            name="biflan",
            folder="biflan",
            fields=("prompt", "target"),
            split="test",
            metric="chrf",
            own=BIFLAN,
            examples="",
        ),
    )
}


def named(names: str) -> list[Benchmark]:
    """The benchmarks of a list such as ``belebele,cmmlu``, or ``all``.

    Raises:
        BenchmarkError: there is none of a name.
    """
    wanted = list(BENCHMARKS) if names == "all" else [name for name in names.split(",") if name]
    unknown = sorted(set(wanted) - BENCHMARKS.keys())
    if unknown or not wanted:
        found = f"{unknown[0]!r} is none of the benchmarks" if unknown else "no benchmark is named"
        raise BenchmarkError(found, where="--tasks", fix=f"give all, or some of {', '.join(BENCHMARKS)}")
    return [BENCHMARKS[name] for name in dict.fromkeys(wanted)]
