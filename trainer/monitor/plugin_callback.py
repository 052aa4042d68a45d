"""A callback that is a plug-in."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from manifests.plugins import Plugin


class PluginCallback:
    """What a plug-in makes when it is called without arguments: an object with any of Callback's methods.
    Errors inside name the plug-in."""

    def __init__(self, plugin: Plugin) -> None:
        self._plugin, self._callback = plugin, plugin.call()

    def __getattr__(self, name: str) -> Callable[..., None]:
        return partial(self._call, getattr(self._callback, name))

    def _call(self, method: Callable[..., Any], *arguments: object) -> None:
        with self._plugin.errors():
            method(*arguments)
