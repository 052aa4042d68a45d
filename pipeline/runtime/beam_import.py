"""Apache Beam, without the companions that it would load."""

from __future__ import annotations

import logging

from pipeline.runtime.import_guard import hide_modules

logging.getLogger("apache_beam.io.mongodbio").setLevel(
    logging.ERROR
)  # it would warn that pymongo is not there
with hide_modules("pandas", "pymongo"):
    import apache_beam as beam

__all__ = ["beam"]
