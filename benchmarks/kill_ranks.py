"""Kills a process of a small training with SIGKILL again and again, at random moments of a save, of the removal of an
old checkpoint, of a rollback, of a start and of a step, and lets the training go on.

    python -m benchmarks.kill_ranks runs/kill-ranks --ranks 2 --kills 100

First the training runs undisturbed, while the hash of each of its checkpoints and the time that each phase takes are
noted. Then it runs anew; of 100 kills 30 fall into a save, 10 into a removal, 10 into a rollback, 10 into a start. The
other processes have to end by themselves, with an error's exit code and the message that one of them is gone. After
each kill the checkpoint that the trainer would go on from must be, by its hash, the undisturbed run's of that step: a
torn one never is. In the end every byte must be the same: checkpoints, journal.jsonl, metrics.jsonl, evaluation.jsonl,
manifest.json. Every 15 steps a weight is spoilt, so that the training rolls back.

A process is a fork of this one, in which everything is imported; it ends as a command's does, in the interpreter's own
end.
"""

from __future__ import annotations

import argparse
import faulthandler
import gc
import importlib
import json
import os
import random
import shutil
import signal
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median
from threading import Timer
from typing import Any

import yaml

from benchmarks.kill import durable
from curriculum.journal_events import Rollback
from openba.cli.exit import run as as_command
from tests.trainer.disturbed import spoil
from tests.trainer.processes import group
from tests.trainer.tiny import write_curriculum, write_shards
from trainer import train, training_loop
from trainer.checkpoint import checkpoint, saving
from trainer.engine import TrainingEngine
from trainer.run import TrainingRun

EVERY, FAULTS, STEPS_A_KILL = 3, 15, 5
SHARES = {"save": 0.3, "removal": 0.1, "rollback": 0.1, "start": 0.1}
PHASES: dict[str, tuple[Any, str]] = {
    "save": (training_loop, "save"),
    "removal": (saving, "_remove"),
    "rollback": (train, "roll_back"),
    "start": (training_loop.TrainingLoop, "__init__"),
    "step": (TrainingEngine, "step"),
}
LONGEST, LEFT = 1800, 240
"""Seconds after which a process that should have ended is said to hang: since it began, and since another one was
killed."""
LATE_IMPORTS = ("torch._dynamo", "torch.utils.tensorboard", "deepspeed.runtime.zero.muon.muon_optimizer")
"""What a training imports in its course."""
GONE = "another process of this training has ended"


