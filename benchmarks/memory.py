"""Peak memory of one training step, with and without what saves it, each in a process of its own.

    python -m benchmarks.memory

The vocabulary is that of the 15 B model, 250,368 rows; 4 + 8 layers of 512, 1024 + 1024 positions, 4 samples
of stage II. A step is forward pass, backward pass and AdamW, in float32. "whole logits" is the textbook loss,
written here for comparison. A process that wants more than ``--limit`` GB is stopped, so that the machine is
not; its peak is then reckoned from those of 1 and 2 samples, and the line says so.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from itertools import product
from typing import Any

SIZES = {"d_model": 512, "encoder_layers": 4, "decoder_layers": 8, "heads": 8, "head_size": 64, "d_ff": 2048}
LENGTH = 1024
LIMIT = 6_000_000_000


def measure(chunked: bool, recompute: bool, size: int) -> dict[str, Any]:
    """One step in this process: peak resident bytes, seconds of CPU time, and the loss."""
    import numpy as np
    import torch
    import torch.nn.functional as F
    from torch import Tensor

    from manifests.schema.model import ModelSettings
    from manifests.schema.objectives import PrefixObjective
    from tests.trainer.examples import RELEASED
    from trainer.model import transformer
    from trainer.objectives import Prefix, build

    def whole(
        hidden: Tensor, weight: Tensor, bias: Tensor, labels: Tensor, z_loss: float, places: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        loss = F.cross_entropy(F.linear(hidden, weight, bias).float(), labels, reduction="sum")
        return loss, torch.tensor(len(labels)), loss.detach()

    if not chunked:
        transformer.cross_entropy = whole  # type: ignore[assignment, attr-defined]
    model = transformer.EncoderDecoder(
        ModelSettings.model_validate(SIZES), RELEASED.padded, recompute=recompute
    )
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4)
    objective = build(PrefixObjective(kind="prefix", source=LENGTH, target=LENGTH), RELEASED)
    assert isinstance(objective, Prefix)
    tokens = np.random.default_rng(0).integers(3, RELEASED.pieces, (size, 2 * LENGTH), dtype=np.uint32)
    batch = objective.apply(tokens, 0, np.arange(size, dtype=np.uint64))
    before = time.process_time()
    loss, count, _ = model(**batch.inputs())
    (loss / count).backward()
    optimizer.step()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return {
        "peak_bytes": peak,
        "cpu_seconds": round(time.process_time() - before, 1),
        "loss": float(loss / count),
    }


def run(chunked: bool, recompute: bool, batch: int, limit: float) -> int | None:
    """Measures in a process of its own and prints a line; its peak bytes, None where it was stopped."""
    command = [
        sys.executable,
        "-m",
        "benchmarks.memory",
        "--one",
        str(int(chunked)),
        str(int(recompute)),
        "--batch",
        str(batch),
    ]
    stop = lambda: resource.setrlimit(resource.RLIMIT_DATA, (int(limit * 1e9),) * 2)  # noqa: E731
    done = subprocess.run(command, capture_output=True, text=True, preexec_fn=stop, check=False)
    what = f"loss {'in chunks' if chunked else 'of whole logits'}, activations {'recomputed' if recompute else 'kept'}, batch {batch}"
    if done.returncode:
        if "allocate memory" not in done.stderr and "MemoryError" not in done.stderr:
            raise SystemExit(done.stderr)
        print(f"{what:<60} more than {limit:g} GB (stopped)", flush=True)
        return None
    found = json.loads(done.stdout)
    print(
        f"{what:<60} {found['peak_bytes'] / 1e9:6.2f} GB  {found['cpu_seconds']:6.1f} s of CPU  loss "
        f"{found['loss']:.6f}",
        flush=True,
    )
    return found["peak_bytes"]


def reckon(chunked: bool, recompute: bool, batch: int, limit: float) -> None:
    """Prints what a batch that was stopped would take, if each further sample takes as much as the second."""
    one, two = (run(chunked, recompute, samples, limit) for samples in (1, 2))
    if one is None or two is None:
        return
    total = two + (batch - 2) * (two - one)
    print(
        f"  reckoned for batch {batch}, not measured: {two / 1e9:.2f} + {batch - 2} * ({two / 1e9:.2f} - "
        f"{one / 1e9:.2f})",
        end="",
    )
    print(f" = {total / 1e9:.2f} GB", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--limit", type=float, default=16, help="GB of memory that a process may take (default 16)"
    )
    parser.add_argument("--batch", type=int, default=4, help="samples (default 4)")
    parser.add_argument("--one", nargs=2, type=int, metavar=("CHUNKED", "RECOMPUTE"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        chunked, recompute = map(bool, options.one)
        print(json.dumps(measure(chunked, recompute, options.batch)))
        return 0
    peaks = {}
    for chunked, recompute in product((True, False), (True, False)):
        peaks[chunked, recompute] = run(chunked, recompute, options.batch, options.limit)
        if peaks[chunked, recompute] is None:
            reckon(chunked, recompute, options.batch, options.limit)
    least = peaks[True, True]
    return int(least is None or least > LIMIT)


if __name__ == "__main__":
    sys.exit(main())
