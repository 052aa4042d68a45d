"""Types of weights by the names that a user gives them, which are torch's."""

from __future__ import annotations

from typing import Literal

import torch

DtypeName = Literal["float32", "bfloat16", "float16"]

DTYPES: dict[DtypeName, torch.dtype] = {
    "float32": torch.float32,
    "bfloat16": torch.bfloat16,
    "float16": torch.float16,
}

InferenceDtype = Literal["float32", "bfloat16"]
"""In which a checkpoint can compute. Activations may be beyond what float16 has room for."""


def inference_dtype(precision: Literal["fp32", "bf16"], wanted: InferenceDtype | None) -> torch.dtype:
    """The type that is wanted, else the one in which a training of this precision computes."""
    return DTYPES[wanted] if wanted else {"fp32": torch.float32, "bf16": torch.bfloat16}[precision]


def dtype_name(dtype: torch.dtype) -> str:
    """The name of a type, without ``torch.``."""
    return str(dtype).removeprefix("torch.")