def prepare(folder: Path, steps: int) -> TrainingRun:
    """A run folder with shards of a few pages, and a curriculum of so many steps whose checkpoints are about 10
    MB."""
    write_shards(folder)
    file = write_curriculum(folder / "curriculum.yaml")
    data = yaml.safe_load(file.read_text(encoding="utf-8"))
    data["model"] |= {"d_model": 128, "encoder_layers": 1, "decoder_layers": 2, "d_ff": 384}
    data["train"] |= {"checkpoint_every": EVERY, "evaluate_every": steps // 2, "guard": {"rollbacks": steps}}
    objective = {"kind": "ul2", "chunk": 24, "preset": "ul2"}
    sizes = {"tokens": steps * 4 * 24, "global_batch": 4}
    stage = sizes | {"objective": objective, "max_epochs": {"en": 999, "zh": 999}}
    data["stages"] = [data["stages"][0] | stage]
    file.write_text(yaml.safe_dump(data), encoding="utf-8")
    return TrainingRun.open(file, folder)


def wrap(phase: str, around: Callable[[Callable[[], Any]], Any]) -> None:
    """Lets every call of a phase go through ``around``."""
    owner, name = PHASES[phase]
    function = getattr(owner, name)
    setattr(owner, name, lambda *given, **named: around(lambda: function(*given, **named)))


def spoil_in_time(run: TrainingRun) -> None:
    """The n-th fault comes two updates after step n * FAULTS, whatever was killed before."""
    step = TrainingEngine.step

    def faulty(engine: TrainingEngine, *given: Any) -> Any:
        past = sum(isinstance(event, Rollback) for event in run.journal().events)
        if engine.updates == (past + 1) * FAULTS + 2:
            spoil(engine)
        return step(engine, *given)

    TrainingEngine.step = faulty  # type: ignore[method-assign, assignment]


def note(run: TrainingRun, notes: Path) -> None:
    """Writes down how long the phases take, and what is saved."""

    def timed(phase: str, call: Callable[[], Any]) -> Any:
        before = time.monotonic()
        done = call()
        line: dict[str, Any] = {"phase": phase, "seconds": time.monotonic() - before}
        if isinstance(done, checkpoint.Checkpoint):
            line |= {"step": done.progress.step, "sha256": done.sha256}
        with notes.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
        return done

    for phase in PHASES:
        wrap(phase, partial(timed, phase))


def kill_within(phase: str, after: int, longest: float, chance: random.Random) -> None:
    """Kills this process at a random moment of the phase's calls, from the one ``after`` so many on."""
    calls = 0

    def perhaps(call: Callable[[], Any]) -> Any:
        nonlocal calls
        calls += 1
        if calls <= after:
            return call()
        timer = Timer(chance.uniform(0, longest), lambda: os.kill(os.getpid(), signal.SIGKILL))
        timer.start()
        try:
            return call()
        finally:
            timer.cancel()

    wrap(phase, perhaps)


def work(folder: Path, order: dict[str, Any]) -> int:
    """Trains, with an order to die, to take notes, or neither. The exit code."""
    run = TrainingRun.open(folder / "curriculum.yaml", folder)
    spoil_in_time(run)
    mine = os.environ["RANK"] == str(order.get("rank", 0))
    if mine and "phase" in order:
        kill_within(order["phase"], order["after"], order["longest"], random.Random(order["seed"]))
    elif mine and "notes" in order:
        note(run, Path(order["notes"]))
    train.train(run, quiet=True)
    return 0


def forked(environment: dict[str, str], folder: Path, order: dict[str, Any]) -> int:
    """A process of the training; its number. In that process this function ends with SystemExit."""
    number = os.fork()
    if number:
        return number
    os.environ.update(environment)
    with folder.with_suffix(".log").open("a") as log:
        for stream in (sys.stdout, sys.stderr):
            os.dup2(log.fileno(), stream.fileno())
    faulthandler.enable()
    sys.exit(as_command(lambda: work(folder, order), []))


def launch(folder: Path, ranks: int, order: dict[str, Any]) -> tuple[list[int], float]:
    """Trains in so many processes until all have ended. Their exit codes, and the seconds from the first end to the
    last.

    Raises:
        SystemExit: one does not end.
    """
    folder.with_suffix(".log").unlink(missing_ok=True)
    processes = [forked(environment, folder, order) for environment in group(ranks)]
    codes: dict[int, int] = {}
    deadline, first = time.monotonic() + LONGEST, 0.0
    while len(codes) < ranks:
        number, status = os.waitpid(-1, os.WNOHANG)
        if number:
            codes[number] = os.waitstatus_to_exitcode(status)
            first = first or time.monotonic()
            deadline = min(deadline, time.monotonic() + LEFT)
        elif time.monotonic() > deadline:
            for left in set(processes) - codes.keys():
                os.kill(left, signal.SIGABRT)  # it tells where it is
            raise SystemExit(f"a process hangs after {order}; see {folder.with_suffix('.log')}")
        else:
            time.sleep(0.02)
    return [codes[process] for process in processes], time.monotonic() - first


def undisturbed(run: TrainingRun, ranks: int) -> tuple[dict[int, str], dict[str, float]]:
    """Trains to the end. The hash of each step's checkpoint, and the seconds that each phase takes."""
    notes = run.folder.with_suffix(".notes")
    if any(launch(run.folder, ranks, {"notes": str(notes)})[0]):
        raise SystemExit("the undisturbed training failed")
    hashes: dict[int, str] = {}
    seconds: dict[str, list[float]] = defaultdict(list)
    for text in notes.read_text(encoding="utf-8").splitlines():
        line = json.loads(text)
        seconds[line["phase"]].append(line["seconds"])
        if "step" in line:
            hashes[line["step"]] = line["sha256"]
    return hashes, {phase: median(found) for phase, found in seconds.items()}


def orders(kills: int, ranks: int, seconds: dict[str, float], chance: random.Random) -> list[dict[str, Any]]:
    """What is to be killed, in random order: the phase, whose process, and when."""
    phases = [phase for phase, share in SHARES.items() for _ in range(round(share * kills))]
    phases += ["step"] * (kills - len(phases))
    chance.shuffle(phases)
    return [
        {
            "phase": phase,
            "rank": 0 if phase == "removal" else chance.randrange(ranks),  # it is process 0 that removes
            "after": {"step": chance.randrange(12), "rollback": 0, "start": 0}.get(
                phase, chance.randrange(3)
            ),
            "longest": seconds[phase],
            "seed": chance.random(),
        }
        for phase in phases
    ]


def judged(folder: Path, order: dict[str, Any], codes: list[int], hashes: dict[int, str]) -> str:
    """What is wrong after a kill; "" if nothing is."""
    others = [code for rank, code in enumerate(codes) if rank != order["rank"]]
    told = folder.with_suffix(".log").read_text(encoding="utf-8")
    if set(others) != {1} or told.count(GONE) < len(others):
        return f"the others did not end as they should: {told}"
    found = checkpoint.newest(folder / "train" / "checkpoints")
    if found and hashes[found.progress.step] != found.sha256:
        return f"the checkpoint of step {found.progress.step} is another"
    return ""


def kill(folder: Path, ranks: int, orders: list[dict[str, Any]], hashes: dict[int, str]) -> int:
    """Lets a training go on again and again, to be killed by order each time. How often something was wrong; a
    training that ended before is."""
    struck: Counter[str] = Counter()
    wrong, longest = 0, 0.0
    for number, order in enumerate(orders, start=1):
        codes, seconds = launch(folder, ranks, order)
        if codes[order["rank"]] != -signal.SIGKILL:
            print(f"kill {number}: the training ended before ({codes})", flush=True)
            return wrong + 1
        struck[order["phase"]] += 1
        longest = max(longest, seconds)
        found = judged(folder, order, codes, hashes)
        wrong += bool(found)
        print(
            f"kill {number}: process {order['rank']} in a {order['phase']}, exit codes {codes}, the last "
            f"{seconds:.1f} s after the first{'; WRONG: ' * bool(found)}{found}",
            flush=True,
        )
    print(", ".join(f"{count} in a {phase}" for phase, count in sorted(struck.items())), end="; ")
    print(f"{wrong} wrong; the others ended at most {longest:.1f} s later")
    return wrong


def different(expected: dict[str, str], got: dict[str, str]) -> int:
    """Tells which files differ; how many."""
    names = sorted(name for name in expected.keys() | got.keys() if expected.get(name) != got.get(name))
    print(f"{len(expected)} files, {len(names)} different" + "".join(f"\n  {name}" for name in names))
    return len(names)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, help="a new folder for the two runs")
    parser.add_argument("--ranks", type=int, default=2)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    for name in LATE_IMPORTS:
        importlib.import_module(name)
    gc.freeze()  # the forks need not look at what they share
    shutil.rmtree(options.folder, ignore_errors=True)
    reference = prepare(options.folder / "undisturbed", STEPS_A_KILL * options.kills)
    folder = Path(shutil.copytree(reference.folder, options.folder / "killed"))
    hashes, seconds = undisturbed(reference, options.ranks)
    print(f"{len(hashes)} checkpoints; seconds: {seconds}", flush=True)
    chance = random.Random(options.seed)
    wrong = kill(folder, options.ranks, orders(options.kills, options.ranks, seconds, chance), hashes)
    if any(launch(folder, options.ranks, {})[0]):
        raise SystemExit("the training failed after the last kill")
    return int(bool(different(durable(reference.folder), durable(folder)) + wrong))


if __name__ == "__main__":
    sys.exit(main())
