"""fastText's model files, with errors: the library reads what is no model as a fault, and does not see that a
write failed."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import fasttext

from manifests.border.fasttext_model import check_classifier
from manifests.errors import UserError
from manifests.store.local_copy import local


def load_model(path: Path) -> fasttext.FastText._FastText:
    """The model in a file.

    Raises:
        UserError: the file is not a fastText model.
    """
    check_classifier(path)
    try:
        return fasttext.load_model(str(local(path)))
    except ValueError:
        raise UserError("is not a fastText model", where=path, fix="name one that is") from None


def save_model(model: fasttext.FastText._FastText, path: Path) -> None:
    """Writes a model.

    Raises:
        OSError: the file is not whole. What a model's file ends with is the output matrix.
    """
    model.save_model(str(path))
    end = model.get_output_matrix().tobytes()
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - len(end)))
        if file.read() != end:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
