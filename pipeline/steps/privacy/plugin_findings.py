"""Personal data of the kinds that plug-ins declare: loaded, found, and checked before anything is
replaced."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from manifests.plugins import Plugin, resolve
from manifests.schema.privacy import PrivacySettings
from pipeline.steps.privacy.kinds import KINDS
from pipeline.steps.privacy.plugin_kind import PluginKind
from pipeline.text.arrow.buffers import TextBuffers, text_buffers

GROUP = "openba.pii_kinds"


def resolve_plugins(settings: PrivacySettings, base: Path) -> tuple[Plugin, ...]:
    """The plug-ins that the settings name, in their order.

    Args:
        base: the folder of the corpus manifest.

    Raises:
        PluginError: there is no such module or entry point.
    """
    return tuple(resolve(kind.use, GROUP, base) for kind in settings.kinds)


def load_kinds(plugins: Sequence[Plugin]) -> list[PluginKind]:
    """The kinds that these plug-ins declare.

    Raises:
        PluginError: one cannot be loaded, is no ``PluginKind``, or has the name of another.
    """
    kinds: list[PluginKind] = []
    for plugin in plugins:
        kind = plugin.value
        if not isinstance(kind, PluginKind):
            raise plugin.error(
                f"is of type {type(kind).__name__}, not a PluginKind; write NAME = PluginKind(...)"
            )
        if any(kind.name == other.name for other in kinds):
            raise plugin.error(
                f"has the name {kind.name!r} of another plug-in; give one of them another name"
            )
        kinds.append(kind)
    return kinds


def find_by_plugins(plugins: Sequence[Plugin], texts: pa.StringArray) -> np.ndarray:
    """What the plug-ins find and confirm in these texts; they may overlap.

    Returns:
        int64 [findings, 3]: first byte and end, as positions in the data of ``text_buffers(texts)``, and the
        index of the plug-in, counted on from the built-in KINDS.

    Raises:
        PluginError: a plug-in raised an error, or returned what is no span of whole characters.
    """
    buffers = text_buffers(texts)
    found = [np.empty((0, 3), np.int64)]
    for index, (plugin, kind) in enumerate(zip(plugins, load_kinds(plugins), strict=True), len(KINDS)):
        with plugin.errors():
            returned = kind.finder(texts)
        spans = _checked_spans(plugin, returned, buffers)
        with plugin.errors():
            spans = spans[_confirmed(kind, buffers.data, spans)]
        found.append(np.column_stack([spans, np.full(len(spans), index)]))
    return np.concatenate(found)


def _confirmed(kind: PluginKind, data: np.ndarray, spans: np.ndarray) -> np.ndarray:
    """bool [spans]: what the plug-in's validator says of each."""
    if kind.validate is None:
        return np.ones(len(spans), bool)
    return np.array([bool(kind.validate(data[start:end].tobytes())) for start, end in spans.tolist()], bool)


def _checked_spans(plugin: Plugin, returned: Any, texts: TextBuffers) -> np.ndarray:
    """int64 [spans, 2]: first bytes and ends as positions in ``texts.data``."""
    table = np.asarray(returned)
    if not table.size:
        return np.empty((0, 2), np.int64)
    if table.ndim != 2 or table.shape[1] != 3 or not np.issubdtype(table.dtype, np.integer):
        raise plugin.error(
            f"its finder returned {table.dtype} {list(table.shape)}, not integers [found, 3]: text, "
            "first byte, end"
        )
    _refuse(plugin, table[~_are_inside(table, np.diff(texts.offsets))], "outside the texts")
    spans = table[:, 1:].astype(np.int64) + texts.offsets[table[:, :1]]
    _refuse(plugin, table[~_begin_characters(texts, spans).all(axis=1)], "not of whole characters")
    return np.asarray(spans)


def _refuse(plugin: Plugin, wrong: np.ndarray, why: str) -> None:
    if len(wrong):
        raise plugin.error(f"its finder returned {wrong[0].tolist()} (text, first byte, end), which is {why}")


def _are_inside(table: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """bool [spans]: whether each is a stretch of a text of that many bytes."""
    rows, starts, ends = table.T
    size = sizes[np.clip(rows, 0, len(sizes) - 1)]
    is_in_a_text = (rows >= 0) & (rows < len(sizes))
    return np.asarray(is_in_a_text & (starts >= 0) & (starts < ends) & (ends <= size))


def _begin_characters(texts: TextBuffers, places: np.ndarray) -> np.ndarray:
    """bool, as ``places``: whether no UTF-8 continuation byte is there."""
    inside = np.minimum(places, texts.offsets[-1] - 1)
    return np.asarray((texts.data[inside] & 0xC0 != 0x80) | (places == texts.offsets[-1]))
