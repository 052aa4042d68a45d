"""Processes of one group: none waits for one that is gone, and each ends as any program does."""

from __future__ import annotations

import pytest
import torch
import torch.distributed as dist

from tests.trainer.processes import ended, modules
from trainer.distributed import LONGEST_WAIT, join_process_group, new_gloo_group


@pytest.mark.slow
def test_no_thread_of_gloo_lives_when_the_interpreter_ends() -> None:
    """One that did would abort the process now and then, when it released a tensor."""
    for process in ended(modules("tests.trainer.group_life", "ends")):
        assert process.returncode == 0, process.stderr
        at_work, at_the_end = map(int, process.stdout.split())
        assert at_work >= 9, "three groups, of three threads at least"
        assert at_the_end == 0


@pytest.mark.slow
def test_a_process_that_dies_while_a_group_is_made_is_told_of_by_the_others() -> None:
    first, second = ended(modules("tests.trainer.group_life", "dies"))
    assert second.returncode == 3
    assert first.returncode == 1
    assert "LostProcessError: another process of this training has ended" in first.stderr


def test_a_group_waits_long_once_it_is_made() -> None:
    join_process_group()
    group = new_gloo_group(LONGEST_WAIT)
    assert group._get_backend(torch.device("cpu")).options._timeout == LONGEST_WAIT
    dist.destroy_process_group(group)
