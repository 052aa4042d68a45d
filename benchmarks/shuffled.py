"""Does the model learn language, or only which tokens are frequent? The demo's model on real text, and on the
same tokens in any order.

    python -m benchmarks.shuffled runs/demo runs/shuffled

Two runs of the demo's stage I, cut to its first 500 steps: one on the shards as they are, one on shards in
which the tokens of each stream are permuted (by a seed, over the whole stream), so that the counts of all
tokens stay and every order between them is lost. Both are measured on the same held-out text, which is real.
Who has learned from order predicts it better. Who knows only the counts can hardly do better than "counts",
the cross-entropy of the held-out text under the training text's unigrams. All in nats per token of text, for
the two runs the mean over the denoisers.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import yaml
from numpy.typing import NDArray

from manifests.files import safe_join, sha256, write_json
from manifests.schema.base import load
from manifests.schema.curriculum import CurriculumManifest
from manifests.schema.shards import Shard, ShardManifest, TokenSet
from trainer.run import TrainingRun

STEPS = 500
CLEARLY = 0.1
"""Nats by which the run on real text must be better, in each language."""


def shuffle_shards(source: Path, target: Path, seed: int) -> None:
    """Writes the shards of ``source`` to ``target``: streams permuted, each from end to end; pairs and
    held-out sets as they are."""
    manifest = load(source / "shards.json", ShardManifest)
    sets = dict(manifest.sets)
    for place, (name, tokens) in enumerate(sorted(manifest.sets.items())):
        if tokens.kind == "stream":
            sets[name] = _permuted(source, target, tokens, np.random.default_rng([seed, place]))
    for tokens in (
        *manifest.heldout.values(),
        *(tokens for tokens in sets.values() if tokens.kind == "pairs"),
    ):
        for shard in tokens.shards:
            shutil.copyfile(safe_join(source, shard.file.path), _place(target, shard))
    write_json(target / "shards.json", manifest.model_copy(update={"sets": sets}).model_dump(mode="json"))


def _permuted(source: Path, target: Path, tokens: TokenSet, random: np.random.Generator) -> TokenSet:
    tables = [_read(safe_join(source, shard.file.path)) for shard in tokens.shards]
    columns = [table.column("tokens") for table in tables]
    stream = random.permutation(_stream(source, tokens))
    starts = np.cumsum([0, *(len(column.values) for column in columns)])
    shards: list[Shard] = []
    for shard, table, column, first, last in zip(
        tokens.shards, tables, columns, starts[:-1], starts[1:], strict=True
    ):
        path = _place(target, shard)
        shuffled = pa.ListArray.from_arrays(column.offsets, pa.array(stream[first:last]))
        with pa.ipc.new_file(path, table.schema) as writer:
            writer.write_batch(
                table.set_column(
                    table.schema.get_field_index("tokens"), table.schema.field("tokens"), shuffled
                )
            )
        file = shard.file.model_copy(update={"sha256": sha256(path), "bytes": path.stat().st_size})
        shards.append(shard.model_copy(update={"file": file}))
    return tokens.model_copy(update={"shards": tuple(shards)})


def _stream(folder: Path, tokens: TokenSet) -> NDArray[np.uint32]:
    return np.concatenate(
        [
            _read(safe_join(folder, shard.file.path)).column("tokens").values.to_numpy()
            for shard in tokens.shards
        ]
    )


def _place(folder: Path, shard: Shard) -> Path:
    path = folder / shard.file.path
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def _read(path: Path) -> pa.RecordBatch:
    with pa.memory_map(str(path)) as file:
        return pa.ipc.open_file(file).get_batch(0)


def first_steps(curriculum: Path, file: Path, run: TrainingRun) -> None:
    """Writes a curriculum that does the first STEPS steps of ``run``'s: same samples, same learning rates;
    one thread."""
    data: dict[str, Any] = yaml.safe_load(curriculum.read_text(encoding="utf-8"))
    stage, whole = data["stages"][0], run.curriculum().spans[0]
    stage["tokens"] = STEPS * stage["global_batch"] * stage["objective"]["chunk"]
    stage["learning_rate"].setdefault("decay_steps", whole.steps)
    data["stages"] = [stage]
    data["train"] |= {"threads": 1, "evaluate_every": STEPS // 5}
    file.write_text(yaml.safe_dump(data), encoding="utf-8")
    load(file, CurriculumManifest)


def train(curriculum: Path, folder: Path) -> subprocess.Popen[bytes]:
    """Starts a training."""
    command = [
        sys.executable,
        "-m",
        "trainer",
        "train",
        "--quiet",
        "--curriculum",
        str(curriculum),
        "--run",
        str(folder),
    ]
    return subprocess.Popen(command)


def heldout_losses(folder: Path) -> dict[int, dict[str, float]]:
    """Nats per token of text: step -> set -> loss."""
    lines = (folder / "train" / "evaluation.jsonl").read_text(encoding="utf-8").splitlines()
    return {line["step"]: line["losses"] for line in map(json.loads, lines)}


def by_counts(shards: Path) -> dict[str, float]:
    """Nats per token of text: the cross-entropy of each held-out stream under the counts of its set's tokens,
    one added to each."""
    manifest = load(shards / "shards.json", ShardManifest)
    pieces, eos = manifest.vocabulary.pieces, manifest.vocabulary.eos
    found = {}
    for name, tokens in manifest.heldout.items():
        if tokens.kind == "stream":
            counts = np.bincount(_stream(shards, manifest.sets[name]), minlength=pieces) + 1
            counts[eos] = 0
            heldout = _stream(shards, tokens)
            found[name] = float(-np.log(counts[heldout[heldout != eos]] / counts.sum()).mean())
    return found


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "source", type=Path, help="run folder with the demo's shards, for example runs/demo; it is only read"
    )
    parser.add_argument("target", type=Path, help="a new folder for the two runs")
    parser.add_argument("--curriculum", type=Path, default=Path("manifests/presets/demo/curriculum.yaml"))
    parser.add_argument("--seed", type=int, default=0, help="of the permutation (default 0)")
    options = parser.parse_args()
    shutil.rmtree(options.target, ignore_errors=True)
    real, shuffled = options.target / "real", options.target / "shuffled"
    real.mkdir(parents=True)
    (real / "shards").symlink_to((options.source / "shards").resolve())
    shuffle_shards(options.source / "shards", shuffled / "shards", options.seed)
    curriculum = options.target / "curriculum.yaml"
    first_steps(options.curriculum, curriculum, TrainingRun.open(options.curriculum, real))
    for process in [train(curriculum, folder) for folder in (real, shuffled)]:
        if process.wait():
            raise SystemExit("a training failed; see above")
    floor = by_counts(real / "shards")
    print(f"{'step':>6} {'set':<6} {'real':>8} {'shuffled':>9} {'better by':>10} {'counts':>8}")
    gaps: dict[str, float] = {}
    other = heldout_losses(shuffled)
    for step, losses in heldout_losses(real).items():
        for name, loss in losses.items():
            gaps[name] = other[step][name] - loss
            print(
                f"{step:>6} {name:<6} {loss:>8.3f} {other[step][name]:>9.3f} {gaps[name]:>10.3f} "
                f"{floor[name]:>8.3f}"
            )
    write_json(options.target / "shuffled.json", {"steps": STEPS, "seed": options.seed, "better_by": gaps})
    return int(min(gaps.values()) < CLEARLY)


if __name__ == "__main__":
    sys.exit(main())
