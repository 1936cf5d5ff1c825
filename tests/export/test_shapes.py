from __future__ import annotations

import pytest

from fv_export.graph import Concat, Mean, Pad, Pool, PoolKind, Reshape
from fv_export.shapes import built, windows
from tests.export.small_graphs import IMAGE, conv, dense, depthwise, graph, mul


def test_windows_are_counted_with_stride_padding_and_dilation() -> None:
    assert windows((1, 8, 7, 3), (3, 3), (1, 1), ((0, 0), (0, 0))) == (6, 5)
    assert windows((1, 8, 7, 3), (3, 3), (2, 2), ((0, 1), (1, 1))) == (4, 4)
    assert windows((1, 8, 7, 3), (3, 3), (1, 1), ((0, 0), (0, 0)), (2, 3)) == (4, 1)


def test_every_kind_of_shape() -> None:
    g = graph(
        Pad(name="pad", inputs=(IMAGE,), output="pad", padding=((1, 2), (3, 4))),
        depthwise("depthwise", "pad"),
        conv("conv", "depthwise", (6, 4)),
        Pool(name="pool", inputs=("conv",), output="pool", kind=PoolKind.MAX, window=(2, 2), strides=(2, 2)),
        Mean(name="kept", inputs=("pool",), output="kept", keep_dims=True),
        mul("gated", "pool", "kept"),
        Concat(name="both", inputs=("gated", "pool"), output="both"),
        Mean(name="mean", inputs=("both",), output="mean", keep_dims=False),
        dense("dense", "mean", (8, 5)),
        Reshape(name="reshape", inputs=("dense",), output="reshape", shape=(1, 1, 1, 5)),
    )
    assert g.shapes == {
        IMAGE: (1, 8, 8, 3),
        "pad": (1, 11, 15, 3),
        "depthwise": (1, 9, 13, 6),
        "conv": (1, 7, 11, 4),
        "pool": (1, 3, 5, 4),
        "kept": (1, 1, 1, 4),
        "gated": (1, 3, 5, 4),
        "both": (1, 3, 5, 8),
        "mean": (1, 8),
        "dense": (1, 5),
        "reshape": (1, 1, 1, 5),
    }


def test_a_node_that_does_not_fit_is_named() -> None:
    with pytest.raises(ValueError, match="Conv wide cannot read a tensor of shape"):
        graph(conv("wide", IMAGE, (5, 4)))
    with pytest.raises(ValueError, match="reads \\['nothing'\\] before"):
        built("small", IMAGE, (1, 8, 8, 3), "conv", [conv("conv", "nothing")])
