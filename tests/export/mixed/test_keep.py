from __future__ import annotations

import numpy as np
import pytest

from fv_core.errors import UnknownName
from fv_export.graph import Conv
from fv_export.mixed.keep import kept_in_float, matching, without_integers
from tests.export.mixed.mixtures import annotation, network


def test_a_pattern_names_layers_as_a_shell_names_files() -> None:
    assert matching(network(), ["*o*d", "bend"]) == {"second": "*o*d", "bend": "bend"}


def test_the_first_pattern_that_fits_is_the_reason() -> None:
    assert matching(network(), ["first", "*"])["first"] == "first"


def test_an_unknown_pattern_offers_the_nearest_names() -> None:
    with pytest.raises(UnknownName) as caught:
        matching(network(), ["first", "secnd"])
    assert "second" in caught.value.hint


def test_the_softmax_is_float_already_and_no_pattern_names_it() -> None:
    with pytest.raises(UnknownName):
        matching(network(), ["softmax"])


def test_a_kept_layer_has_the_weights_it_had_and_a_reason() -> None:
    graph, found = network(), annotation(network())
    rounded = network()
    conv = rounded.nodes[1]
    assert isinstance(conv, Conv)
    conv.kernel[...] = np.rint(conv.kernel)  # what stands in for rounding
    mixed, kept = kept_in_float(rounded, found, graph, ["first"])
    assert kept.float_tensors["first"] == "kept by --keep-float first"
    assert "first" not in kept.tensors
    assert "first" not in kept.weights
    original, restored = graph.nodes[1], mixed.nodes[1]
    assert isinstance(original, Conv)
    assert isinstance(restored, Conv)
    np.testing.assert_array_equal(restored.kernel, original.kernel)
    assert kept.weights["second"] is found.weights["second"]


def test_a_restored_tensor_keeps_its_layers_integer_weights() -> None:
    found = annotation(network())
    restored = without_integers(found, {"first": "why"})
    assert restored.weights == found.weights
    assert set(found.tensors) - set(restored.tensors) == {"first"}


def test_nothing_restored_changes_nothing() -> None:
    found = annotation(network())
    assert without_integers(found, {}) == found
