from __future__ import annotations

import pytest

from fv_export.rewriting import REWRITES
from fv_export.rules import rewrites_for
from fv_export.schemes import FORMATS, SCHEMES, Pair, why_not

PAIRS = [Pair(name, scheme) for name in FORMATS for scheme in SCHEMES if not why_not(Pair(name, scheme))]


@pytest.mark.parametrize("pair", PAIRS, ids=str)
def test_every_pair_has_rules_that_exist(pair: Pair) -> None:
    names = rewrites_for(pair.format, pair.scheme)
    assert len(set(names)) == len(names)
    assert set(names) <= set(REWRITES.names())


def test_every_rewrite_is_in_a_rule() -> None:
    used = {name for pair in PAIRS for name in rewrites_for(pair.format, pair.scheme)}
    assert used == set(REWRITES.names())


def test_only_integer_activations_get_the_saturating_form() -> None:
    assert "saturating_hard_swish" in rewrites_for("tflite", "int8")
    assert "saturating_hard_swish" not in rewrites_for("tflite", "dynamic")
    assert "saturating_hard_swish" not in rewrites_for("onnx", "fp32")
