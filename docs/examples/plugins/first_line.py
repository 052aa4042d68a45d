"""A step: the first line of each document, unless that is short."""

import pyarrow.compute as pc


class FirstLine:
    """Made once in a worker, with the settings of the manifest."""

    def __init__(self, settings):
        self._least = settings["least"]

    def process(self, batch):
        """Reasons (null keeps a document) and, because this step changes them, texts."""
        first = pc.list_element(pc.split_pattern(batch.column("text"), "\n"), 0)
        short = pc.less(pc.utf8_length(first), self._least)
        return pc.if_else(short, "first_line_short", None), first
