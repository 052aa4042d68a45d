from __future__ import annotations

import sys

import torch

from trainer.determinism import deterministic_cpu


def test_settings_hold_in_the_block_and_are_given_back() -> None:
    threads, smallest = torch.get_num_threads(), torch.tensor(sys.float_info.min, dtype=torch.float64)
    with deterministic_cpu(threads + 1):
        assert torch.get_num_threads() == threads + 1
        assert float(smallest / 2) == 0
    assert torch.get_num_threads() == threads
    assert float(smallest / 2) > 0
