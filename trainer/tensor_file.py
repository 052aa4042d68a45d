"""A file of tensors, as checkpoints and exports hold them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from safetensors.torch import save_file
from torch import Tensor


def save_tensors(tensors: Mapping[str, Tensor], path: Path, metadata: dict[str, str] | None = None) -> None:
    """Writes tensors, no two of which share memory, as safetensors. The file has the mode that any new file
    gets here; safetensors would let none but the owner read it.

    Raises:
        OSError, SafetensorError: it cannot be written; safetensors has the latter for a full disk, too.
    """
    path.touch()
    mode = path.stat().st_mode
    save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, path, metadata)
    path.chmod(mode)
