"""The one scrubber: whatever leaves a run goes through it, as text, as URL or as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from manifests.plugins import Plugin
from manifests.schema.privacy import Action, PrivacyKind, PrivacySettings
from pipeline.runtime.context import StepContext
from pipeline.steps.privacy.encoded_text import Encoding
from pipeline.steps.privacy.plugin_findings import load_kinds, resolve_plugins
from pipeline.steps.privacy.pseudonyms import Pseudonyms, read_salt
from pipeline.steps.privacy.scrub import Scrubbed, scrub
from pipeline.steps.privacy.scrub_encoded import scrub_encoded, with_rows
from pipeline.steps.privacy.treatments import treatments

_URL: PrivacyKind = "url"


@dataclass(frozen=True)
class Scrubber:
    """The settings of a run's privacy step, with what they name. Nulls stay null, and what has no finding
    keeps its bytes."""

    settings: PrivacySettings
    pseudonyms: Pseudonyms | None = None
    plugins: Sequence[Plugin] = ()

    @staticmethod
    def of(context: StepContext) -> Scrubber:
        """The salt is read here, once: workers on other machines have neither the file nor the variable."""
        settings = context.corpus.privacy
        salt = settings.salt
        pseudonyms = None if salt is None else read_salt(salt, context.base)
        return Scrubber(settings, pseudonyms, resolve_plugins(settings, context.base))

    def with_placeholders(self, removed: bool = False) -> Scrubber:
        """The same kinds, with a placeholder for whatever is not removed, or for all of them: for models and
        names, in which nobody follows a datum from one place to another."""

        def shown(action: Action) -> Action:
            return "remove" if action == "remove" and not removed else "placeholder"

        actions = {kind: shown(action) for kind, action in self.settings.actions.items()}
        kinds = tuple(kind.model_copy(update={"action": shown(kind.action)}) for kind in self.settings.kinds)
        return Scrubber(
            self.settings.model_copy(update={"actions": actions, "kinds": kinds, "salt": None}),
            None,
            self.plugins,
        )

    def identity(self) -> list[object]:
        """JSON that decides what becomes of a text."""
        salt = None if self.pseudonyms is None else self.pseudonyms.fingerprint()
        return [self.settings.model_dump(mode="json"), salt, [plugin.fingerprint for plugin in self.plugins]]

    def dropped(self, found: Mapping[str, np.ndarray], values: int) -> np.ndarray:
        """bool [values]: has a datum whose action is drop; ``found`` is that of what was scrubbed."""
        wanted = treatments(self.settings, load_kinds(self.plugins)).values()
        hits = [found[one.name] > 0 for one in wanted if one.action == "drop" and one.name in found]
        return np.any([np.zeros(values, bool), *hits], axis=0)  # type: ignore[no-any-return]

    def texts(self, values: pa.StringArray) -> Scrubbed:
        """Of running text."""
        return _nulls_kept(values, scrub(values, self.settings, self.pseudonyms, self.plugins))

    def repeated(self, values: pa.StringArray) -> Scrubbed:
        """Of texts of which many are the same."""
        if values.null_count == len(values):
            return Scrubbed(values, {})
        encoded = values.dictionary_encode()
        clean = self.texts(encoded.dictionary)
        index = encoded.indices.fill_null(0).to_numpy()
        found = {
            name: number[index] * values.is_valid().to_numpy(zero_copy_only=False)
            for name, number in clean.found.items()
        }
        return Scrubbed(clean.texts.take(encoded.indices), found)

    def urls(self, values: pa.StringArray) -> Scrubbed:
        """Of addresses of documents, which stay addresses: every kind but ``url`` is looked for, with
        percent-encoding read, and what parts fields and words as what it is and as spaces."""
        addresses = self._without_url()
        spaced = _Look(addresses._built_in(), Encoding(percent=True, form=True), "[+&=]")
        return _looked_at(values, (_Look(addresses, Encoding(percent=True)), spaced))

    def json(self, values: pa.StringArray) -> Scrubbed:
        """Of JSON, which stays JSON: in strings, keys and numbers, and in URLs in strings as ``urls``."""
        links = _Look(self._without_url()._built_in(), Encoding(json=True, percent=True), "%")
        return _looked_at(values, (_Look(self, Encoding(json=True)), links))

    def _without_url(self) -> Scrubber:
        actions = {kind: action for kind, action in self.settings.actions.items() if kind != _URL}
        return replace(self, settings=self.settings.model_copy(update={"actions": actions}))

    def _built_in(self) -> Scrubber:
        """Without plug-ins, which look once, and so never see a placeholder."""
        return replace(self, settings=self.settings.model_copy(update={"kinds": ()}), plugins=())


class _Look(NamedTuple):
    """One look at encoded values: whose settings, which encoding, and by what (RE2) values that need it are
    known."""

    by: Scrubber
    encoding: Encoding
    mark: str = ""


def _looked_at(values: pa.StringArray, looks: Sequence[_Look]) -> Scrubbed:
    """The values after several looks."""
    if values.null_count == len(values):
        return Scrubbed(values, {})
    texts, found = pc.fill_null(values, ""), dict[str, np.ndarray]()
    for by, encoding, mark in looks:
        rows = pc.match_substring_regex(texts, mark).to_numpy(zero_copy_only=False).nonzero()[0]
        some = texts if len(rows) == len(texts) else texts.take(pa.array(rows))
        clean = scrub_encoded(some, encoding, by.settings, by.pseudonyms, by.plugins)
        texts = with_rows(texts, rows, clean.texts)
        for name, number in clean.found.items():
            found.setdefault(name, np.zeros(len(texts), np.int64))[rows] += number
    return _nulls_kept(values, Scrubbed(texts, found))


def with_column(batch: pa.RecordBatch, name: str, values: pa.Array) -> pa.RecordBatch:
    """The batch with another column of this name."""
    place = batch.schema.get_field_index(name)
    return batch.set_column(place, batch.schema.field(place), values)


def _nulls_kept(values: pa.StringArray, scrubbed: Scrubbed) -> Scrubbed:
    if not values.null_count:
        return scrubbed
    texts = pc.if_else(pc.is_valid(values), scrubbed.texts, pa.scalar(None, pa.string()))
    return Scrubbed(texts, scrubbed.found)
