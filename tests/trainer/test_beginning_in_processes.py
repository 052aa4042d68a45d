"""Processes begin from given weights, each from its slices of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.trainer.origins import trained
from tests.trainer.processes import forked

pytestmark = pytest.mark.slow
ALONE = {"fp32": 0, "bf16": 2, "lora-fp32": 0, "lora-bf16": 2}
"""The ZeRO stage of the losses in one process, by what is trained and how."""


def test_losses_are_those_of_one_process_and_each_reads_its_slices(tmp_path: Path) -> None:
    folder = trained(tmp_path).run.folder
    found = {}
    for world_size in (1, 2, 4):
        processes = forked("tests.trainer.begun_losses", folder, world_size=world_size)
        assert [process.returncode for process in processes] == [0] * world_size, processes[-1].stderr
        found[world_size] = json.loads(processes[0].stdout)
    alone = {kind: losses for kind, (losses, _) in found[1].items()}
    alone = {kind: alone[f"../export {kind} {zero}"] for kind, zero in ALONE.items()}
    assert all(losses[2] < losses[0] < 5.5 for losses in alone.values()), "from trained weights on"
    assert alone["lora-fp32"][0] == alone["fp32"][0] != alone["fp32"][1] != alone["lora-fp32"][1]
    for world_size, by_kind in found.items():
        assert len(by_kind) == 12
        for name, (losses, share) in by_kind.items():
            _, kind, zero = name.split()
            wanted = pytest.approx(alone[kind], rel=1e-6 if kind.endswith("fp32") else 1.5e-3)
            assert losses == wanted, (world_size, name)
            frozen = kind.startswith("lora")
            whole = frozen or zero == "0" or (world_size == 1 and kind == "fp32")
            assert share == pytest.approx(1 if whole else 1 / world_size, abs=0.03), (world_size, name)
