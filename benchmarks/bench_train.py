"""Our training against others': the step against Hugging Face's T5, noising against its collator, loading
against MosaicML Streaming.

About ten minutes on two idle cores; needs PyPI, and two minutes more, the first time.

    make bench-train       or       python -m benchmarks.bench_train [--corpus FOLDER]

Everything runs on one thread and counts CPU seconds, so that other load on the machine does not decide; the
sides take turns, and the fastest of their rounds counts. The text is a quarter of the development corpus,
tokenised and sharded by our pipeline (not timed). Tokens are real ones, of the encoder and of the decoder,
never padding; in noising and loading, those of the corpus. ``useful_share`` is simulated. The model has 58 M weights: 4 + 8 layers of 512,
16,384 rows of vocabulary. ``train_step`` and ``train_data`` say what each side does and why.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from benchmarks import train_data, useful_share
from benchmarks.cost import run
from benchmarks.rival import Streaming
from benchmarks.sample import FILES
from benchmarks.train_text import PIECES, make_shards
from manifests.files import write_json

PRECISIONS = ("fp32", "bf16")


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--corpus",
        type=Path,
        default=Path("../shared/corpus"),
        help="folder of en, zh and code_pypi .jsonl.gz",
    )
    parser.add_argument("--out", type=Path, default=Path("runs/bench"))
    parser.add_argument(
        "--cache", type=Path, default=Path(".cache/bench"), help="Streaming's environment and the tokenizer"
    )
    options = parser.parse_args()
    missing = [str(options.corpus / name) for name in FILES.values() if not (options.corpus / name).exists()]
    if missing:
        print(
            f"error: {', '.join(missing)}: not there; name the corpus folder with --corpus", file=sys.stderr
        )
        return 1
    result = compare(options.corpus, options.out, options.cache)
    write_json(options.out / "train.json", result)
    (options.out / "train.md").write_text(table(result), encoding="utf-8")
    print(table(result))
    return 0


def compare(corpus: Path, out: Path, cache: Path) -> dict[str, Any]:
    """Everything that ``train.json`` holds."""
    shards = make_shards(corpus, out, cache)
    noising, loading = train_data.noising(shards), train_data.loading(shards)
    steps = _steps(shards, out)
    fp32 = steps["fp32"]
    return {
        "step": {name: _against_t5(found) for name, found in steps.items()},
        "useful_vs_padded": fp32["ours"] / fp32["padded"],
        "padded_as_released": fp32["padded"],
        "noising_tokens_per_s": noising["ours"],
        "noising_hf_collator_tokens_per_s": noising["hf_collator"],
        "loader_tokens_per_s": loading,
        "loader_streaming": _streaming(shards, out, cache),
        "mfu": {name: found["mfu"] for name, found in steps.items()},
        "ceiling_gflops": {name: found["ceiling_gflops"] for name, found in steps.items()},
        "step_tokens": fp32["tokens"],
        "useful_share": useful_share.shares(corpus, cache / f"tokenizer-{PIECES}.model"),
    }


def _steps(shards: Path, out: Path) -> dict[str, dict[str, float]]:
    """Both precisions at once, each on a core of its own."""

    def measure(precision: str) -> dict[str, float]:
        found = out / f"step-{precision}.json"
        command = [sys.executable, "-m", "benchmarks.train_step", str(shards), precision, str(found)]
        run(command, out / f"step-{precision}.log", {"OMP_NUM_THREADS": "1"})
        return json.loads(found.read_text(encoding="utf-8"))

    with ThreadPoolExecutor(len(PRECISIONS)) as pool:
        return dict(zip(PRECISIONS, pool.map(measure, PRECISIONS), strict=True))


def _against_t5(found: dict[str, float]) -> dict[str, float]:
    ours, t5, same = found["ours"], found["hf_t5"], found["hf_t5_our_batches"]
    return {
        "ours": ours,
        "hf_t5": t5,
        "ratio": ours / t5,
        "hf_t5_our_batches": same,
        "ratio_our_batches": ours / same,
    }


def _streaming(shards: Path, out: Path, cache: Path) -> dict[str, float] | None:
    """None where it cannot be installed; the reason goes to the terminal."""
    streaming = Streaming(cache / "streaming")
    try:
        streaming.install()
    except subprocess.CalledProcessError as error:
        print(f"MosaicML Streaming cannot be installed and is left out: {error}", file=sys.stderr)
        return None
    return train_data.streaming_loading(shards, out, streaming)


def table(result: dict[str, Any]) -> str:
    """The result as Markdown."""
    lines = ["| one training step, real tokens per CPU second | ours | other | ratio |", "|---|--:|--:|--:|"]
    for name, found in result["step"].items():
        lines.append(
            f"| {name}; T5 of transformers | {found['ours']:.0f} | {found['hf_t5']:.0f} | "
            f"{found['ratio']:.2f} |"
        )
        same = f"{found['hf_t5_our_batches']:.0f} | {found['ratio_our_batches']:.2f}"
        lines.append(f"| {name}; T5, on our batches | {found['ours']:.0f} | {same} |")
    padded = f"{result['padded_as_released']:.0f} | {result['useful_vs_padded']:.2f}"
    lines.append(f"| fp32; ours, padded as released | {result['step']['fp32']['ours']:.0f} | {padded} |")
    for name, share in result["mfu"].items():
        lines.append(
            f"| {name}; model FLOPs utilisation, of {result['ceiling_gflops'][name]:.0f} GFLOP/s | "
            f"{share:.1%} | | |"
        )
    lines += ["", "| one core, M corpus tokens per CPU second | ours | other | ratio |", "|---|--:|--:|--:|"]
    noising, collator = result["noising_tokens_per_s"] / 1e6, result["noising_hf_collator_tokens_per_s"] / 1e6
    lines.append(
        f"| noising; collator of transformers' T5 example | {noising:.1f} | {collator:.2f} | "
        f"{noising / collator:.0f} |"
    )
    loading, other = result["loader_tokens_per_s"] / 1e6, result["loader_streaming"]
    if other:
        for name, label in (("read_and_noise", "and that collator"), ("read", "reading alone")):
            found = other[name] / 1e6
            lines.append(
                f"| shards to noised batches; MosaicML Streaming, {label} | {loading:.1f} | {found:.2f} | "
                f"{loading / found:.1f} |"
            )
    else:
        lines.append(f"| shards to noised batches | {loading:.1f} | | |")
    ranks = list(next(iter(result["useful_share"].values())))
    lines += ["", f"| useful share, processes | {' | '.join(ranks)} |", f"|---|{'--:|' * len(ranks)}"]
    for stage, found in result["useful_share"].items():
        lines.append(f"| {stage} | {' | '.join(f'{found[count]:.1%}' for count in ranks)} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
