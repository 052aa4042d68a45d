"""Steps of the user's own: a function or a class that judges batches of documents and may change their text.

The plug-in is either a function ``(batch, settings)`` or a class: ``Class(settings)`` once in a worker, then
``process(batch)`` for each batch, a record batch with the columns that the step before has kept. It returns

- reasons, a string for each document, null (None) to keep it: an Arrow array, a numpy array or a list; or
- ``(reasons, texts)``, with the new text of each document; that of a rejected one does not count.

All the rest is as in every step: a folder of its own with kept and rejected documents, reasons, conservation,
receipts and a manifest.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from manifests.border.arrow_files import schema_of
from manifests.files import safe_join
from manifests.plugins import Plugin
from manifests.schema.corpus import CorpusManifest
from manifests.schema.documents import needed_schema
from manifests.schema.plugins import STEPS_GROUP, StepPlugin
from pipeline.runtime.batch_result import BatchPosition, BatchResult, decide
from pipeline.runtime.context import StepContext
from pipeline.runtime.phases import Phases
from pipeline.runtime.step import Step, StepResult
from pipeline.runtime.transform import Transform
from pipeline.text.arrow.text_hashes import hashes


class UserTransform(Transform):
    """Documents -> those that the plug-in keeps, with the texts that it gives them. Metrics:
    documents_changed.

    Raises (from ``setup`` and ``process``):
        PluginError: the plug-in raised an error, or returned what it must not.
    """

    def __init__(self, step: str, plugin: Plugin, settings: dict[str, Any], schema: pa.Schema) -> None:
        self._step = step
        self._plugin = plugin
        self._settings = settings
        self.schema = schema

    def setup(self) -> None:
        with self._plugin.errors():
            self._judge = _judge(self._plugin.value, self._settings)

    def process(self, batch: pa.RecordBatch, where: BatchPosition) -> BatchResult:
        with self._plugin.errors():
            found = self._judge(batch)
        reasons, texts = found if isinstance(found, tuple) and len(found) == 2 else (found, None)
        reason = self._strings(reasons, "reasons", batch.num_rows)
        if pc.any(pc.equal(reason, ""), min_count=0).as_py():
            raise self._plugin.error("returned an empty reason; null keeps a document, a name rejects it")
        changed = 0
        if texts is not None:
            batch, changed = self._with_texts(batch, reason, self._strings(texts, "texts", batch.num_rows))
        detail = pa.nulls(batch.num_rows, pa.string())
        metrics = {"documents_changed": changed} if changed else {}
        return decide(self._step, batch, reason, detail, metrics, self.schema)

    def _strings(self, found: Any, what: str, rows: int) -> pa.Array:
        if isinstance(found, pa.ChunkedArray):
            found = found.combine_chunks()
        try:
            array = (found if isinstance(found, pa.Array) else pa.array(found)).cast(pa.string())
        except (pa.ArrowException, TypeError, ValueError):
            raise self._plugin.error(
                f"returned {type(found).__name__} as {what}; return a string or null for each document"
            ) from None
        if len(array) != rows:
            raise self._plugin.error(f"returned {len(array)} {what} for {rows} documents")
        return array

    def _with_texts(
        self, batch: pa.RecordBatch, reason: pa.Array, texts: pa.Array
    ) -> tuple[pa.RecordBatch, int]:
        """The batch with the new texts of the documents that are kept, and how many are new."""
        kept, old = pc.is_null(reason), batch.column("text")
        if pc.any(pc.and_(kept, pc.is_null(texts)), min_count=0).as_py():
            raise self._plugin.error("returned no text for a document that it keeps")
        new = pc.if_else(kept, texts, old)
        changed = pc.sum(pc.not_equal(new, old)).as_py() or 0
        batch = _replaced(batch, "text", new)
        # From the quality step on, the hash tells which texts have changed since their tokens were made.
        if "tokens_at" not in batch.schema.names:
            batch = _replaced(batch, "hash", hashes(new))
        return batch, changed


def _judge(value: Any, settings: dict[str, Any]) -> Callable[[pa.RecordBatch], Any]:
    if isinstance(value, type):
        process: Callable[[pa.RecordBatch], Any] = value(settings).process
        return process
    return lambda batch: value(batch, settings)


def _replaced(batch: pa.RecordBatch, name: str, values: pa.Array) -> pa.RecordBatch:
    place = batch.schema.get_field_index(name)
    return batch.set_column(place, batch.schema.field(place), values)


class UserStep(Step):
    """The step that an entry of the manifest's ``steps`` describes."""

    version = 1

    def __init__(self, entry: StepPlugin) -> None:
        self.name = entry.name
        self._entry = entry

    def settings(self, corpus: CorpusManifest) -> dict[str, Any]:
        return self._entry.model_dump(mode="json", include={"use", "settings"})

    def inputs(self, context: StepContext) -> dict[str, str]:
        """The plug-in's code."""
        return {self._entry.use: self._plugin(context).fingerprint}

    def _plugin(self, context: StepContext) -> Plugin:
        return context.plugin(self._entry.use, STEPS_GROUP)

    def run(self, context: StepContext) -> StepResult:
        assert context.input_folder is not None
        first = safe_join(context.input_folder, context.inputs[0].kept.path)
        schema = schema_of(first, needed_schema(context.input_folder.name))
        work = UserTransform(self.name, self._plugin(context), dict(self._entry.settings), schema)
        return StepResult(Phases(context).map(work))
