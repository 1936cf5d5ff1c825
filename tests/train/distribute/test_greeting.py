"""What has to be alike is compared, and the difference is shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from fv_train.begin import TrainOptions
from fv_train.distribute.greeting import check, own_greeting, read_greeting
from fv_train.errors import TeamMismatch
from tests.train._pictures import imageset, tiny_recipe
from tests.train.distribute._loopback import cluster, greeting

WORKERS = ("a:1", "b:1")
CHIEF = greeting(cluster(0, WORKERS))


def test_a_greeting_survives_the_way() -> None:
    assert read_greeting(CHIEF.to_bytes()) == CHIEF


def test_the_same_is_let_in() -> None:
    check(CHIEF, greeting(cluster(1, WORKERS)))


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"workers": ("a:1", "c:1")}, "another list of workers: worker 0 has a:1,b:1, worker 1 a:1,c:1"),
        ({"versions": {"fv": "0.1.0", "keras": "3.14.0"}}, "different versions: keras 3.15.1 and 3.14.0"),
        ({"versions": {"fv": "0.1.0"}}, "different versions: keras 3.15.1 and none"),
        ({"recipe": 'name = "q"\n'}, 'different recipes: - name = "r"; \\+ name = "q"'),
        ({"teacher": "f" * 64}, "different teachers: worker 0 has , worker 1 ffffffffffffffff"),
        ({"pictures": "f" * 64}, "different image sets: worker 0 has 0123456789abcdef, worker 1 ffffffffffffffff"),
    ],
)
def test_a_difference_is_refused_and_shown(changes: dict[str, object], says: str) -> None:
    with pytest.raises(TeamMismatch, match=says):
        check(CHIEF, greeting(cluster(1, WORKERS), **changes))


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b"\xff", b'{"index": [], "workers": 1}', b"null"])
def test_other_data_is_no_greeting(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_greeting(data)


def test_another_setting_or_picture_is_another_greeting(tmp_path: Path) -> None:
    view = cluster(0, WORKERS)
    pictures = [imageset(tmp_path / name, seed=seed).folder for name, seed in (("a", 0), ("b", 0), ("c", 1))]
    own, same, other = (own_greeting(TrainOptions(tiny_recipe(), path, tmp_path), view) for path in pictures)
    assert own == same
    assert own.pictures != other.pictures
    changed = own_greeting(TrainOptions(tiny_recipe("data.seed=3"), pictures[0], tmp_path), view)
    assert own.recipe != changed.recipe
    assert own.versions["keras"]
