"""Which samples are chosen: stratified, seeded, in order; and class lists that are refused."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

import pytest

from fv_core.errors import InputError, UnknownName
from fv_core.progress import Silent
from fv_train.prepare.catalogue import Picture, Sample
from fv_train.prepare.errors import BadClasses, BadSource, EmptySource
from fv_train.prepare.selection import Splits, check_classes, divide, limited, select
from tests.train._photos import Recorder

CLASSES = ("a", "b", "c")


def samples(*counts: int, split: str = "train") -> tuple[Sample, ...]:
    labels = [label for label, count in enumerate(counts) for _ in range(count)]
    return tuple(Sample(f"{split}/{CLASSES[label]}/{k}", label, k) for k, label in enumerate(labels))


class Listed:
    """A catalogue of these splits."""

    source, identity, drawn, classes = "test:x", "", False, CLASSES

    def __init__(self, splits: Splits) -> None:
        self._splits = splits

    def splits(self) -> Splits:
        return self._splits

    def pictures(self, split: str, samples: Sequence[Sample]) -> Iterator[Picture]:
        raise AssertionError("nothing is read")


def test_a_source_with_splits_is_taken_as_it_is() -> None:
    splits = {"train": samples(5, 5, 5), "test": samples(2, 2, 2, split="test")}
    assert select(Listed(splits), None, None, Silent()) == splits


def test_a_source_with_one_split_is_divided_and_says_so() -> None:
    progress = Recorder()
    chosen = select(Listed({"train": samples(10, 20, 5)}), None, None, progress)
    assert Counter(sample.label for sample in chosen["validation"]) == {0: 2, 1: 4, 2: 1}
    assert Counter(sample.label for sample in chosen["train"]) == {0: 8, 1: 16, 2: 4}
    assert "7 pictures are set aside" in progress.said[0]


def test_an_only_split_of_another_name_is_not_divided() -> None:
    assert list(select(Listed({"test": samples(3, 3, 3)}), None, None, Silent())) == ["test"]
    assert list(select(Listed({"train": samples(3, 3, 3)}), "train", None, Silent())) == ["train"]


def test_the_division_follows_the_ids_and_not_their_order() -> None:
    listed = samples(10, 10, 10)
    chosen = {sample.id for sample in divide(listed, CLASSES)["validation"]}
    assert {sample.id for sample in divide(listed[::-1], CLASSES)["validation"]} == chosen
    assert divide(listed, CLASSES)["train"] == tuple(sample for sample in listed if sample.id not in chosen)
    one_less = {sample.id for sample in divide(listed[1:], CLASSES)["validation"]}
    assert len(chosen - one_less) <= 1


@pytest.mark.parametrize("count", [2, 3, 4])
def test_both_sides_of_a_small_class_have_pictures(count: int) -> None:
    divided = divide(samples(count, 5, 5), CLASSES)
    assert all(any(sample.label == 0 for sample in split) for split in divided.values())


def test_a_class_with_one_picture_cannot_be_divided() -> None:
    with pytest.raises(EmptySource, match="'b' has one picture"):
        divide(samples(5, 1, 5), CLASSES)


def test_a_limit_takes_the_same_of_every_class() -> None:
    kept = limited(samples(50, 4, 50), 15, 3)
    assert Counter(sample.label for sample in kept) == {0: 6, 1: 4, 2: 5}
    assert [sample.position for sample in kept] == sorted(sample.position for sample in kept)
    assert limited(samples(2, 2, 2), 100, 3) == samples(2, 2, 2)


def test_a_limit_below_the_number_of_classes_is_refused() -> None:
    with pytest.raises(InputError, match="--limit 2"):
        limited(samples(5, 5, 5), 2, 3)


def test_a_class_that_is_missing_from_one_split_is_told() -> None:
    progress = Recorder()
    select(Listed({"train": samples(5, 5, 5), "test": samples(2, 0, 2, split="test")}), None, None, progress)
    assert progress.said == ["the split 'test' has no pictures of b (1 classes)"]


def test_a_class_that_is_nowhere_is_refused() -> None:
    with pytest.raises(EmptySource, match="class 'b'"):
        select(Listed({"train": samples(5, 0, 5), "test": samples(2, 0, 2)}), None, None, Silent())


def test_an_empty_split_is_refused() -> None:
    with pytest.raises(EmptySource, match="'test'"):
        select(Listed({"train": samples(5, 5, 5), "test": ()}), None, None, Silent())
    with pytest.raises(EmptySource):
        select(Listed({}), None, None, Silent())


@pytest.mark.parametrize("name", ["../train", "a/b", ".", "tr ain"])
def test_a_split_name_that_is_no_file_name_is_refused(name: str) -> None:
    with pytest.raises(BadSource, match="file name"):
        select(Listed({name: samples(5, 5, 5)}), None, None, Silent())


def test_an_unknown_split_is_refused() -> None:
    with pytest.raises(UnknownName):
        select(Listed({"train": samples(5, 5, 5)}), "validation", None, Silent())


@pytest.mark.parametrize("name", ["a\nb", "x\x1b[31m"])
def test_ids_that_would_break_a_line_or_a_terminal_are_refused(name: str) -> None:
    spoiled = (*samples(5, 5, 5), Sample(name, 0, 15))
    with pytest.raises(BadSource, match="cannot be recorded"):
        select(Listed({"train": spoiled}), None, None, Silent())


@pytest.mark.parametrize(
    "classes", [(), ("one",), ("Pizza", "pizza"), ("straße", "STRASSE"), ("a", " "), ("a", "b\n"), ("a", "\x1b[2J")]
)
def test_class_names_that_cannot_be_told_apart_or_shown_are_refused(classes: tuple[str, ...]) -> None:
    with pytest.raises(BadClasses):
        check_classes(classes)


def test_plain_class_names_pass() -> None:
    check_classes(("crème brûlée", "フォー", "a'b", "<script>"))
