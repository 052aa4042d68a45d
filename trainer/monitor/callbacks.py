"""What a person sees of a running training: a progress bar or lines of a log, and TensorBoard."""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path
from typing import Any, Protocol

from torch.utils.tensorboard import SummaryWriter
from tqdm import tqdm

from trainer.monitor.throughput_and_mfu import Throughput
from trainer.monitor.token_counter import TokenCounter


class Callback(Protocol):
    """Is told of every step's metrics and every evaluation's losses. It cannot change the run, but an
    exception stops it."""

    def step(self, record: dict[str, Any], pace: Throughput) -> None:
        """A line of metrics.jsonl, and how fast the training is."""

    def evaluation(self, record: dict[str, Any]) -> None:
        """A line of evaluation.jsonl."""

    def close(self) -> None:
        """The run has ended, well or not."""


class ProgressBar:
    """Tokens read, tokens a second, time left and utilisation, on a terminal."""

    def __init__(self, total_steps: int, total_tokens: int, tokens: int) -> None:
        self._total_steps = total_steps
        self._bar = tqdm(total=total_tokens, initial=tokens, unit="tok", unit_scale=True, dynamic_ncols=True)

    def step(self, record: dict[str, Any], pace: Throughput) -> None:
        """Moves the bar; tqdm draws it ten times a second at most."""
        self._bar.set_description(
            f"{record['stage']} step {record['step']}/{self._total_steps}", refresh=False
        )
        self._bar.set_postfix_str(
            f"loss {record['loss']:.3f}, lr {record['learning_rate']:.2e}, MFU {pace.mfu:.1%}", refresh=False
        )
        self._bar.update(record["tokens"] - self._bar.n)

    def evaluation(self, record: dict[str, Any]) -> None:
        """A line above the bar."""
        tqdm.write(_heldout(record))

    def close(self) -> None:
        """Leaves the bar as it stands."""
        self._bar.close()


class ProgressLog:
    """Where there is no terminal (nohup, a scheduler, CI): the first step, the last, and one a ``period``
    seconds, a line each."""

    def __init__(self, total_steps: int, tally: TokenCounter, period: float = 10.0) -> None:
        self._total_steps, self._tally, self._period = total_steps, tally, period
        self._next = 0.0

    def step(self, record: dict[str, Any], pace: Throughput) -> None:
        """A line, if it is time for one."""
        if pace.elapsed < self._next and record["step"] < self._total_steps:
            return
        self._next = pace.elapsed + self._period
        tokens = " ".join(
            f"{language} {count:,}" for language, count in self._tally.of(record["stage"]).items()
        )
        _say(
            f"step {record['step']}/{self._total_steps}  {record['stage']}  loss {record['loss']:.4f}  lr "
            f"{record['learning_rate']:.3e}  "
            f"{pace.tokens_per_second:,.0f} tokens/s  MFU {pace.mfu:.1%}  tokens of the stage: {tokens}  "
            f"ETA {timedelta(seconds=round(pace.remaining))}"
        )

    def evaluation(self, record: dict[str, Any]) -> None:
        """A line."""
        _say(_heldout(record))

    def close(self) -> None:
        """There is nothing to close."""


class TensorBoard:
    """Event files in a folder; events of steps that are done again are hidden."""

    def __init__(self, folder: Path, step: int, tally: TokenCounter) -> None:
        self._writer = SummaryWriter(str(folder), purge_step=step + 1)
        self._tally = tally

    def step(self, record: dict[str, Any], pace: Throughput) -> None:
        """Loss, rate and gradient; tokens of the stage by language; tokens a second and utilisation."""
        scalars = {f"train/{name}": record[name] for name in ("loss", "learning_rate", "gradient_norm")}
        scalars |= {"speed/tokens_per_second": pace.tokens_per_second, "speed/mfu": pace.mfu}
        scalars |= {
            f"tokens/{record['stage']}/{language}": count
            for language, count in self._tally.of(record["stage"]).items()
        }
        for name, value in scalars.items():
            self._writer.add_scalar(name, value, record["step"])

    def evaluation(self, record: dict[str, Any]) -> None:
        """A loss for each set, under the stage's name."""
        for name, loss in record["losses"].items():
            self._writer.add_scalar(f"heldout/{record['stage']}/{name}", loss, record["step"])

    def close(self) -> None:
        """Flushes and closes the file."""
        self._writer.close()


def on_terminal(
    total_steps: int, total_tokens: int, tokens: int, tally: TokenCounter
) -> ProgressBar | ProgressLog:
    """A bar where standard error, which tqdm draws on, is a terminal; else a log."""
    return (
        ProgressBar(total_steps, total_tokens, tokens)
        if sys.stderr.isatty()
        else ProgressLog(total_steps, tally)
    )


def _say(line: str) -> None:
    """Prints at once, also into a file. Not by ``print``, which Ray Train replaces by one that says
    everything twice."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _heldout(record: dict[str, Any]) -> str:
    losses = "  ".join(f"{name} {loss:.3f}" for name, loss in record["losses"].items())
    return f"step {record['step']:>8}  held-out, objective {record['stage']}: {losses}"
