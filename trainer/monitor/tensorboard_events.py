"""TensorBoard's event files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from torch.utils.tensorboard import SummaryWriter

from trainer.monitor.callbacks import Callback
from trainer.monitor.peak_memory import peak_memory
from trainer.monitor.throughput_and_mfu import Throughput
from trainer.monitor.token_counter import TokenCounter


class TensorBoard(Callback):
    """Event files in a folder; events of steps that are done again are hidden."""

    def __init__(self, folder: Path, step: int, token_counter: TokenCounter) -> None:
        self._writer = SummaryWriter(str(folder), purge_step=step + 1)
        self._token_counter = token_counter

    def step(self, record: dict[str, Any], throughput: Throughput) -> None:
        """Loss, rate and gradient; tokens of the stage by language; tokens a second and utilisation; peaks of
        this process's memory so far."""
        scalars = {f"train/{name}": record[name] for name in ("loss", "learning_rate", "gradient_norm")}
        if "z_loss" in record:
            scalars["train/z_loss"] = record["z_loss"]
        scalars |= {"speed/tokens_per_second": throughput.tokens_per_second, "speed/mfu": throughput.mfu}
        scalars |= {
            f"tokens/{record['stage']}/{language}": count
            for language, count in self._token_counter.of(record["stage"]).items()
        }
        scalars |= {f"memory/{where}_peak_bytes": size for where, size in peak_memory().items()}
        for name, value in scalars.items():
            self._writer.add_scalar(name, value, record["step"])

    def evaluation(self, record: dict[str, Any]) -> None:
        """A loss for each set, under the stage's name."""
        for name, loss in record["losses"].items():
            self._writer.add_scalar(f"heldout/{record['stage']}/{name}", loss, record["step"])

    def close(self) -> None:
        """Flushes and closes the file."""
        self._writer.close()
