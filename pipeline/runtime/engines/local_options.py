"""Options of pipelines in this process."""

from __future__ import annotations

from functools import cache
from typing import Any

from apache_beam.options.pipeline_options import PipelineOptions


class LocalOptions(PipelineOptions):
    """Options whose views are made once, for all pipelines. Beam asks for fifty views a pipeline, of a copy,
    and each one builds an argument parser: more than half of what a small pipeline costs. All views share
    their values, as they do in Beam, and every pipeline sets the same ones."""

    def __init__(self) -> None:
        super().__init__([], direct_num_workers=1, direct_running_mode="in_memory")
        self.__dict__["_views"] = {}
        self.__dict__["_all"] = super().get_all_options()

    def __deepcopy__(self, memo: object) -> LocalOptions:
        return self

    def get_all_options(self, *_: Any, **__: Any) -> dict[str, Any]:
        """All options by name."""
        everything: dict[str, Any] = self.__dict__["_all"]
        return everything

    def view_as(self, cls: type[Any]) -> Any:
        """The one view of a class."""
        views = self.__dict__["_views"]
        if cls not in views:
            views[cls] = super().view_as(cls)
        return views[cls]


@cache
def local_options() -> LocalOptions:
    """The options of all pipelines in this process."""
    return LocalOptions()
