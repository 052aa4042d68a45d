"""The privacy step: personal data out of the text, counted but never written anywhere."""

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
from pipeline.steps.privacy.plugin_findings import load_kinds, resolve_plugins
from pipeline.steps.privacy.pseudonyms import Pseudonyms, read_salt
from pipeline.steps.privacy.scrub import Scrubbed, scrub
from pipeline.steps.privacy.treatments import treatments

PERSONAL_DATA, ONLY_PERSONAL_DATA = "personal_data", "only_personal_data"
# Whatever may be white space, and more.
_NO_TEXT = r"\A[^\pL\pM\pN\pP\pS]*"


class Scrub(Transform):
    """Documents -> the same without personal data.

    Documents with a datum whose action is drop are rejected (personal_data), as are those in which nothing
    but white space is left (only_personal_data): with their text as it is after scrubbing, and with the kinds
    and how often they were found, never the data.
    Metrics: found/<kind>/<language>, found/<kind>/source/<source>, documents_changed/<language>.
    """

    def __init__(
        self,
        settings: PrivacySettings,
        pseudonyms: Pseudonyms | None = None,
        plugins: Sequence[Plugin] = (),
    ) -> None:
        self._settings, self._pseudonyms, self._plugins = settings, pseudonyms, tuple(plugins)
        self._treatments = list(treatments(settings, load_kinds(plugins)).values())
        self.schema = kept_schema("privacy")

    def process(self, batch: pa.RecordBatch, where: BatchPosition) -> BatchResult:
        scrubbed = scrub(batch.column("text"), self._settings, self._pseudonyms, self._plugins)
        changed = sum(scrubbed.found.values(), np.zeros(batch.num_rows, np.int64)) > 0
        metrics = dict(_metrics(batch, scrubbed, changed))
        if changed.any():
            batch = batch.set_column(
                batch.schema.get_field_index("text"), batch.schema.field("text"), scrubbed.texts
            )
        empty, dropped = self._empty(scrubbed.texts, changed), self._dropped(scrubbed)
        reason = pc.if_else(pa.array(empty), ONLY_PERSONAL_DATA, pa.scalar(None, pa.string()))
        reason = pc.if_else(pa.array(dropped), PERSONAL_DATA, reason)
        return decide("privacy", batch, reason, _kinds(scrubbed, np.flatnonzero(empty | dropped)), metrics)

    def _dropped(self, scrubbed: Scrubbed) -> np.ndarray:
        """bool [documents]: has a datum whose action is drop."""
        dropped = np.zeros(len(scrubbed.texts), bool)
        for treatment in self._treatments:
            if treatment.action == "drop":
                dropped |= scrubbed.found[treatment.name] > 0
        return dropped

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


def _kinds(scrubbed: Scrubbed, rows: np.ndarray) -> pa.Array:
    """string [documents]: which kinds were found in each of these (few) documents, by name and number; null
    for the others."""
    details: list[str | None] = [None] * len(scrubbed.texts)
    for row in rows.tolist():
        details[row] = ", ".join(
            f"{kind} {count[row]}" for kind, count in scrubbed.found.items() if count[row]
        )
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
    version = 5

    def settings(self, corpus: CorpusManifest) -> dict[str, Any]:
        return corpus.privacy.model_dump()

    def inputs(self, context: StepContext) -> dict[str, str]:
        pseudonyms = _pseudonyms(context)
        salt = {} if pseudonyms is None else {"salt": pseudonyms.fingerprint()}
        plugins = resolve_plugins(context.corpus.privacy, context.base)
        return salt | {f"kind {plugin.reference}": plugin.fingerprint for plugin in plugins}

    def run(self, context: StepContext) -> StepResult:
        settings = context.corpus.privacy
        plugins = resolve_plugins(settings, context.base)
        return StepResult(Phases(context).map(Scrub(settings, _pseudonyms(context), plugins)))


def _pseudonyms(context: StepContext) -> Pseudonyms | None:
    """Read here, once: workers on other machines have neither the file nor the variable."""
    salt = context.corpus.privacy.salt
    return None if salt is None else read_salt(salt, context.base)
