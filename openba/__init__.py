"""OpenBA pipeline as a library: raw text to token-balanced shards, and a model trained on them in stages.

>>> import openba
>>> openba.run_steps("corpus.yaml", "runs/mine")
>>> openba.kept("runs/mine", "quality").to_table(columns=["id", "text"])

Nothing heavy is imported before the first use of a name that needs it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from openba.documents import kept, rejected
    from openba.manifest import open_manifest
    from openba.model import Model, SamplingSettings, load_model
    from openba.plan import Cluster, Curriculum, Plan, curriculum, plan_training
    from openba.shards import ShardDataset
    from openba.steps import run_steps
    from openba.training import train
    from openba.version import __version__

__all__ = [
    "Cluster",
    "Curriculum",
    "Model",
    "Plan",
    "SamplingSettings",
    "ShardDataset",
    "__version__",
    "curriculum",
    "kept",
    "load_model",
    "open_manifest",
    "plan_training",
    "rejected",
    "run_steps",
    "train",
]

_MODULES = {
    "Cluster": "plan",
    "Curriculum": "plan",
    "Model": "model",
    "Plan": "plan",
    "SamplingSettings": "model",
    "ShardDataset": "shards",
    "__version__": "version",
    "curriculum": "plan",
    "kept": "documents",
    "load_model": "model",
    "open_manifest": "manifest",
    "plan_training": "plan",
    "rejected": "documents",
    "run_steps": "steps",
    "train": "training",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module 'openba' has no attribute {name!r}")
    return getattr(import_module(f"openba.{_MODULES[name]}"), name)


def __dir__() -> list[str]:
    return __all__
