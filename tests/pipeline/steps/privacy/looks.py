"""What the pipeline finds in one text, and what it leaves of it."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pyarrow as pa

from manifests.schema.privacy import IpSettings, PrivacyKind, PrivacySettings
from pipeline.steps.privacy.detect import detect
from pipeline.steps.privacy.kinds import KINDS as BUILT_IN
from pipeline.steps.privacy.scrub import scrub
from pipeline.steps.privacy.windows import whole_documents
from pipeline.text.arrow.buffers import text_buffers

KINDS: tuple[PrivacyKind, ...] = get_args(PrivacyKind)
ALL_IPS = IpSettings(reserved="treat")
PLACEHOLDERS = PrivacySettings(actions=dict.fromkeys(KINDS, "placeholder"), ip=ALL_IPS)
REMOVE = PrivacySettings(actions=dict.fromkeys(KINDS, "remove"), ip=ALL_IPS)


def found(text: str) -> list[tuple[str, str]]:
    """Kind and value of every finding, in order."""
    texts = text_buffers(pa.array([text]))
    findings = detect(texts, whole_documents(texts, np.zeros(1, np.int64)), frozenset(KINDS))
    return [
        (BUILT_IN[kind].name, bytes(texts.data[start:end]).decode()) for start, end, kind in findings.tolist()
    ]


def scrubbed(text: str, settings: PrivacySettings = PLACEHOLDERS) -> str:
    """The text after scrubbing."""
    return str(scrub(pa.array([text]), settings).texts[0].as_py())
