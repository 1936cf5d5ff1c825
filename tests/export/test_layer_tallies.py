from __future__ import annotations

import numpy as np
import pytest

from fv_export import execute
from fv_export.errors import NotComparable
from fv_export.layer_file import FileTensor
from fv_export.layer_tallies import Tallies
from tests.export.small_graphs import conv, graph, pictures

NET = graph(conv("a", "image", (3, 4)), conv("b", "a", (4, 5)), conv("logits", "b", (5, 6), size=4))
# Four directions each: the estimate of an energy is then good to a tenth.
COUNT = 50


def tallies(noise: float, shift: float = 0.0, corrected: tuple[str, ...] = ()) -> Tallies:
    batch = pictures(COUNT)
    found = execute.run(NET, batch, ["a", "b", "logits"])
    found["logits"] = found["logits"] + noise * np.random.default_rng(0).normal(size=found["logits"].shape)
    found["logits"] = found["logits"] + shift * np.arange(-2.5, 3.0)
    file = {name: FileTensor(value.astype(np.float32), None, channels_first=False) for name, value in found.items()}
    made = Tallies(NET, file, corrected)
    assert list(made.run(batch.astype(np.uint8)))[-2:] == [48, COUNT]
    return made


def test_an_exact_file_loses_nothing() -> None:
    found = tallies(0.0)
    assert found.agreement == 1.0
    assert found.answer_snr_db is None or found.answer_snr_db > 90
    assert set(found.damages()) == {"a", "b", "logits"}


def test_noise_on_the_logits_is_the_logits_damage() -> None:
    found = tallies(1.0)
    damages = found.damages()
    assert damages["logits"] == max(damages.values())
    assert damages["a"] < 1e-3 * damages["logits"]
    assert found.answer_snr_db is not None
    assert found.predicted_snr_db == pytest.approx(found.answer_snr_db, abs=1.5)


def test_a_mean_that_was_moved_on_purpose_is_no_damage() -> None:
    noise, moved = (tallies(1.0, shift).damages()["logits"] for shift in (0.0, 2.0))
    assert moved > 3 * noise
    left = tallies(1.0, 2.0, ("logits",)).damages()["logits"]
    assert left == pytest.approx(noise, abs=0.1 * moved)  # as good as the estimate of the whole


def test_nothing_in_common_is_an_error() -> None:
    with pytest.raises(NotComparable):
        Tallies(NET, {})
