"""No text makes the search quadratic: the work is counted, not timed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.steps.privacy import detect as module
from pipeline.steps.privacy.built_in_kind import BuiltInKind, Detector
from pipeline.steps.privacy.detect import detect
from pipeline.steps.privacy.kinds import KINDS as BUILT_IN
from pipeline.steps.privacy.scan import scan
from pipeline.steps.privacy.windows import whole_documents
from pipeline.text.arrow.buffers import text_buffers
from tests.pipeline.steps.privacy.hostile import LARGE, PIECES, SMALL, patterns, text
from tests.pipeline.steps.privacy.looks import KINDS

GROWTH = LARGE / SMALL


@pytest.mark.slow
def test_the_kernels_read_each_byte_a_bounded_number_of_times() -> None:
    """Run as plain Python, with every read of the text counted."""
    root = Path(__file__).parents[4]
    environment = {**os.environ, "NUMBA_DISABLE_JIT": "1"}
    done = subprocess.run(
        [sys.executable, "-m", "tests.pipeline.steps.privacy.hostile"],
        cwd=root,
        env=environment,
        capture_output=True,
        check=True,
    )
    counted: dict[str, list[int]] = json.loads(done.stdout)
    assert len(counted) == len(patterns(1, 250))
    slow = {
        pattern: reads for pattern, reads in counted.items() if reads[1] > 1.25 * GROWTH * reads[0] + 2_000
    }
    assert not slow
    assert max(reads[1] for reads in counted.values()) < 200 * LARGE


def _work(content: str, monkeypatch: pytest.MonkeyPatch) -> int:
    """Bytes that expressions may see, candidates that validators see, and the bytes of these."""
    seen = []

    def counting(detector: Detector) -> Detector:
        def validate(candidate: bytes, before: bytes, after: bytes) -> int:
            seen.append(len(candidate) + len(before) + len(after))
            return detector.validate(candidate, before, after)

        return replace(detector, validate=validate)

    def watched(kind: BuiltInKind) -> BuiltInKind:
        return replace(kind, detectors=tuple(counting(detector) for detector in kind.detectors))

    monkeypatch.setattr(module, "KINDS", tuple(watched(kind) for kind in BUILT_IN))
    texts = text_buffers(pa.array([content]))
    spans = whole_documents(texts, np.zeros(1, np.int64))
    candidates, _ = scan(texts, spans)
    detect(texts, spans, frozenset(KINDS))
    return int((candidates[:, 1] - candidates[:, 0]).sum()) + sum(seen) + len(seen)


@pytest.mark.parametrize("seed", [2, 3, 4])
def test_candidates_grow_with_the_text(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    works = {
        pattern: (_work(text(pattern, 4_000), monkeypatch), _work(text(pattern, 32_000), monkeypatch))
        for pattern in patterns(seed, 60)
    }
    assert {pattern: work for pattern, work in works.items() if work[1] > 1.3 * 8 * work[0] + 4_000} == {}


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(PIECES), min_size=1, max_size=5).map("".join))
def test_a_fuzzer_finds_no_text_whose_work_grows_faster(unit: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        small, large = (_work(text(f"\0{unit}", size), patch) for size in (2_000, 16_000))
    assert large <= 1.3 * 8 * small + 4_000
