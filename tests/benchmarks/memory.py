"""Peak memory of one training step, with and without what saves it, each in a process of its own.

    python -m tests.benchmarks.memory

The model is wide where the 15 B model is: 250,368 rows of vocabulary, 4 + 8 layers of 512, 1024 + 1024 positions, 4 samples of stage II. A
step is forward pass, backward pass and AdamW, in float32. "whole logits" is the textbook loss, written here for comparison; "kept" keeps
all activations.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from typing import Any

SIZES = {"d_model": 512, "encoder_layers": 4, "decoder_layers": 8, "heads": 8, "head_size": 64, "d_ff": 2048}
LENGTH, BATCH = 1024, 4
LIMIT = 6_000_000_000


def measure(chunked: bool, recompute: bool) -> dict[str, Any]:
    """One step in this process: peak resident bytes, seconds of CPU time, and the loss."""
    import numpy as np
    import torch
    import torch.nn.functional as F
    from torch import Tensor

    from manifests.schema.curriculum import ModelSettings, PrefixObjective
    from tests.trainer.examples import RELEASED
    from trainer.model import transformer
    from trainer.objectives import Prefix, build

    def whole(hidden: Tensor, weight: Tensor, bias: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        loss = F.cross_entropy(F.linear(hidden, weight, bias).float(), labels, reduction="sum")
        return loss, torch.tensor(len(labels))

    if not chunked:
        transformer.cross_entropy = whole  # type: ignore[assignment]
    torch.manual_seed(0)
    model = transformer.EncoderDecoder(ModelSettings.model_validate(SIZES), RELEASED.padded, recompute=recompute)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4)
    objective = build(PrefixObjective(kind="prefix", source=LENGTH, target=LENGTH), RELEASED)
    assert isinstance(objective, Prefix)
    tokens = np.random.default_rng(0).integers(3, RELEASED.pieces, (BATCH, 2 * LENGTH), dtype=np.uint32)
    batch = objective.apply(tokens, 0, np.arange(BATCH, dtype=np.uint64))
    before = time.process_time()
    loss, count = model(**batch.inputs())
    (loss / count).backward()
    optimizer.step()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return {"peak_bytes": peak, "cpu_seconds": round(time.process_time() - before, 1), "loss": float(loss / count)}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--one", nargs=2, type=int, metavar=("CHUNKED", "RECOMPUTE"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(measure(*map(bool, options.one))))
        return 0
    peaks = {}
    for chunked, recompute in ((0, 0), (0, 1), (1, 0), (1, 1)):
        command = [sys.executable, "-m", "tests.benchmarks.memory", "--one", str(chunked), str(recompute)]
        found = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
        peaks[chunked, recompute] = found["peak_bytes"]
        what = f"loss {'in chunks' if chunked else 'of whole logits'}, activations {'recomputed' if recompute else 'kept'}"
        print(f"{what:<52} {found['peak_bytes'] / 1e9:6.2f} GB  {found['cpu_seconds']:6.1f} s  loss {found['loss']:.6f}", flush=True)
    return int(peaks[1, 1] > LIMIT)


if __name__ == "__main__":
    sys.exit(main())
