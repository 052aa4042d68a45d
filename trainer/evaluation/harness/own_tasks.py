"""Tasks that the harness lacks, or has only with a download: its keys, as a task's YAML has them."""

from __future__ import annotations

from typing import Any

METRICS = "trainer.evaluation.harness.metrics"


class Function(str):
    """The dotted name of a function, which a task's YAML marks with ``!function``."""

    __slots__ = ()


def _metric(name: str, aggregation: str) -> dict[str, Any]:
    return {
        "metric": Function(f"{METRICS}.{name}"),
        "aggregation": aggregation if aggregation == "mean" else Function(f"{METRICS}.{aggregation}"),
        "higher_is_better": True,
    }


def flores(*, chinese: bool) -> dict[str, Any]:
    """Translation into Chinese or English (FLORES-200, NLLB Team 2022). BLEU counts Chinese by characters:
    sacrebleu's tokenizer ``zh``."""
    language = "Chinese" if chinese else "English"
    return {
        "output_type": "generate_until",
        "doc_to_text": f"Translate the following sentence into {language}.\n{{{{source}}}}",
        "doc_to_target": "{{target}}",
        "target_delimiter": "\n",
        "generation_kwargs": {"until": ["\n"], "do_sample": False},
        "metric_list": [_metric("bleu", "bleu_zh" if chinese else "bleu_en"), _metric("chrf", "mean")],
    }


HUMANEVAL: dict[str, Any] = {
    "unsafe_code": True,
    "output_type": "generate_until",
    "doc_to_text": "{{prompt}}",
    "doc_to_target": "{{test}}\ncheck({{entry_point}})",
    "filter_list": [
        {"name": "program", "filter": [{"function": "custom", "filter_fn": Function(f"{METRICS}.programs")}]}
    ],
    "generation_kwargs": {"until": ["\nclass", "\ndef", "\n#", "\nif", "\nprint"], "do_sample": False},
    "metric_list": [_metric("pass_at_1", "mean")],
}
"""HumanEval (Chen et al. 2021), greedy; as the harness's task, whose metric downloads."""

BIFLAN: dict[str, Any] = {
    "output_type": "generate_until",
    "doc_to_text": "{{prompt}}",
    "doc_to_target": "{{target}}",
    "generation_kwargs": {"until": [], "do_sample": False},
    "metric_list": [
        _metric("chrf", "mean"),
        {"metric": "exact_match", "aggregation": "mean", "higher_is_better": True},
    ],
}
"""Our held-out instructions: character n-grams shared with the answer, and the whole answer."""
