"""The meter counts what the engine is given, and changes no byte."""

from __future__ import annotations

from pathlib import Path

import pytest

from manifests.errors import UserError
from pipeline.runtime.engines.metered_engine import MeteredEngine, cpu_seconds
from pipeline.runtime.engines.open_engine import open_engine
from pipeline.scale.measure import measure
from tests.pipeline.runtime.engines.test_engines import everything
from tests.pipeline.toy import PEP20


def test_keys_and_cpu_time_are_counted_and_bytes_stay(tmp_path: Path) -> None:
    engine = MeteredEngine()
    keys, before = engine.shuffled, cpu_seconds()
    metered = everything(tmp_path / "metered", engine)
    assert 0 < engine.seconds <= cpu_seconds() - before
    assert engine.groups == 1
    documents = 4 * 3 * len(PEP20)
    assert (engine.shuffled - keys) % documents == 0, "keys of one width, one a document"
    assert engine.shuffled > keys
    assert metered == everything(tmp_path / "local", open_engine("local", 1))


def test_what_is_done_cannot_be_measured(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"is there already, and what is done cannot be measured; take a new"):
        measure(tmp_path / "corpus.yaml", tmp_path)
