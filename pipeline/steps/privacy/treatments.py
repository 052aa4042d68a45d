"""What becomes of each kind of personal data, built in or a plug-in's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from manifests.schema.privacy import Action, PrivacySettings
from pipeline.steps.privacy.kinds import INDICES_OF_NAME, KINDS
from pipeline.steps.privacy.plugin_kind import PluginKind


class Treatment(NamedTuple):
    """``action`` on the kind of this name; ``placeholder`` is what would be in a datum's place."""

    name: str
    action: Action
    placeholder: str


def placeholder(name: str) -> str:
    """``<EMAIL>`` for the kind email. No expression matches ``<`` or ``>``: a placeholder is never found
    again."""
    return f"<{name.upper()}>"


def treatments(settings: PrivacySettings, plugin_kinds: Sequence[PluginKind]) -> dict[int, Treatment]:
    """By the index that findings have: of the built-in kind, counted on over the plug-ins; in the order of
    the settings. Kinds that the settings do not name have none."""
    built_in = {
        index: Treatment(name, action, placeholder(name))
        for name, action in settings.actions.items()
        for index in INDICES_OF_NAME[name]
    }
    own = {
        index: Treatment(kind.name, wanted.action, kind.placeholder)
        for index, (kind, wanted) in enumerate(zip(plugin_kinds, settings.kinds, strict=True), len(KINDS))
    }
    return built_in | own
