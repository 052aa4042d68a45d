"""Processes begin from given weights, each from its slices of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.trainer.origins import trained
from tests.trainer.processes import ended, modules

pytestmark = pytest.mark.slow


def test_losses_are_those_of_one_process_and_each_reads_its_slices(tmp_path: Path) -> None:
    folder = trained(tmp_path).run.folder
    found = {}
    for world_size in (1, 2, 4):
        processes = ended(modules("tests.trainer.begun_losses", folder, world_size=world_size))
        assert [process.returncode for process in processes] == [0] * world_size, processes[-1].stderr
        found[world_size] = json.loads(processes[0].stdout)
    alone = {"fp32": found[1]["../export fp32 0"][0], "bf16": found[1]["../export bf16 2"][0]}
    assert alone["fp32"][2] < alone["fp32"][0] < 5.5, "from trained weights on"
    for world_size, by_kind in found.items():
        assert len(by_kind) == 8
        for kind, (losses, share) in by_kind.items():
            _, precision, zero = kind.split()
            wanted = pytest.approx(alone[precision], rel={"fp32": 1e-6, "bf16": 1.5e-3}[precision])
            assert losses == wanted, (world_size, kind)
            whole = zero == "0" or (world_size == 1 and precision == "fp32")
            assert share == pytest.approx(1 if whole else 1 / world_size, abs=0.02), (world_size, kind)
