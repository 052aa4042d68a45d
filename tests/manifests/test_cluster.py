from __future__ import annotations

import pytest
from pydantic import ValidationError

from manifests.schema.cluster import Cluster


@pytest.mark.parametrize(
    ("written", "number"),
    [("80 GB", 80 * 10**9), ("1.5TB", 15 * 10**11), ("400_000 KB", 4 * 10**8), ("7", 7), (9, 9)],
)
def test_bytes_have_units_of_a_thousand(written: str | int, number: int) -> None:
    assert Cluster.model_validate({"memory": written}).memory == number


def test_a_bandwidth_may_say_that_it_is_one() -> None:
    assert Cluster.model_validate({"network": "12.5 GB/s"}).network == 12_500_000_000


@pytest.mark.parametrize("wrong", ["80 GiB", "much", "-3 GB", "80 Gb", 0])
def test_what_is_no_number_of_bytes_is_refused(wrong: str | int) -> None:
    with pytest.raises(ValidationError):
        Cluster.model_validate({"memory": wrong})


def test_one_host_goes_by_its_links_and_several_by_the_network() -> None:
    assert Cluster(gpus=8).bandwidth == 450 * 10**9
    assert Cluster(gpus=9).hosts == 2
    assert Cluster(gpus=9).bandwidth == 50 * 10**9
