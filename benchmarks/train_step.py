"""One precision of ``bench_train``: our step against that of Hugging Face's T5, on one thread.

    python -m benchmarks.train_step SHARDS fp32|bf16 OUT.json

A step is forward and backward pass, clipping and AdamW over one batch. All sides take the same examples, turn
by turn, batch by batch; a side's time is the sum over its batches of the fastest of the rounds, in CPU
seconds. What each side does:

- ``ours``: the engine that trains a run, on the batches that the trainer makes.
- ``padded``: the same engine and model on batches padded to fixed lengths, as OpenBA's scripts do.
- ``hf_t5``: T5ForConditionalGeneration with the same width, depth, heads, feed-forward (SwiGLU, which is
  faster than v1.1's GELU), tied vocabulary and so the same number of weights within .2 %; its only attention
  (eager: this version of transformers has no other for T5); torch's fused AdamW, the Trainer's default, and
  the Trainer's loop without its book-keeping; bfloat16 by autocast, as ``bf16=True`` does it, which here is
  faster than T5 under DeepSpeed. It gets the examples in random order, padded to a batch's longest, with
  attention masks.
- ``hf_t5_our_batches``: the same on our batches, which hold one denoiser each and so hardly any padding.

Nobody drops out. All of this process has what the trainer sets for itself: flushed denormals and kept memory.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch import nn

from benchmarks.train_text import MODEL, RELEASED, as_released, chunks, our_batches, shuffled, unpacked
from curriculum.flops import step_flops
from manifests.schema.optimization import Optimizer
from manifests.schema.shards import ShardManifest
from manifests.schema.train_settings import TrainSettings
from trainer.bf16_choice import fastest_ways
from trainer.data.batch import Batch
from trainer.determinism import deterministic_cpu
from trainer.distributed import join_process_group
from trainer.engine import TrainingEngine
from trainer.forward_pass import ForwardPass
from trainer.model.bf16_ways import bf16_ways
from trainer.model.transformer import EncoderDecoder
from trainer.model.weight_init import InitialWeights
from trainer.monitor.peak_flops import matmul_peak_flops

DENOISERS, ROWS, ROUNDS = 7, 4, 2
RATE = 1e-4
Step = Callable[[Batch], object]


def our_step(vocabulary: int, precision: str) -> Step:
    optimizer = Optimizer()
    settings = TrainSettings.model_validate({"precision": precision, "threads": 1})
    with torch.device("meta"):
        model = EncoderDecoder(MODEL, vocabulary)
    engine = TrainingEngine(model, settings, optimizer, InitialWeights(model, MODEL, seed=0))
    return lambda batch: engine.step([ForwardPass(batch)], RATE, optimizer)


def t5_step(vocabulary: int, precision: str) -> Step:
    from transformers import T5Config, T5ForConditionalGeneration

    torch.manual_seed(0)
    config = T5Config(
        vocab_size=vocabulary, d_model=MODEL.d_model, d_kv=MODEL.head_size, num_heads=MODEL.heads, d_ff=MODEL.ffn_hidden,
        num_layers=MODEL.encoder_layers, num_decoder_layers=MODEL.decoder_layers, feed_forward_proj="gated-silu", dropout_rate=0.0,
        tie_word_embeddings=True, use_cache=False, decoder_start_token_id=0,
    )  # fmt: skip
    model = T5ForConditionalGeneration(config)
    model.train()
    weights = list(model.parameters())
    mine = sum(weight.numel() for weight in EncoderDecoder(MODEL, vocabulary).parameters())
    assert abs(sum(weight.numel() for weight in weights) / mine - 1) < 0.002
    settings = Optimizer()
    optimizer = torch.optim.AdamW(
        weights,
        lr=RATE,
        betas=settings.betas,
        eps=settings.eps,
        weight_decay=settings.weight_decay,
        fused=True,
    )

    def step(batch: Batch) -> None:
        inputs = batch.inputs()
        encoder, lengths = inputs["encoder"], torch.from_numpy(batch.lengths[0])
        mask = (torch.arange(batch.encoder.shape[1]) < lengths[:, None]).long()
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=precision == "bf16"):
            loss = model(input_ids=encoder, attention_mask=mask, labels=inputs["labels"]).loss
        loss.backward()
        nn.utils.clip_grad_norm_(weights, settings.clip)
        optimizer.step()
        optimizer.zero_grad()

    return step


def measure(folder: Path, precision: str) -> dict[str, float]:
    """Real tokens per CPU second of each side, the ceiling (GFLOP/s), and our share of it."""
    shards = ShardManifest.model_validate_json((folder / "shards.json").read_text(encoding="utf-8"))
    vocabulary, pad = shards.vocabulary.padded, shards.vocabulary.pad
    batches = our_batches(chunks(shards, folder, DENOISERS * ROWS), shards.vocabulary)
    ours, t5 = our_step(vocabulary, precision), t5_step(vocabulary, precision)
    sides: dict[str, tuple[Step, list[Batch]]] = {
        "ours": (ours, batches),
        "hf_t5": (t5, shuffled(batches, pad)),
        "hf_t5_our_batches": (t5, [unpacked(batch, pad) for batch in batches]),
    }
    if precision == "fp32":
        sides["padded"] = (ours, [as_released(batch, pad) for batch in batches])
    tokens = sum(batch.tokens for batch in batches)
    assert all(sum(batch.tokens for batch in found) == tokens for _, found in sides.values())
    dtype = {"fp32": torch.float32, "bf16": torch.bfloat16}[precision]
    seconds, ceiling = fastest(sides, lambda: matmul_peak_flops(dtype, threads=1))
    flops = sum(step_flops(MODEL, vocabulary, *batch.lengths) for batch in batches)
    return {
        **{name: tokens / spent for name, spent in seconds.items()},
        "ceiling_gflops": ceiling,
        "mfu": flops / seconds["ours"] / 1e9 / ceiling,
        "tokens": tokens,
    }


def fastest(
    sides: dict[str, tuple[Step, list[Batch]]], speed: Callable[[], float]
) -> tuple[dict[str, float], float]:
    """CPU seconds of each side, after a step that is not counted; and the greatest ``speed``, measured
    between the rounds, too."""
    for step, found in sides.values():
        step(found[0])
    times: dict[str, list[list[float]]] = {name: [[] for _ in found] for name, (_, found) in sides.items()}
    speeds = [speed()]
    for _ in range(ROUNDS):
        for index in range(DENOISERS):
            for name, (step, found) in sides.items():
                started = time.process_time()
                step(found[index])
                times[name][index].append(time.process_time() - started)
        speeds.append(speed())
    return {name: sum(map(min, spent)) for name, spent in times.items()}, max(speeds)


def main(folder: Path, precision: str, out: Path) -> None:
    join_process_group()
    with deterministic_cpu(threads=1), bf16_ways(fastest_ways(MODEL, max(RELEASED))):
        out.write_text(json.dumps(measure(folder, precision)), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]))
