"""Which URLs a run folder may have."""

from __future__ import annotations

import re

import pytest

from manifests.errors import UserError
from manifests.run_folder import check_reachable, local_run_folder, run_folder


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("ftp://b/r", "ftp://b/r: a run folder cannot be behind ftp://; name a folder of this machine, or a"),
        ("s3://me:secret@b/r", "s3://***@b/r: a run folder's URL is a bucket and a path alone; leave out"),
        ("s3://b/r?sig=secret", "s3://b/r?sig=***: a run folder's URL is a bucket and a path alone; leave"),
        ("s3:///r", "s3://r: names no bucket or host; write s3://BUCKET/runs/NAME"),
        ("gs://", "gs://: names no bucket or host; write gs://BUCKET/runs/NAME"),
    ],
)
def test_a_url_that_cannot_be_one_is_refused_without_its_secrets(url: str, message: str) -> None:
    with pytest.raises(UserError, match=f"^{re.escape(message)}"):
        run_folder(url)


def test_memory_is_refused_where_others_do_the_work() -> None:
    folder = run_folder("memory://b/r")
    check_reachable(folder, "local")
    with pytest.raises(UserError, match="memory://b/r: is in the memory of this process alone; take --engin"):
        check_reachable(folder, "ray")


def test_what_works_in_folders_alone_says_so() -> None:
    with pytest.raises(UserError, match="memory://b/r: a training cannot be in an object store yet; name a"):
        local_run_folder("memory://b/r", "a training")
