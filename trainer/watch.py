"""What a person sees of a running training: a progress bar, and TensorBoard."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

from torch.utils.tensorboard import SummaryWriter
from tqdm import tqdm


class Watcher(Protocol):
    """Is told of every step's metrics and every evaluation's losses. It cannot change the run, but an exception stops it."""

    def step(self, record: dict[str, Any]) -> None:
        """A line of metrics.jsonl."""

    def evaluation(self, record: dict[str, Any]) -> None:
        """A line of evaluation.jsonl."""

    def close(self) -> None:
        """The run has ended, well or not."""


class ProgressBar:
    """Tokens read, tokens per second and time left, on a terminal; elsewhere only the evaluations, a line each."""

    def __init__(self, total_tokens: int, tokens: int) -> None:
        self._bar = tqdm(total=total_tokens, initial=tokens, unit="tok", unit_scale=True, disable=None, dynamic_ncols=True)

    def step(self, record: dict[str, Any]) -> None:
        self._bar.set_description(f"{record['stage']} step {record['step']}", refresh=False)
        self._bar.set_postfix_str(f"loss {record['loss']:.3f}", refresh=False)
        self._bar.update(record["tokens"] - self._bar.n)

    def evaluation(self, record: dict[str, Any]) -> None:
        losses = "  ".join(f"{name} {loss:.3f}" for name, loss in record["losses"].items())
        tqdm.write(f"step {record['step']:>8}  held-out, objective {record['stage']}: {losses}")

    def close(self) -> None:
        self._bar.close()


class TensorBoard:
    """Event files in a folder; events of steps that are done again are hidden."""

    def __init__(self, folder: Path, step: int) -> None:
        self._writer = SummaryWriter(str(folder), purge_step=step + 1)

    def step(self, record: dict[str, Any]) -> None:
        for name in ("loss", "learning_rate", "gradient_norm"):
            self._writer.add_scalar(f"train/{name}", record[name], record["step"])

    def evaluation(self, record: dict[str, Any]) -> None:
        for name, loss in record["losses"].items():
            self._writer.add_scalar(f"heldout/{record['stage']}/{name}", loss, record["step"])

    def close(self) -> None:
        self._writer.close()
