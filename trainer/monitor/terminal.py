"""What a person sees of a running training: a progress bar, or the lines of a log."""

from __future__ import annotations

import sys
from datetime import timedelta
from typing import Any

from tqdm import tqdm

from manifests.output import printable
from trainer.monitor.callbacks import Callback
from trainer.monitor.throughput_and_mfu import Throughput
from trainer.monitor.token_counter import TokenCounter


class ProgressBar(Callback):
    """Tokens read, tokens a second, time left and utilisation, on a terminal."""

    def __init__(self, total_steps: int, total_tokens: int, tokens: int) -> None:
        self._total_steps = total_steps
        self._bar = tqdm(total=total_tokens, initial=tokens, unit="tok", unit_scale=True, dynamic_ncols=True)

    def step(self, record: dict[str, Any], throughput: Throughput) -> None:
        """Moves the bar; tqdm draws it ten times a second at most."""
        self._bar.set_description(
            f"{record['stage']} step {record['step']}/{self._total_steps}", refresh=False
        )
        self._bar.set_postfix_str(
            f"loss {record['loss']:.3f}, lr {record['learning_rate']:.2e}, MFU {throughput.mfu:.1%}",
            refresh=False,
        )
        self._bar.update(record["tokens"] - self._bar.n)

    def evaluation(self, record: dict[str, Any]) -> None:
        """A line above the bar."""
        say(_heldout(record))

    def close(self) -> None:
        """Leaves the bar on the screen."""
        self._bar.close()


class ProgressLog(Callback):
    """Where there is no terminal (nohup, a scheduler, CI): the first step, the last, and one a ``period``
    seconds, a line each."""

    def __init__(self, total_steps: int, token_counter: TokenCounter, period: float = 10.0) -> None:
        self._total_steps, self._token_counter, self._period = total_steps, token_counter, period
        self._next = 0.0

    def step(self, record: dict[str, Any], throughput: Throughput) -> None:
        """A line, if it is time for one."""
        if throughput.elapsed < self._next and record["step"] < self._total_steps:
            return
        self._next = throughput.elapsed + self._period
        tokens = " ".join(
            f"{language} {count:,}" for language, count in self._token_counter.of(record["stage"]).items()
        )
        say(
            f"step {record['step']}/{self._total_steps}  {record['stage']}  loss {record['loss']:.4f}  lr "
            f"{record['learning_rate']:.3e}  "
            f"{throughput.tokens_per_second:,.0f} tokens/s  MFU {throughput.mfu:.1%}  tokens of the stage: "
            f"{tokens}  ETA {timedelta(seconds=round(throughput.remaining))}"
        )

    def evaluation(self, record: dict[str, Any]) -> None:
        """A line."""
        say(_heldout(record))


def progress_on_terminal(
    total_steps: int, total_tokens: int, tokens: int, token_counter: TokenCounter
) -> ProgressBar | ProgressLog:
    """A bar where standard error, which tqdm draws on, is a terminal; else a log."""
    return (
        ProgressBar(total_steps, total_tokens, tokens)
        if sys.stderr.isatty()
        else ProgressLog(total_steps, token_counter)
    )


def say(line: str) -> None:
    """Writes a line to standard output at once, above a bar if there is one.

    Not by ``print``, which Ray Train replaces by one that says everything twice.
    """
    with tqdm.external_write_mode():
        sys.stdout.write(printable(line) + "\n")
        sys.stdout.flush()


def _heldout(record: dict[str, Any]) -> str:
    losses = "  ".join(f"{name} {loss:.3f}" for name, loss in record["losses"].items())
    return f"step {record['step']:>8}  held-out, objective {record['stage']}: {losses}"
