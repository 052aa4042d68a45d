"""Kills a small training with SIGKILL again and again, at random moments of its steps and of its checkpoint
writes, and lets it go on.

    python -m benchmarks.kill_training runs/kill-training

First the training runs undisturbed, while the hash of each of its checkpoints is noted. Then it runs anew.
Half of the kills wait for the temporary folder of a checkpoint, and strike at a random moment of the time
that a write takes; the others strike at a random moment
between two checkpoints. Where a kill fell is read from what it left: a temporary folder is a write cut off, a
checkpoint folder that is not whole a removal. After each kill the checkpoint that the trainer would go on
from must be, by its hash, the undisturbed run's of that step:
a torn one never is. In the end every byte must be the same: checkpoints, metrics.jsonl, evaluation.jsonl,
manifest.json.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from itertools import pairwise
from pathlib import Path
from statistics import median

import yaml

from benchmarks.kill import durable
from tests.trainer.tiny import write_curriculum, write_shards
from trainer.checkpoint import checkpoint
from trainer.run import TrainingRun

STEPS, EVERY = 300, 5
POLL = 0.0005


def prepare(folder: Path) -> TrainingRun:
    """A run folder with shards of a few pages, and a curriculum of STEPS steps whose checkpoints are about 10
    MB."""
    write_shards(folder)
    file = write_curriculum(folder / "curriculum.yaml")
    data = yaml.safe_load(file.read_text(encoding="utf-8"))
    data["model"] |= {"d_model": 128, "encoder_layers": 1, "decoder_layers": 2, "d_ff": 384}
    data["train"] |= {"checkpoint_every": EVERY, "evaluate_every": STEPS // 4}
    objective = {"kind": "ul2", "chunk": 24, "preset": "ul2"}
    data["stages"] = [
        data["stages"][0]
        | {"objective": objective, "tokens": STEPS * 8 * 24, "max_epochs": {"en": 99, "zh": 99}}
    ]
    file.write_text(yaml.safe_dump(data), encoding="utf-8")
    return TrainingRun.open(file, folder)


class Training:
    """A training in a process of its own."""

    def __init__(self, run: TrainingRun) -> None:
        self._run = run
        command = [
            sys.executable,
            "-m",
            "trainer",
            "train",
            "--quiet",
            "--curriculum",
            str(run.folder / "curriculum.yaml"),
        ]
        self.process = subprocess.Popen([*command, "--run", str(run.folder)], start_new_session=True)

    def wait_for(self, step: int, *, writing: bool) -> None:
        """Returns when a checkpoint of this or a later step is being written, or has been.

        Raises:
            SystemExit: the process has ended before.
        """
        while all(step > found for found, temporary in steps(self._run) if temporary == writing):
            if self.process.poll() is not None:
                raise SystemExit(f"the training ended ({self.process.returncode}) before step {step}")
            time.sleep(POLL)

    def kill(self) -> None:
        """SIGKILL, to all of its threads and children."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


def steps(run: TrainingRun) -> list[tuple[int, bool]]:
    """The steps of a run's checkpoint folders, each with whether it is a temporary one."""
    names = [folder.name for folder in run.checkpoints.iterdir()] if run.checkpoints.exists() else []
    return [
        (int(name.removeprefix(".").removeprefix("step-").removesuffix(".tmp")), name.endswith(".tmp"))
        for name in names
    ]


def undisturbed(run: TrainingRun) -> tuple[dict[int, str], float, float]:
    """Trains to the end. The hash of each step's checkpoint; the seconds that a write usually takes, and the
    way from one to the next."""
    training = Training(run)
    hashes: dict[int, str] = {}
    writes, ends = [], []
    for step in range(EVERY, STEPS + 1, EVERY):
        training.wait_for(step, writing=True)
        began = time.monotonic()
        training.wait_for(step, writing=False)
        ends.append(time.monotonic())
        writes.append(ends[-1] - began)
        found = checkpoint.read(run.checkpoints / f"step-{step:09d}")
        assert found is not None
        hashes[step] = found.sha256
    if training.process.wait():
        raise SystemExit("the undisturbed training failed")
    return hashes, median(writes), median(after - before for before, after in pairwise(ends))


def kill_once(run: TrainingRun, step: int, delay: float, *, in_write: bool) -> str:
    """Lets the training go on to a checkpoint of ``step`` or later (to the beginning of its write, or to its
    end), waits and kills it. What the kill hit."""
    training = Training(run)
    training.wait_for(step, writing=in_write)
    time.sleep(delay)
    training.kill()
    if any(temporary for _, temporary in steps(run)):
        return "a checkpoint write"
    torn = [folder for folder in run.checkpoints.iterdir() if checkpoint.read(folder) is None]
    return "the removal of an old checkpoint" if torn else "a step"


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, help="a new folder for the two runs")
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    shutil.rmtree(options.folder, ignore_errors=True)
    reference = prepare(options.folder / "undisturbed")
    shutil.copytree(reference.folder, options.folder / "killed")
    killed = TrainingRun.open(options.folder / "killed" / "curriculum.yaml", options.folder / "killed")
    hashes, write, between = undisturbed(reference)
    print(
        f"{len(hashes)} checkpoints; a write takes {1000 * write:.0f} ms, the steps between two "
        f"{1000 * between:.0f} ms",
        flush=True,
    )
    chance = random.Random(options.seed)
    slot = 0.8 * STEPS / options.kills  # the rest is left for kills that come late
    struck: Counter[str] = Counter()
    wrong = 0
    for number in range(options.kills):
        step = int(slot * (number + chance.random()))
        in_write = number % 2 == 0
        hit = kill_once(killed, step, chance.uniform(0, write if in_write else between), in_write=in_write)
        struck[hit] += 1
        found = checkpoint.newest(killed.checkpoints)
        same = found is None or hashes[found.progress.step] == found.sha256
        wrong += not same
        where = f"goes on from step {found.progress.step}" if found else "begins anew"
        print(
            f"kill {number + 1:>2}, behind step {step:>3}: in {hit}; "
            f"{where}{'' if same else ', WHICH IS ANOTHER'}",
            flush=True,
        )
    if Training(killed).process.wait():
        raise SystemExit("the training failed after the last kill")
    expected, got = durable(reference.folder), durable(killed.folder)
    different = sorted(name for name in expected.keys() | got.keys() if expected.get(name) != got.get(name))
    print(
        ", ".join(f"{count} in {hit}" for hit, count in sorted(struck.items()))
        + f"; {wrong} torn checkpoints read"
    )
    print(f"{len(expected)} files, {len(different)} different" + "".join(f"\n  {name}" for name in different))
    return int(bool(different or wrong or struck["a checkpoint write"] < options.kills // 5))


if __name__ == "__main__":
    sys.exit(main())
