"""Errors that a user can act on."""

from __future__ import annotations

import pickle

from manifests.errors import DataShortError, UserError
from manifests.schema.base import ManifestError
from pipeline.steps.shards.shortfall import ShardBudgetError


def test_a_message_names_where_what_and_the_fix() -> None:
    error = UserError("no such folder", where="runs/a", fix="make it")
    assert str(error) == "runs/a: no such folder; make it"
    assert str(UserError("no such folder")) == "no such folder"


def test_a_worker_can_send_an_error_home() -> None:
    error = pickle.loads(pickle.dumps(ManifestError("wrong", where="a.yaml", fix="correct it")))
    assert isinstance(error, ManifestError)
    assert str(error) == "a.yaml: wrong; correct it"


def test_text_that_falls_short_has_an_exit_code_of_its_own() -> None:
    assert (UserError.exit_code, ManifestError.exit_code, DataShortError.exit_code) == (1, 1, 3)
    assert ShardBudgetError.exit_code == 3
