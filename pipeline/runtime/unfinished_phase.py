"""What a phase leaves behind that does not come to its end: no temporary files, and word of how far it
came."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from manifests.stop_signals import stop_told
from pipeline.runtime.receipts import read_receipt


@contextmanager
def cleaned_up(title: str, folder: Path, receipts: Mapping[str, str]) -> Iterator[None]:
    """Removes the temporary files of ``folder`` after an error.

    Args:
        receipts: the fingerprint of every part of the phase by its name.

    Raises:
        Stopped: a signal came; says how many of the parts are done.
    """

    def place() -> str:
        done = sum(read_receipt(folder, name, key) is not None for name, key in receipts.items())
        return f"{title}, {done} of {len(receipts)} parts done" if receipts else title

    with stop_told(place):
        try:
            yield
        except BaseException:
            for path in folder.rglob(".*.tmp"):
                path.unlink(missing_ok=True)
            raise
