"""What the files are asked: which pictures, in words, and how the full model sees them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fv_export.pictures import Pictures
from fv_export.question import Remembering, ask_full_model, full_answers, in_words
from fv_export.source import Source, open_source
from tests.export import separable


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Source:
    folder = tmp_path_factory.mktemp("question")
    imageset = separable.image_set(folder / "set")
    return open_source(separable.run(folder / "run", separable.build(), imageset), None, None, None)


def test_the_reported_split_is_asked_about_and_no_more_than_wanted(source: Source) -> None:
    question = ask_full_model(source, None, 12)
    assert in_words(question.verification) == "12 pictures of the validation split"
    assert question.full.shape == (12, 3)
    assert question.golden_full.shape == (8, 3)
    assert np.array_equal(question.golden_full, full_answers(source, question.golden))


def test_without_an_image_set_the_calibration_pictures_and_then_drawn_ones_are_asked_about(source: Source) -> None:
    orphan = replace(source, imageset=None)
    batch, _ = separable.pictures(5, first_seed=1)
    calibration = Pictures(batch, tuple("abcde"), None, "ab", "-")
    assert in_words(ask_full_model(orphan, calibration, 12).verification) == "5 calibration pictures"
    drawn = ask_full_model(orphan, None, 12)
    assert in_words(drawn.verification) == "8 drawn pictures (no photos were given)"
    assert np.array_equal(drawn.full, drawn.golden_full)


def test_a_foreign_model_gets_the_range_that_it_expects(source: Source, tmp_path: Path) -> None:
    import keras

    inputs = keras.Input((separable.SIZE, separable.SIZE, 3))
    ranged = keras.Model(inputs, source.model(keras.layers.Rescaling(127.5, offset=127.5)(inputs)))
    foreign = replace(source, model=ranged, input_range=(-1.0, 1.0))
    batch, _ = separable.pictures(6, first_seed=50)
    # (x / 127.5 - 1) * 127.5 + 127.5 is x but for the rounding of float32.
    assert np.allclose(full_answers(foreign, batch), full_answers(source, batch), atol=1e-4)
    assert not np.allclose(full_answers(replace(foreign, input_range=(0.0, 255.0)), batch), full_answers(source, batch))


def test_the_same_pictures_are_asked_about_once(source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def counting(of: Source, inputs: np.ndarray) -> np.ndarray:
        asked.append(len(inputs))
        return full_answers(of, inputs)

    monkeypatch.setattr("fv_export.question.full_answers", counting)
    batch, _ = separable.pictures(6, first_seed=50)
    ask = Remembering(source)
    first, again, other = ask(batch), ask(batch.copy()), ask(batch[::-1])
    assert asked == [6, 6]
    assert np.array_equal(first, again)
    assert np.allclose(first, other[::-1], atol=1e-6)
