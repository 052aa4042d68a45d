"""What ``train.recompute`` costs: CPU seconds of a training step with it and without.

    python -m benchmarks.recompute

Forward pass, backward pass and AdamW in float32 on one thread: the demo's model on its stage II (16 samples
of 128 + 128 positions, 8,192 rows of vocabulary), and 4 + 8 layers of 512 on 4 samples of 426 + 194
positions, with 16,384 rows (without dropout, and with it) and with the 250,368 of the 15 B model. The two
take turns, so that other load meets both. A forward pass is a third of a step's arithmetic, and only the
layers are computed again, not the output layer; but on a CPU the random numbers of dropout, which are drawn
again too, are dear.
"""

from __future__ import annotations

import sys
import time
from statistics import median

import numpy as np
import torch
import yaml

from benchmarks.memory import SIZES
from manifests.schema.curriculum import CurriculumManifest
from manifests.schema.model import ModelSettings
from manifests.schema.objectives import PrefixObjective
from manifests.schema.shards import Vocabulary
from tests.small import ROOT
from tests.trainer.examples import RELEASED
from trainer.data.batch import Batch
from trainer.determinism import deterministic_cpu
from trainer.model.transformer import EncoderDecoder
from trainer.objectives import Prefix, build

ROUNDS = 3


class Trained:
    """A model in training, the same steps with and without ``recompute``."""

    def __init__(self, settings: ModelSettings, vocabulary: Vocabulary, *, recompute: bool) -> None:
        self._model = EncoderDecoder(settings, vocabulary.padded, recompute=recompute)
        self._optimizer = torch.optim.AdamW(self._model.parameters(), lr=1e-4)
        self.parameters = sum(parameter.numel() for parameter in self._model.parameters())

    def step(self, batch: Batch) -> tuple[float, float]:
        """CPU seconds of a step, and its loss in nats per token."""
        torch.manual_seed(1)  # of the dropout
        before = time.process_time()
        self._optimizer.zero_grad()
        loss, count, _ = self._model(**batch.inputs())
        (loss / count).backward()
        self._optimizer.step()
        return time.process_time() - before, float(loss.detach() / count)


def measure(name: str, settings: ModelSettings, rows: int, lengths: tuple[int, int], samples: int) -> None:
    """Prints a line: median CPU seconds of ROUNDS steps, after one that is not counted, and the median of
    their quotients."""
    vocabulary = RELEASED.model_copy(update={"pieces": rows - 368, "size": rows - 265, "padded": rows})
    source, target = lengths
    objective = build(PrefixObjective(kind="prefix", source=source, target=target), vocabulary)
    assert isinstance(objective, Prefix)
    random = np.random.default_rng(0)
    kept, again = (Trained(settings, vocabulary, recompute=recompute) for recompute in (False, True))
    pairs = []
    for _ in range(1 + ROUNDS):
        tokens = random.integers(3, vocabulary.pieces, (samples, source + target), dtype=np.uint32)
        batch = objective.apply(tokens, 0, np.arange(samples, dtype=np.uint64))
        (with_all, loss), (recomputed, same) = kept.step(batch), again.step(batch)
        if loss != same:
            raise SystemExit(f"{name}: the losses differ: {loss}, {same}")
        pairs.append((with_all, recomputed))
    seconds = [median(column) for column in zip(*pairs[1:], strict=True)]
    quotient = median(recomputed / with_all for with_all, recomputed in pairs[1:])
    what = f"{name}, {kept.parameters / 1e6:.0f} M parameters"
    print(
        f"{what:<48} kept {seconds[0]:7.3f} s   recomputed {seconds[1]:7.3f} s   {quotient - 1:+.1%}",
        flush=True,
    )


def main() -> int:
    demo = CurriculumManifest.model_validate(
        yaml.safe_load(
            (ROOT / "manifests" / "presets" / "demo" / "curriculum.yaml").read_text(encoding="utf-8")
        )
    )
    middle = ModelSettings.model_validate(SIZES)
    with deterministic_cpu(threads=1):
        measure("demo, V 8,192", demo.model, 8192, (128, 128), 16)
        measure("d 512, V 16,384", middle.model_copy(update={"dropout": 0.0}), 16384, (426, 194), 4)
        measure("d 512, V 16,384, dropout", middle, 16384, (426, 194), 4)
        measure("d 512, V 250,368, dropout", middle, 250368, (426, 194), 4)
    return 0


if __name__ == "__main__":
    sys.exit(main())
