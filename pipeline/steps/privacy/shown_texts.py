"""What may be shown of texts of a run, on a page or in a terminal: what the scrubber leaves of them, looking
for all kinds, those of the run's plug-ins among them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import get_args

import pyarrow as pa

from manifests.plugins import PluginError
from manifests.report.scrubbing import hidden
from manifests.schema.base import load
from manifests.schema.privacy import IpSettings, PrivacyKind, PrivacySettings
from manifests.schema.steps import StepManifest
from pipeline.steps.privacy.plugin_findings import resolve_plugins
from pipeline.steps.privacy.scrubber import Scrubber

_ALL_KINDS = PrivacySettings(
    actions=dict.fromkeys(get_args(PrivacyKind), "placeholder"), ip=IpSettings(reserved="treat")
)


def shown(texts: pa.Array, scrubber: Scrubber | None = None) -> pa.Array:
    """The texts with a placeholder for each datum of any kind."""
    return (scrubber or Scrubber(_ALL_KINDS)).texts(texts).texts


def shown_of(run: Path) -> Callable[[pa.Array], pa.Array]:
    """As ``shown``, with the kinds of the plug-ins of a run, which are looked for on the Python path and in
    the working folder. Where one is not found, nothing may be shown."""
    path = run / "privacy" / "manifest.json"
    kinds = load(path, StepManifest).settings.get("kinds", ()) if path.exists() else ()
    if not kinds:
        return shown
    own = [{"use": kind["use"], "action": "placeholder"} for kind in kinds]
    settings = PrivacySettings.model_validate({**_ALL_KINDS.model_dump(), "kinds": own})
    try:
        plugins = resolve_plugins(settings, Path.cwd())
        for plugin in plugins:
            plugin.value  # noqa: B018 - loads it
    except PluginError:
        return hidden
    return partial(shown, scrubber=Scrubber(settings, None, plugins))
