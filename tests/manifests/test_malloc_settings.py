from __future__ import annotations

import ctypes
import resource

import pytest
import torch

from manifests.malloc_settings import kept_memory


def new_pages() -> int:
    """Pages that the system had to give for 30 blocks of 64 MiB, one after the other."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(30):
        torch.ones(16 << 20)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "mallopt"), reason="not glibc")
def test_memory_is_kept_in_the_block_only() -> None:
    ctypes.CDLL(None).malloc_trim(0)
    with kept_memory():
        new_pages()
        assert new_pages() < 100
    assert new_pages() > 10 * 100
