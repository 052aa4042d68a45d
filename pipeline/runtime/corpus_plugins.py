"""The plug-ins of a corpus."""

from __future__ import annotations

from pathlib import Path

from manifests.plugins import Plugin, resolve
from manifests.schema.corpus import CorpusManifest
from manifests.schema.plugins import READERS_GROUP, SIGNALS_GROUP, STEPS_GROUP
from manifests.schema.sources import FORMATS


def load_plugins(corpus: CorpusManifest, base: Path) -> list[Plugin]:
    """Finds and imports all plug-ins that a corpus manifest in the folder ``base`` names, so that what is
    wrong with one shows before the first step.

    Raises:
        PluginError: one cannot be found or imported.
    """
    named = [
        *((source.format, READERS_GROUP) for source in corpus.sources if source.format not in FORMATS),
        *((signal.use, SIGNALS_GROUP) for signal in corpus.quality.signals),
        *((step.use, STEPS_GROUP) for step in corpus.steps),
    ]
    found = [resolve(reference, group, base) for reference, group in named]
    for plugin in found:
        _check(plugin)
    return found


def _check(plugin: Plugin) -> None:
    if not callable(plugin.value):
        raise plugin.error(f"is {type(plugin.value).__name__}, not a function or class")
