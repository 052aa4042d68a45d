"""What commands show of a run's texts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from manifests.report.scrubbing import Scrub


def scrub_of(run: Path) -> Scrub:
    """What leaves of texts what may be shown: no personal data of any kind, those of the run's plug-ins among
    them."""
    from pipeline.runtime.worker_start import start_worker

    start_worker()  # before Beam and the kernels are loaded
    from pipeline.steps.privacy.shown_texts import shown_of

    return shown_of(run)
