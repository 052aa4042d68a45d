"""A process in which what a training imports has been imported, and that forks the processes of groups: each begins in
a few milliseconds instead of the seconds that the imports take.

Reads groups from its standard input, a JSON line each, ``{"module", "arguments", "environments", "folder"}``; each
process runs the module as ``python -m`` does, with its output in ``<rank>.out`` and ``<rank>.err`` of the folder, and
ends in the interpreter's own end. Answers with a line of their exit codes.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import runpy
import signal
import sys
import warnings
from pathlib import Path
from typing import Any

LATE_IMPORTS = ("torch._dynamo", "torch.utils.tensorboard", "deepspeed", "trainer.train", "trainer.engine")
LONGEST = 400
"""Seconds that a group may take."""


def forked(order: dict[str, Any], rank: int) -> int:
    """The number of a new process of a group; returns in it alone when its module has run, with 0."""
    number = os.fork()
    if number:
        return number
    for descriptor, end in ((1, "out"), (2, "err")):
        file = os.open(Path(order["folder"]) / f"{rank}.{end}", os.O_WRONLY | os.O_CREAT, 0o600)
        os.dup2(file, descriptor)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.environ.clear()
    os.environ.update(order["environments"][rank])
    sys.argv = [order["module"], *order["arguments"]]
    warnings.simplefilter("ignore")
    gc.unfreeze()
    runpy.run_module(order["module"], run_name="__main__", alter_sys=True)
    return 0


def exit_codes(numbers: list[int]) -> list[int]:
    """How each process of a group ended, as subprocess tells it. After ``LONGEST`` seconds all are killed."""

    def kill(*_: Any) -> None:
        for number in waiting:
            os.kill(number, signal.SIGKILL)

    waiting, codes = set(numbers), {}
    signal.signal(signal.SIGALRM, kill)
    signal.alarm(LONGEST)
    while waiting:
        number, status = os.wait()
        waiting.discard(number)
        codes[number] = os.waitstatus_to_exitcode(status)
    signal.alarm(0)
    return [codes[number] for number in numbers]


def main() -> None:
    """Serves groups until its input ends."""
    for name in LATE_IMPORTS:
        importlib.import_module(name)
    gc.freeze()
    for line in sys.stdin:
        order, numbers = json.loads(line), []
        for rank in range(len(order["environments"])):
            number = forked(order, rank)
            if not number:
                return
            numbers.append(number)
        print(json.dumps(exit_codes(numbers)), flush=True)


if __name__ == "__main__":
    main()
