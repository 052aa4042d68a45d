"""Dropout that a sample's seed decides draws what torch would draw, and costs no more than the drawing."""

from __future__ import annotations

import traceback
from unittest.mock import Mock

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

from trainer.model.dropout import Draws, Dropout, Examples, seed_generator
from trainer.model.masks import attend


@given(st.integers(0, 2**63 - 1))
def test_the_device_alone_is_seeded_as_all_devices_would_be(seed: int) -> None:
    ones = torch.ones(5, 7)
    torch.manual_seed(seed)
    expected = F.dropout(ones, 0.4)
    seed_generator(ones.device, seed)
    assert torch.equal(F.dropout(ones, 0.4), expected)


def test_no_call_stack_is_written_down_to_seed_an_example(monkeypatch: pytest.MonkeyPatch) -> None:
    """As ``torch.manual_seed`` does for each kind of device that is not there."""
    walk = Mock(return_value=[])
    monkeypatch.setattr(traceback, "format_stack", walk)
    x = torch.ones(2, 3, 8)
    dropped = Dropout(0.5)(x, Examples(np.arange(2, dtype=np.uint64), None))
    heads = torch.ones(2, 1, 3, 8)
    mixed = attend(heads, heads, heads, None, causal=True, dropout=Draws(0.5, [1, 2]))
    assert (dropped == 0).any()
    assert not torch.equal(mixed, heads)
    walk.assert_not_called()
