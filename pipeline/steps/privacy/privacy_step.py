"""The privacy step: personal data out of the documents, counted but never written anywhere."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from manifests.plugins import Plugin
from manifests.schema.corpus import CorpusManifest
from manifests.schema.documents import kept_schema
from manifests.schema.privacy import PrivacySettings
from pipeline.runtime.batch_result import BatchPosition, BatchResult, decide
from pipeline.runtime.context import StepContext
from pipeline.runtime.phases import Phases
from pipeline.runtime.step import Step, StepResult
from pipeline.runtime.transform import Transform
from pipeline.steps.privacy.plugin_findings import load_kinds
from pipeline.steps.privacy.pseudonyms import Pseudonyms
from pipeline.steps.privacy.scrub import Scrubbed
from pipeline.steps.privacy.scrubber import Scrubber, with_column
from pipeline.steps.privacy.treatments import treatments

PERSONAL_DATA, ONLY_PERSONAL_DATA = "personal_data", "only_personal_data"
# Whatever may be white space, and more.
_NO_TEXT = r"\A[^\pL\pM\pN\pP\pS]*"


class Scrub(Transform):
    """Documents -> the same without personal data, in text, address, licence and ``meta``.

    Documents with a datum whose action is drop are rejected (personal_data), as are those in which nothing
    but white space is left (only_personal_data): with their text as it is after scrubbing, and with the kinds
    and how often they were found, never the data.
    Metrics: found/<kind>/<language>, found/<kind>/source/<source>, documents_changed/<language> of texts, and
    found_in/<column>/<kind>.
    """

    def __init__(
        self,
        settings: PrivacySettings,
        pseudonyms: Pseudonyms | None = None,
        plugins: Sequence[Plugin] = (),
    ) -> None:
        self._scrubber = Scrubber(settings, pseudonyms, tuple(plugins))
        self._treatments = list(treatments(settings, load_kinds(plugins)).values())
        self.schema = kept_schema("privacy")

    def process(self, batch: pa.RecordBatch, where: BatchPosition) -> BatchResult:
        scrubbed = self._scrubber.texts(batch.column("text"))
        changed = sum(scrubbed.found.values(), np.zeros(batch.num_rows, np.int64)) > 0
        metrics = dict(_metrics(batch, scrubbed, changed))
        if changed.any():
            batch = with_column(batch, "text", scrubbed.texts)
        batch, found = self._around(batch, scrubbed.found, metrics)
        empty, dropped = self._empty(scrubbed.texts, changed), self._scrubber.dropped(found, batch.num_rows)
        reason = pc.if_else(pa.array(empty), ONLY_PERSONAL_DATA, pa.scalar(None, pa.string()))
        reason = pc.if_else(pa.array(dropped), PERSONAL_DATA, reason)
        return decide(
            "privacy", batch, reason, _kinds(found, np.flatnonzero(empty | dropped), batch), metrics
        )

    def _around(
        self, batch: pa.RecordBatch, found: dict[str, np.ndarray], metrics: dict[str, int]
    ) -> tuple[pa.RecordBatch, dict[str, np.ndarray]]:
        """The batch with what is around its texts scrubbed; and all findings in each document, by kind."""
        scrubber = self._scrubber
        for name, clean in (("url", scrubber.urls), ("license", scrubber.repeated), ("meta", scrubber.json)):
            column = clean(batch.column(name))
            hits = {kind: number for kind, number in column.found.items() if number.any()}
            metrics |= {f"found_in/{name}/{kind}": int(number.sum()) for kind, number in hits.items()}
            if hits:
                batch = with_column(batch, name, column.texts)
            found = found | {kind: found[kind] + number for kind, number in hits.items()}
        return batch, found

    def _empty(self, texts: pa.Array, changed: np.ndarray) -> np.ndarray:
        """bool [documents]: changed, and nothing left but white space and placeholders."""
        empty = np.zeros(len(changed), bool)
        placeholders = "|".join(treatment.placeholder for treatment in self._treatments)
        names = "|".join(treatment.name.upper() for treatment in self._treatments)
        filling = f"(?:{placeholders}|<(?:{names}):[0-9a-f]+>)"
        # RE2: linear in the text, and nearly all texts have been told apart at their first character.
        begins_so = pc.match_substring_regex(texts, f"{_NO_TEXT}(?:{filling}|\\z)").to_numpy(
            zero_copy_only=False
        )
        rows = np.flatnonzero(changed & begins_so)
        rest = pc.replace_substring_regex(texts.take(pa.array(rows)), filling, "")
        empty[rows] = pc.equal(pc.binary_length(pc.utf8_trim_whitespace(rest)), 0)
        return empty


def _kinds(found: dict[str, np.ndarray], rows: np.ndarray, batch: pa.RecordBatch) -> pa.Array:
    """string [documents]: which kinds were found in each of these (few) documents, by name and number; null
    for the others."""
    details: list[str | None] = [None] * batch.num_rows
    for row in rows.tolist():
        details[row] = ", ".join(f"{kind} {count[row]}" for kind, count in found.items() if count[row])
    return pa.array(details, pa.string())


def _metrics(batch: pa.RecordBatch, scrubbed: Scrubbed, changed: np.ndarray) -> Iterator[tuple[str, int]]:
    languages = pc.fill_null(batch.column("language").cast(pa.string()), "unknown")
    sources = batch.column("source").cast(pa.string())
    for kind, count in scrubbed.found.items():
        yield from _sums(f"found/{kind}", languages, count)
        yield from _sums(f"found/{kind}/source", sources, count)
    yield from _sums("documents_changed", languages, changed.astype(np.int64))


def _sums(prefix: str, names: pa.Array, amounts: np.ndarray) -> Iterator[tuple[str, int]]:
    encoded = names.dictionary_encode()
    totals = np.bincount(encoded.indices.to_numpy(), weights=amounts, minlength=len(encoded.dictionary))
    for name, total in zip(encoded.dictionary.to_pylist(), totals.tolist(), strict=True):
        if total:
            yield f"{prefix}/{name}", int(total)


class PrivacyStep(Step):
    """Finds personal data of the kinds that the manifest names and acts on them."""

    name = "privacy"
    version = 7

    def settings(self, corpus: CorpusManifest) -> dict[str, Any]:
        return corpus.privacy.model_dump()

    def inputs(self, context: StepContext) -> dict[str, str]:
        scrubber = Scrubber.of(context)
        salt = {} if scrubber.pseudonyms is None else {"salt": scrubber.pseudonyms.fingerprint()}
        return salt | {f"kind {plugin.reference}": plugin.fingerprint for plugin in scrubber.plugins}

    def run(self, context: StepContext) -> StepResult:
        scrubber = Scrubber.of(context)
        work = Scrub(scrubber.settings, scrubber.pseudonyms, scrubber.plugins)
        return StepResult(Phases(context).map(work))
