"""Answers come back from their text, and a stranger's text is refused before it takes memory."""

from __future__ import annotations

import base64
import zlib

import numpy as np
import pytest

from fv_core.packed import MAX_COUNT, pack, unpack


def text_of(content: bytes) -> str:
    return base64.b64encode(zlib.compress(content)).decode()


@pytest.mark.parametrize("count", [0, 1, 3, 101, 1000])
def test_text_and_back_within_five_decimals(count: int) -> None:
    wanted = np.random.default_rng(count).dirichlet(np.full(max(count, 1), 0.3))[:count]
    found = unpack(pack(wanted.tolist()))
    assert found == tuple(round(value, 5) for value in wanted.tolist())


def test_answers_that_are_no_probabilities_come_back_too() -> None:
    assert unpack(pack([-12.5, 0.0, 31.00001, 4e9])) == (-12.5, 0.0, 31.00001, 4e9)


def test_the_layout_is_the_documented_one() -> None:
    shuffled = b"\x01\xff" + b"\x01\xff" + b"\0\xff" * 6
    assert zlib.decompress(base64.b64decode(pack([257e-5, -1e-5]))) == shuffled


def test_a_thousand_answers_near_chance_are_short() -> None:
    answers = np.random.default_rng(0).dirichlet(np.full(1000, 400.0))
    assert len(pack(answers.tolist())) < 1500


@pytest.mark.parametrize("wrong", [[float("nan")], [float("inf")], [-float("inf")], [1e14], [0.0] * (MAX_COUNT + 1)])
def test_what_is_no_list_of_numbers_is_not_packed(wrong: list[float]) -> None:
    with pytest.raises(ValueError, match=r"no number|the limit is 100000"):
        pack(wrong)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "é",
        "not base64!",
        "AAAA",
        text_of(bytes(7)),
        text_of(bytes(8))[:-4],
        base64.b64encode(zlib.compress(bytes(8)) + b"more").decode(),
        text_of(bytes(8 * MAX_COUNT + 8)),
        text_of(bytes(50_000_000)),
    ],
)
def test_any_other_text_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"(?i)error|ascii|base64|padding|end where"):
        unpack(text)


def test_the_largest_count_that_may_be_packed_can_be_read() -> None:
    assert len(unpack(text_of(bytes(8 * MAX_COUNT)))) == MAX_COUNT
