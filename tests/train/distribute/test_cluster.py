"""`--worker` and `--workers`: what is read, and what is refused."""

from __future__ import annotations

import pytest

from fv_train.distribute.cluster import Cluster, read_cluster
from fv_train.errors import BadWorkers


def test_a_list_and_a_number_are_read() -> None:
    cluster = read_cluster(1, "a.lan:2222, [fe80::1]:2222")
    assert cluster == Cluster(("a.lan:2222", "[fe80::1]:2222"), 1)
    assert cluster.meeting() == ("a.lan", 2223)


def test_an_address_in_brackets_is_met_without_them() -> None:
    assert read_cluster(0, "[::1]:1000,b:1000").meeting() == ("::1", 1001)


@pytest.mark.parametrize(
    ("index", "workers", "says"),
    [
        (None, "a:1,b:1", "--workers needs --worker"),
        (0, None, "--worker needs --workers"),
        (0, "a:1", "two different"),
        (0, "a:1,a:1", "two different"),
        (2, "a:1,b:1", "no worker 2"),
        (-1, "a:1,b:1", "no worker -1"),
        (0, "a,b:1", "'a' is no address"),
        (0, "a:0,b:1", "'a:0'"),
        (0, "a:65535,b:1", "'a:65535'"),
        (0, "a:1,", "'' is no address"),
        (0, "a:1,b c:1", "'b c:1'"),
    ],
)
def test_what_names_no_machines_is_refused(index: int | None, workers: str | None, says: str) -> None:
    with pytest.raises(BadWorkers, match=says) as caught:
        read_cluster(index, workers)
    assert "--worker 0 --workers" in caught.value.hint
