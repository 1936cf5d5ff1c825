from __future__ import annotations

import numpy as np
import pytest

from fv_export import execute
from fv_export.graph import Function
from tests.export.small_graphs import IMAGE, activation, conv, graph, pictures, pixels


def test_any_number_of_pictures_gives_the_same_answers_as_one_by_one() -> None:
    g = graph(pixels(), conv("a", "pixels"))
    batch = pictures(35)
    together = execute.run(g, batch)["a"]
    single = np.concatenate([execute.run(g, picture[None])["a"] for picture in batch[:2]])
    assert together.shape == (35, 6, 6, 4)
    np.testing.assert_allclose(together[:2], single, rtol=0, atol=1e-5)


def test_wanted_tensors_are_returned_and_only_what_they_need_is_computed() -> None:
    g = graph(pixels(), conv("a", "pixels"), activation("b", "a", Function.RELU))
    result = execute.run(g, pictures(), ("pixels", IMAGE))
    assert set(result) == {"pixels", IMAGE}
    np.testing.assert_array_equal(result[IMAGE], pictures())
    assert [node.name for node in execute.needed(g, ["a"])] == ["pixels", "a"]


def test_unknown_tensors_and_other_picture_sizes_are_refused() -> None:
    g = graph(pixels())
    with pytest.raises(ValueError, match="no such tensors"):
        execute.run(g, pictures(), ("nothing",))
    with pytest.raises(ValueError, match="pictures of shape"):
        execute.run(g, pictures(side=9))


def test_what_is_stored_can_be_changed_on_the_way() -> None:
    g = graph(pixels(), activation("relu", "pixels", Function.RELU))
    executor = execute.Executor(g, ["relu"], lambda tensor, value: -value if tensor == "pixels" else value)
    plain = execute.run(g, pictures(), ("pixels",))["pixels"]
    np.testing.assert_array_equal(executor(pictures())["relu"], np.maximum(-plain, 0))
